//! Credentials of HTTP's `Authorization` header.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::detect::pair;
use crate::detector::Detector;
use crate::hit::{Hit, Label, Verdict, Wrap};
use crate::view::{View, looks_random};

/// The longest credentials, in bytes: servers refuse longer headers.
const MAX: usize = 16 << 10;
/// The shortest bearer token that is taken for one without the header's name.
const MIN_TOKEN: usize = 8;

/// Schemes whose credentials are one word
/// (<https://www.iana.org/assignments/http-authschemes/http-authschemes.xhtml>, and some that aren't registered).
const ONE_WORD: [&[u8]; 9] =
    [b"bearer", b"basic", b"token", b"apikey", b"negotiate", b"ntlm", b"dpop", b"key", b"sso-key"];
/// Schemes whose credentials are the rest of the line.
const MANY_WORDS: [&[u8]; 6] =
    [b"digest", b"hawk", b"oauth", b"aws4-hmac-sha256", b"signature", b"sharedaccesssignature"];

const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// `end` is behind the word authorization.
pub(super) fn verify_header(text: &View<'_>, end: usize) -> Verdict {
    let start = end - b"authorization".len();
    let pair = pair::separator(text, &(start..end)).and_then(|separator| separator.value(text));
    let Some(pair) = pair else { return Verdict::No };
    let value = text.slice(pair.span.start, pair.span.end);
    let word = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let scheme = value.get(..word).unwrap_or(&[]);
    let among = |schemes: &[&[u8]]| schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let (one, many) = (among(&ONE_WORD), among(&MANY_WORDS));
    let mut span = pair.span.clone();
    if (one || many) && (word < value.len() || text.get(span.end) == b' ') {
        span.start += word + 1;
        if word == value.len() {
            span.end =
                if many { text.run(span.start, MAX, in_line) } else { pair::unquoted_end(text, span.start) };
        }
    } else if pair.prose && !looks_random(value) {
        return Verdict::No;
    }
    let credentials = text.slice(span.start, span.end);
    // A bracket isn't allowed in credentials: it is a marker's, unless it begins a list of strings.
    let list = matches!(credentials, [b'[', b'"' | b'\'' | b'\\', ..]);
    if credentials.is_empty()
        || (credentials.starts_with(b"[") && !list)
        || credentials.iter().all(|byte| *byte == b'*')
    {
        return Verdict::No;
    }
    // Behind the scheme's name, an empty place is an empty place.
    let wrap = if span.start == pair.span.start { pair.wrap } else { Wrap::Bare };
    Verdict::Found(Hit { label: Label::BuiltIn(Detector::Bearer), span, wrap })
}

/// `end` is behind `Bearer` or `Basic` and a blank.
pub(super) fn verify_scheme(text: &View<'_>, end: usize) -> Verdict {
    let blank = if matches!(text.before(end), b' ' | b'+') { 1 } else { 3 };
    let name = end - blank;
    let basic = text.slice(name.saturating_sub(5), name).eq_ignore_ascii_case(b"basic");
    let start = name.saturating_sub(if basic { 5 } else { 6 });
    if start < text.floor() || !text.opens(start) {
        return Verdict::No;
    }
    let stop = text.run(end, MAX, in_token);
    let token = text.slice(end, stop);
    let good = if basic { user_and_password(token) } else { token.len() >= MIN_TOKEN && looks_random(token) };
    if good { Verdict::found(Detector::Bearer, end..stop) } else { Verdict::NoneBefore(stop) }
}

/// Whether the token decodes to `user:password`.
fn user_and_password(token: &[u8]) -> bool {
    FORGIVING.decode(token).is_ok_and(|decoded| decoded.contains(&b':'))
}

/// Token68 of RFC 9110, section 11.2, and what URLs make of it.
fn in_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'%')
}

fn in_line(byte: u8) -> bool {
    !matches!(byte, b'\r' | b'\n' | b'\\' | b'\'')
}
