//! Signatures of requests to AWS, version 4: who signed, and whether a secret explains the signature.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// The scheme in the header `Authorization`.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The most headers that a signature may cover; clients sign half a dozen.
const MAX_HEADERS: usize = 64;

/// How far a request's time may be from ours, in seconds, either way: what AWS allows.
const MAX_SKEW: u64 = 15 * 60;

/// What `Authorization: AWS4-HMAC-SHA256 ...` says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Signature<'a> {
    /// The id of the access key.
    pub key_id: &'a str,
    /// Day, region, service and `aws4_request`, joined by slashes.
    scope: &'a str,
    /// The names of the headers that are signed, joined by semicolons.
    headers: &'a str,
    /// The signature itself, in hexadecimal digits.
    digits: &'a str,
}

/// The request that is signed.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The method.
    pub method: &'a str,
    /// The path as it was sent.
    pub path: &'a str,
    /// The query without its question mark; empty if there is none.
    pub query: &'a str,
    /// The header `X-Amz-Date`.
    pub date: &'a str,
    /// The body as it was sent.
    pub body: &'a [u8],
}

impl<'a> Signature<'a> {
    /// Reads the header; `None` if it is no such signature.
    #[must_use]
    pub fn read(authorization: &'a str) -> Option<Self> {
        let (mut credential, mut headers, mut digits) = (None, None, None);
        for part in authorization.strip_prefix(ALGORITHM)?.split(',') {
            let (name, value) = part.trim().split_once('=')?;
            match name {
                "Credential" => credential = Some(value),
                "SignedHeaders" => headers = Some(value),
                "Signature" => digits = Some(value),
                _ => return None,
            }
        }
        let (key_id, scope) = credential?.split_once('/')?;
        let is_scope = scope.split('/').count() == 4 && scope.ends_with("/aws4_request");
        let is_known = is_scope && !key_id.is_empty();
        is_known.then_some(Self { key_id, scope, headers: headers?, digits: digits? })
    }

    /// Whether this secret explains the signature. `header` gives a header's values, joined by commas.
    ///
    /// A signature that covers neither the host nor the date explains nothing: it would fit to other requests.
    #[must_use]
    pub fn is_explained_by(
        &self,
        secret: &[u8],
        signed: &Signed<'_>,
        header: impl Fn(&str) -> Option<String>,
    ) -> bool {
        let names = || self.headers.split(';');
        if names().count() > MAX_HEADERS
            || !["host", "x-amz-date"].iter().all(|name| names().any(|one| one == *name))
        {
            return false;
        }
        let mut canonical = format!("{}\n{}\n{}\n", signed.method, signed.path, signed.query);
        for name in names() {
            let Some(value) = header(name) else { return false };
            canonical.extend([name, ":"]);
            let mut words = value.split_ascii_whitespace();
            canonical.extend(words.next());
            for word in words {
                canonical.extend([" ", word]);
            }
            canonical.push('\n');
        }
        canonical.extend(["\n", self.headers, "\n", &hex::encode(Sha256::digest(signed.body))]);
        let hashed = hex::encode(Sha256::digest(canonical.as_bytes()));
        let text = format!("{ALGORITHM}\n{}\n{}\n{hashed}", signed.date, self.scope);
        let key = self.scope.split('/').fold([b"AWS4", secret].concat(), |key, part| {
            mac(&key, part.as_bytes()).finalize().into_bytes().to_vec()
        });
        let Ok(wanted) = hex::decode(self.digits) else { return false };
        // In constant time.
        mac(&key, text.as_bytes()).verify_slice(&wanted).is_ok()
    }

    /// Whether it was made near `now`, in seconds since the Unix epoch, on the day that its scope names.
    #[must_use]
    pub fn is_fresh(&self, date: &str, now: u64) -> bool {
        let Ok(time) = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date) else { return false };
        let Ok(time) = time.to_zoned(jiff::tz::TimeZone::UTC) else { return false };
        let is_near =
            u64::try_from(time.timestamp().as_second()).is_ok_and(|at| at.abs_diff(now) <= MAX_SKEW);
        is_near && date.get(..8) == self.scope.get(..8)
    }
}

fn mac(key: &[u8], text: &[u8]) -> Hmac<Sha256> {
    // Keys of any length are taken, so that the empty one never is.
    let mut mac =
        <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.update(text);
    mac
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DATE: &str = "20261122T023000Z";
    const HEADER: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-west-1/firehose/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=@";

    fn signed(body: &[u8]) -> Signed<'_> {
        Signed { method: "POST", path: "/", query: "", date: DATE, body }
    }

    fn header(name: &str) -> Option<String> {
        let value = match name {
            "content-type" => "application/x-amz-json-1.1",
            "host" => "127.0.0.1:8080",
            "x-amz-date" => DATE,
            _ => return None,
        };
        Some(value.to_owned())
    }

    /// Made with botocore 1.44.5's `SigV4Auth` for the same request, `{}` as the body, and the secret `hush`.
    const DIGITS: &str = "4d4108b2445728fab54f3e9a2171193c6e19da016aed273033ddc7cbb4dd830e";

    #[test]
    fn what_botocore_signs_is_explained_by_its_secret_alone() {
        let text = HEADER.replace('@', DIGITS);
        let signature = Signature::read(&text).unwrap();
        assert_eq!(signature.key_id, "AKIDEXAMPLE");
        assert!(signature.is_explained_by(b"hush", &signed(b"{}"), header));
        assert!(!signature.is_explained_by(b"hush!", &signed(b"{}"), header));
        assert!(!signature.is_explained_by(b"hush", &signed(b"{ }"), header));
        let other_path = Signed { path: "/x", ..signed(b"{}") };
        assert!(!signature.is_explained_by(b"hush", &other_path, header));
        assert!(!signature.is_explained_by(b"hush", &signed(b"{}"), |_| None));
        let no_host = text.replace(";host", "");
        assert!(!Signature::read(&no_host).unwrap().is_explained_by(b"hush", &signed(b"{}"), header));
    }

    #[test]
    fn an_old_signature_is_stale() {
        let text = HEADER.replace('@', DIGITS);
        let signature = Signature::read(&text).unwrap();
        let made = 1_795_314_600;
        assert!(signature.is_fresh(DATE, made) && signature.is_fresh(DATE, made - 900));
        assert!(
            !signature.is_fresh(DATE, made + 901) && !signature.is_fresh("20261121T023000Z", made - 86_400)
        );
        assert!(!signature.is_fresh("yesterday", made));
    }

    #[test]
    fn what_is_no_signature_is_told() {
        for text in [
            "",
            "Bearer x",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request",
            "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00",
        ] {
            assert_eq!(Signature::read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn survives_anything(text: String, date: String) {
            let _any = Signature::read(&text);
            let text = format!("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders={text}, Signature={text}");
            if let Some(signature) = Signature::read(&text) {
                prop_assert!(!signature.is_explained_by(b"x", &signed(b""), |_| Some(String::new())));
                let _any = signature.is_fresh(&date, 0);
            }
        }
    }
}
