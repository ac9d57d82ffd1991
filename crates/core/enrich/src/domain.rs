//! The parts of a host name: what somebody registered, what is above it and what is below.
//!
//! The public suffix list (<https://publicsuffix.org/list/>) is the one that the crate `psl` was built with. Fields:
//! <https://www.elastic.co/guide/en/ecs/current/ecs-url.html>; they are the same under `destination`, `source` and `dns.question`.

use std::borrow::Cow;

use vrl::value::{ObjectMap, Value};

/// The longest name that the DNS carries, in characters (RFC 1035, 2.3.4).
const MAX_NAME: usize = 253;

/// The longest label (same place).
const MAX_LABEL: usize = 63;

/// The longest name that is looked at, in bytes: letters beyond ASCII are shorter when encoded for the DNS, not longer
/// than this before it.
const MAX_INPUT: usize = 4 * MAX_NAME;

/// The parts of a host name, in small letters, in the script that they came in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DomainParts {
    name: String,
    /// Where the registered domain begins in the name, if it has one.
    registered: Option<usize>,
    /// Where the public suffix begins.
    suffix: usize,
}

impl DomainParts {
    /// What somebody registered: `example.co.uk`. None where the name itself is a public suffix.
    #[must_use]
    pub fn registered_domain(&self) -> Option<&str> {
        self.name.get(self.registered?..)
    }

    /// The public suffix: `co.uk`.
    #[must_use]
    pub fn top_level_domain(&self) -> &str {
        self.name.get(self.suffix..).unwrap_or_default()
    }

    /// What stands before the registered domain, if anything: `www.shop`.
    #[must_use]
    pub fn subdomain(&self) -> Option<&str> {
        self.name.get(..self.registered?.checked_sub(1)?)
    }

    /// The parts as an object with the names of the schema.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut map = ObjectMap::new();
        map.insert("top_level_domain".into(), self.top_level_domain().into());
        if let Some(registered) = self.registered_domain() {
            map.insert("registered_domain".into(), registered.into());
        }
        if let Some(subdomain) = self.subdomain() {
            map.insert("subdomain".into(), subdomain.into());
        }
        Value::Object(map)
    }
}

/// Takes a host name apart. A final dot and a port are left out. None for addresses, for what is no host name, and for
/// names under no suffix of the list (`localhost`, `db.internal`).
#[must_use]
pub fn split_domain(host: &str) -> Option<DomainParts> {
    let host = without_port(host.trim());
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.is_empty() || host.len() > MAX_INPUT {
        return None;
    }
    let name = if host.is_ascii() {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        // Folds case and the three other dots of East Asia (UTS 46), and refuses what can't be a name.
        let ascii = idna::domain_to_ascii_cow(host.as_bytes(), idna::AsciiDenyList::URL).ok()?;
        is_name(&ascii).then_some(())?;
        Cow::Owned(idna::domain_to_unicode(&ascii).0)
    };
    if host.is_ascii() && !is_name(&name) {
        return None;
    }
    let suffix = psl::suffix(name.as_bytes()).filter(psl::Suffix::is_known)?;
    let suffix = name.len().checked_sub(suffix.as_bytes().len())?;
    let registered = psl::domain(name.as_bytes())
        .and_then(|domain| name.len().checked_sub(domain.as_bytes().len()))
        .filter(|start| *start < suffix);
    Some(DomainParts { name: name.into_owned(), registered, suffix })
}

/// Leaves out `:443`. What has more than one colon is an address, which has no parts.
fn without_port(host: &str) -> &str {
    match host.split_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Letters, digits, hyphens and underscores between dots; not four numbers.
fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.split('.').all(|label| {
            (1..=MAX_LABEL).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
        && !name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(host: &str) -> Option<(Option<String>, String, Option<String>)> {
        let parts = split_domain(host)?;
        let owned = |part: Option<&str>| part.map(str::to_owned);
        Some((
            owned(parts.subdomain()),
            owned(parts.registered_domain()).map_or("-".to_owned(), |name| name),
            Some(parts.top_level_domain().to_owned()),
        ))
    }

    fn expect(
        subdomain: &str,
        registered: &str,
        suffix: &str,
    ) -> Option<(Option<String>, String, Option<String>)> {
        Some((
            (!subdomain.is_empty()).then(|| subdomain.to_owned()),
            registered.to_owned(),
            Some(suffix.to_owned()),
        ))
    }

    #[test]
    fn names_are_split_by_the_public_suffix_list() {
        assert_eq!(parts("www.example.com"), expect("www", "example.com", "com"));
        assert_eq!(parts("a.b.example.co.uk"), expect("a.b", "example.co.uk", "co.uk"));
        assert_eq!(parts("example.com"), expect("", "example.com", "com"));
        assert_eq!(parts("co.uk"), expect("", "-", "co.uk"));
        assert_eq!(parts("_dmarc.example.org"), expect("_dmarc", "example.org", "org"));
    }

    #[test]
    fn case_final_dot_and_port_do_not_matter() {
        for host in ["WWW.Example.COM.", "www.example.com:8443", " www.example.com "] {
            assert_eq!(parts(host), expect("www", "example.com", "com"), "{host}");
        }
    }

    #[test]
    fn names_beyond_ascii_are_known_in_both_forms() {
        assert_eq!(parts("www.食狮.公司.cn"), expect("www", "食狮.公司.cn", "公司.cn"));
        assert_eq!(
            parts("www.xn--85x722f.xn--55qx5d.cn"),
            expect("www", "xn--85x722f.xn--55qx5d.cn", "xn--55qx5d.cn")
        );
        assert_eq!(parts("BÜCHER.Example.DE"), expect("bücher", "example.de", "de"));
    }

    #[test]
    fn what_is_no_public_name_is_a_miss() {
        for host in [
            "",
            ".",
            "..",
            "localhost",
            "db.internal",
            "10.0.0.1",
            "10.0.0.1:80",
            "::1",
            "[::1]:443",
            "a..com",
            "-",
            "${jndi:ldap://x.com}",
            "a b.com",
            "*.example.com",
        ] {
            assert_eq!(split_domain(host), None, "{host}");
        }
        assert_eq!(split_domain(&format!("{}.com", "a".repeat(64))), None);
        assert_eq!(split_domain(&"a.".repeat(1000)), None);
    }

    #[test]
    fn the_value_has_the_names_of_the_schema() {
        let value = split_domain("shop.example.co.uk").unwrap().to_value();
        let json = serde_json::to_value(&value).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "registered_domain": "example.co.uk", "top_level_domain": "co.uk", "subdomain": "shop"
            })
        );
    }

    proptest! {
        /// Guarantees: any text is split or refused, and the parts put together are the name.
        #[test]
        fn the_parts_make_the_name(host in "\\PC{0,40}(\\.(com|co\\.uk|公司\\.cn|xn--p1ai))?\\.?") {
            if let Some(parts) = split_domain(&host)
                && let Some(registered) = parts.registered_domain()
            {
                let whole = parts.subdomain().map_or(registered.to_owned(), |sub| format!("{sub}.{registered}"));
                prop_assert_eq!(&whole, &parts.name);
                prop_assert!(registered.ends_with(parts.top_level_domain()));
            }
        }
    }
}
