//! The forms in which clients of other servers send their token.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use forebay_wire::firehose::Signature;

/// The longest header that is looked at, in bytes.
const MAX_LEN: usize = 2048;

/// Headers that hold a token and nothing else.
const KEYS: [&str; 2] = ["x-log-key", "x-amz-firehose-access-key"];

/// The headers with the token in the form that [`authorize`](crate::auth::authorize) reads, whatever form it came in: as the
/// password of `Basic`, as the key of `ApiKey` (Elasticsearch: base64 of `id:key`), behind `Splunk`, as the id of an access key that signed the request, or in
/// `X-Log-Key` or `X-Amz-Firehose-Access-Key`. What is in none of these
/// stays as it is.
#[must_use]
pub fn with_bearer(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let short = |value: &&str| value.len() <= MAX_LEN;
    let token = match text("authorization") {
        Some(value) => Some(value).filter(short).and_then(token),
        None => KEYS.iter().find_map(|name| text(name)).filter(short).map(str::to_owned),
    };
    if let Some(mut bearer) = token.and_then(|token| HeaderValue::from_str(&format!("Bearer {token}")).ok()) {
        bearer.set_sensitive(true);
        let _before = headers.insert(header::AUTHORIZATION, bearer);
    }
    headers
}

fn token(value: &str) -> Option<String> {
    let (scheme, rest) = value.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("splunk") {
        return Some(rest.to_owned());
    }
    if scheme == "AWS4-HMAC-SHA256" {
        return Signature::read(value).map(|signature| signature.key_id.to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") || scheme.eq_ignore_ascii_case("apikey") {
        let pair = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        return pair.split_once(':').map(|(_, secret)| secret.to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_becomes_a_bearer_token() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            let _before = headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            with_bearer(&headers)[header::AUTHORIZATION].to_str().unwrap().to_owned()
        };
        assert_eq!(of("Splunk t-1"), "Bearer t-1");
        assert_eq!(of(&format!("Basic {}", STANDARD.encode("anyone:t-1"))), "Bearer t-1");
        assert_eq!(of(&format!("ApiKey {}", STANDARD.encode("id:t-1"))), "Bearer t-1");
        assert_eq!(of("Bearer t-1"), "Bearer t-1");
        assert_eq!(of("Basic %"), "Basic %");
        assert_eq!(of("Basic dA=="), "Basic dA==");
        assert!(!with_bearer(&HeaderMap::new()).contains_key(header::AUTHORIZATION));
    }
}
