//! The credential in a request's head, in whichever form its protocol has. What is there is read strictly: of a header that stands
//! there twice nobody can say which one counts.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use forebay_access::Claim;

/// The longest credential that is looked at, in bytes.
const MAX_LEN: usize = 4096;

/// Headers that hold a token and nothing else.
const KEYS: [HeaderName; 2] =
    [HeaderName::from_static("x-log-key"), HeaderName::from_static("x-amz-firehose-access-key")];

/// A credential as it was shown.
#[derive(Clone, Eq, PartialEq)]
pub(crate) enum Shown {
    /// None.
    Nothing,
    /// A token.
    Token(Vec<u8>),
    /// An id and a key.
    ApiKey {
        /// What stands before the colon.
        id: String,
        /// What stands behind it.
        key: Vec<u8>,
    },
    /// A user and a password.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: Vec<u8>,
    },
    /// A signature over the request (AWS signature version 4), which only the protocol that knows the body can check.
    Signature,
}

/// Why there is no telling what was shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Unreadable(pub &'static str);

// === impl Shown ===

impl Shown {
    /// Reads `Authorization: Bearer` (RFC 6750), `Basic` (RFC 7617), `ApiKey` (base64 of `id:key`, as Elasticsearch has
    /// it, or a token) and `Splunk`; without that header `X-Log-Key` and `X-Amz-Firehose-Access-Key`.
    ///
    /// # Errors
    /// When such a header is there and can't be read, or is there twice.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Unreadable> {
        if let Some(value) = single(headers, &AUTHORIZATION)? {
            return authorization(value);
        }
        for name in &KEYS {
            if let Some(value) = single(headers, name)? {
                return Ok(Self::Token(value.as_bytes().to_vec()));
            }
        }
        Ok(Self::Nothing)
    }

    /// What it claims; `None` for nothing, and for a signature.
    #[must_use]
    pub(crate) fn claim(&self) -> Option<Claim<'_>> {
        match self {
            Self::Nothing | Self::Signature => None,
            Self::Token(token) => Some(Claim::Token(token)),
            Self::ApiKey { id, key } => Some(Claim::ApiKey { id, key }),
            Self::Basic { user, password } => Some(Claim::Basic { user, password }),
        }
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Token(_) => "Token(..)",
            Self::ApiKey { .. } => "ApiKey(..)",
            Self::Basic { .. } => "Basic(..)",
            Self::Signature => "Signature",
        })
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, Unreadable> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Unreadable("a header with a credential stands there twice")),
        (Some(value), None) if value.len() > MAX_LEN => Err(Unreadable("the credential is too long")),
        (value, None) => Ok(value),
    }
}

fn authorization(value: &HeaderValue) -> Result<Shown, Unreadable> {
    let value = value.to_str().map_err(|_| Unreadable("the `Authorization` header has odd characters"))?;
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    let rest = rest.trim();
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    if is("bearer") || is("splunk") {
        Ok(Shown::Token(rest.into()))
    } else if is("basic") {
        let (user, password) = pair(rest).ok_or(Unreadable("`Basic` holds no base64 of `user:password`"))?;
        Ok(Shown::Basic { user, password })
    } else if is("apikey") {
        Ok(match pair(rest) {
            Some((id, key)) => Shown::ApiKey { id, key },
            None => Shown::Token(rest.into()),
        })
    } else if is("aws4-hmac-sha256") {
        Ok(Shown::Signature)
    } else {
        Err(Unreadable("the `Authorization` header holds no bearer token, and nothing else that is known"))
    }
}

/// What stands before and behind the first colon.
fn pair(text: &str) -> Option<(String, Vec<u8>)> {
    let mut first = STANDARD.decode(text).ok()?;
    let colon = memchr::memchr(b':', &first)?;
    let second = first.split_off(colon + 1);
    first.truncate(colon);
    Some((String::from_utf8(first).ok()?, second))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&'static str, &str)]) -> Result<Shown, Unreadable> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let _appended = map.append(name, value);
        }
        Shown::read(&map)
    }

    #[test]
    fn every_protocol_shows_it_in_its_own_way() {
        let token = || Ok(Shown::Token(b"t".to_vec()));
        for headers in [
            ("authorization", "Bearer t"),
            ("authorization", "bearer  t "),
            ("authorization", "Splunk t"),
            ("authorization", "ApiKey t"),
            ("x-log-key", "t"),
            ("x-amz-firehose-access-key", "t"),
        ] {
            assert_eq!(read(&[headers]), token(), "{headers:?}");
        }
        let basic = format!("Basic {}", STANDARD.encode("ann:p:w"));
        let (user, password) = ("ann".to_owned(), b"p:w".to_vec());
        assert_eq!(read(&[("authorization", &basic)]), Ok(Shown::Basic { user, password }));
        let key = format!("ApiKey {}", STANDARD.encode("id:key"));
        let (id, secret) = ("id".to_owned(), b"key".to_vec());
        assert_eq!(read(&[("authorization", &key)]), Ok(Shown::ApiKey { id, key: secret }));
        assert_eq!(read(&[("authorization", "AWS4-HMAC-SHA256 Credential=x")]), Ok(Shown::Signature));
        assert_eq!(read(&[]), Ok(Shown::Nothing));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_not_read() {
        let long = format!("Bearer {}", "x".repeat(MAX_LEN));
        for headers in [
            &[("authorization", "Bearer a"), ("authorization", "Bearer b")][..],
            &[("x-log-key", "a"), ("x-log-key", "a")],
            &[("authorization", "Digest a")],
            &[("authorization", "")],
            &[("authorization", "Basic %")],
            &[("authorization", "Basic dA==")],
            &[("authorization", &long)],
        ] {
            assert!(read(headers).is_err(), "{headers:?}");
        }
        assert_eq!(
            read(&[("authorization", "Bearer a"), ("x-log-key", "b")]),
            Ok(Shown::Token(b"a".to_vec()))
        );
    }

    #[test]
    fn no_secret_is_shown() {
        assert_eq!(format!("{:?}", Shown::Token(b"hush".to_vec())), "Token(..)");
    }
}
