//! Names of fields, and whether their value is a secret whatever it looks like.
//!
//! A name is read as words: `dbPassword`, `DB_PASSWORD`, `db-password` and `db.password` are the same. What only says
//! something about a secret (`password_file`, `token_type`, `max_tokens`) is none.

mod lists;
mod words;

pub(crate) use lists::TRIGGERS;

use lists::{LISTS, PARTS, WEAK_WHOLE};
use words::Words;

/// How sure a name is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Strength {
    /// No name of a secret.
    None,
    /// A name, but also a word of plain sentences.
    Weak,
    /// A name.
    Strong,
}

/// The names of secrets, with those of the configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// In lower case and without separators.
    more: Vec<String>,
    /// The names that may stand in a marker besides those of the detectors.
    markers: Vec<String>,
}

/// Values that say that there is none, or that it is hidden already.
const NO_VALUES: [&str; 10] =
    ["null", "none", "nil", "undefined", "true", "false", "n/a", "(null)", "<nil>", "<none>"];

/// What programs write in place of a secret.
const HIDDEN: [&str; 9] =
    ["redacted", "filtered", "masked", "hidden", "removed", "secret", "omitted", "sanitized", "protected"];

/// Whether the value of a field of this name is a secret, whatever it looks like: mask it whole, numbers and booleans
/// too.
///
/// Not recognised: names in other languages than English (but `passwort` and `kennwort`), abbreviations, and `key`
/// alone.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    Names::default().strength(name.as_bytes()) != Strength::None
}

// === impl Names ===

impl Names {
    /// The known names and these, which are sure, in any notation; `markers` are names of custom detectors.
    pub(crate) fn new(more: &[String], markers: Vec<String>) -> Self {
        let more = more.iter().map(|name| Words::new(name.as_bytes()).joined().to_owned()).collect();
        Self { more, markers }
    }

    pub(crate) fn strength(&self, name: &[u8]) -> Strength {
        let words = Words::new(name);
        let joined = words.joined();
        if self.more.iter().any(|more| more == joined) {
            return Strength::Strong;
        }
        let lists = &*LISTS;
        if words.last().is_some_and(|last| lists.about.contains(last)) {
            return Strength::None;
        }
        let strong = lists.whole.contains(joined)
            || words.iter().any(|word| lists.words.contains(word))
            || PARTS.iter().any(|part| joined.contains(part))
            || is_key(&words);
        if strong {
            return Strength::Strong;
        }
        let weak =
            joined == WEAK_WHOLE || words.iter().any(|word| lists.weak.contains(word)) || is_plural(&words);
        if weak { Strength::Weak } else { Strength::None }
    }

    /// Whether this can be a secret: not empty, not hidden, not a marker.
    pub(crate) fn is_value(&self, value: &[u8]) -> bool {
        let Ok(value) = std::str::from_utf8(value) else { return true };
        let stars = value.bytes().all(|byte| byte == b'*')
            || (value.len() >= 3 && value.bytes().all(|byte| byte == b'x'));
        let named = |list: &[&str], value: &str| list.iter().any(|name| name.eq_ignore_ascii_case(value));
        let inner = value.strip_prefix(['[', '<', '(']).and_then(|rest| rest.strip_suffix([']', '>', ')']));
        let hidden = inner
            .is_some_and(|inner| named(&HIDDEN, inner) || (value.starts_with('[') && self.is_marker(inner)));
        !value.is_empty() && !stars && !hidden && !named(&NO_VALUES, value)
    }

    /// Whether it is what stands between a marker's brackets: `email`, `card:*1111`.
    pub(crate) fn is_marker(&self, inner: &str) -> bool {
        let name = inner.split(':').next().unwrap_or("");
        name.parse::<crate::Detector>().is_ok() || self.markers.iter().any(|marker| marker == name)
    }
}

/// `api_key`, `apiKey`, `SharedAccessKey`, also with something behind it.
fn is_key(words: &Words) -> bool {
    let mut pairs = words.iter().zip(words.iter().skip(1));
    pairs.any(|(kind, key)| matches!(key, "key" | "keys") && LISTS.keys.contains(kind))
}

/// `access_tokens` are secrets, `max_tokens` are a number.
fn is_plural(words: &Words) -> bool {
    let mut pairs = words.iter().zip(words.iter().skip(1));
    pairs.any(|(kind, tokens)| {
        tokens == "tokens" && matches!(kind, "access" | "refresh" | "auth" | "api" | "bearer" | "session")
    })
}

#[cfg(test)]
mod tests {
    use super::{Names, Strength, is_secret_name};

    #[test]
    fn names_of_secrets_are_known_in_every_notation() {
        let names = "password Password dbPassword DB_PASSWORD db-password spring.datasource.password pgpassword \
            PGPASSWORD password_hash passwd pwd user_pwd secret clientSecret client_secret secretId apiKey \
            api_key x-api-key X-Api-Key apikey API_KEY DD_API_KEY dd-application-key-secret \
            aws_secret_access_key secretAccessKey SharedAccessKey AccountKey privateKey ssh_key token \
            accessToken access_token refresh_token auth_token authorization Proxy-Authorization Cookie \
            Set-Cookie cvv pin JSESSIONID connect.sid credentials access_tokens jwt passphrase";
        for name in names.split_whitespace() {
            assert!(is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn names_about_secrets_are_left() {
        let names = "key keyword monkey cache_key primaryKey partition_key max_tokens total_tokens tokens token_type \
            tokenCount token_endpoint password_file passwordPolicy password_expires_at secretName \
            secret_ref compass passenger passed bypass author authority spinner ping session_count design \
            signal message level _ host keyboard tokenizer";
        for name in names.split_whitespace() {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn a_configured_name_is_known_in_every_notation() {
        let names = Names::new(&["kunden_nr".to_owned()], Vec::new());
        for name in ["kunden_nr", "kundenNr", "KUNDEN-NR", "kundennr"] {
            assert_eq!(names.strength(name.as_bytes()), Strength::Strong, "{name}");
        }
        assert_eq!(names.strength(b"kunden"), Strength::None);
    }

    #[test]
    fn what_is_hidden_already_is_no_value() {
        let names = Names::new(&[], vec!["order".to_owned()]);
        for value in [
            "",
            "***",
            "null",
            "None",
            "[redacted]",
            "[FILTERED]",
            "<hidden>",
            "[email]",
            "[card:*1111]",
            "[order]",
            "xxx",
        ] {
            assert!(!names.is_value(value.as_bytes()), "{value}");
        }
        for value in ["hunter2", "[x]", "*", "x", "0"].into_iter().filter(|value| *value != "*") {
            assert!(names.is_value(value.as_bytes()), "{value}");
        }
    }
}
