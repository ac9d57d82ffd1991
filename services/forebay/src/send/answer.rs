//! Ingest's answers, reduced to what a sender does next. Pure.

use std::time::Duration;

use serde::Deserialize;

use crate::output::term::safe;

/// The longest piece of an answer that isn't ours which is shown.
const MAX_SHOWN: usize = 200;

/// A batch that ingest took, in whole or in part.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
pub(crate) struct Taken {
    pub(crate) accepted: u64,
    #[serde(default)]
    pub(crate) rejected: u64,
    /// The first rejected lines.
    #[serde(default)]
    pub(crate) errors: Vec<LineError>,
}

/// A line that ingest rejected.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct LineError {
    /// Its number in the batch, from 1.
    #[serde(default)]
    pub(crate) line: u64,
    #[serde(default)]
    pub(crate) reason: String,
}

/// Why a batch was not taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// Not now: the same batch again, after this long if the server said so.
    Later { what: String, after: Option<Duration> },
    /// Not this request, however often.
    Never { what: String, hint: String },
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Deserialize)]
struct ErrorDetail {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    hint: String,
}

/// What an answer means.
pub(crate) fn read(status: u16, retry_after: Option<&str>, body: &[u8]) -> Result<Taken, Refusal> {
    // All lines refused is a 400 with the same counts: the batch was dealt with.
    if matches!(status, 200 | 400)
        && let Ok(taken) = serde_json::from_slice::<Taken>(body)
    {
        return Ok(taken);
    }
    let (reason, hint) = reason(body);
    let what = format!("ingest answered {status}: {reason}");
    match status {
        408 | 425 | 429 | 500 | 502..=504 => {
            Err(Refusal::Later { what, after: retry_after.and_then(seconds) })
        }
        _ => {
            // Of a 401 ingest's hint is about headers, which nobody gives to this command.
            let ours = hint.is_empty() || status == 401;
            Err(Refusal::Never { what, hint: if ours { advice(status).to_owned() } else { hint } })
        }
    }
}

fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

fn reason(body: &[u8]) -> (String, String) {
    match serde_json::from_slice::<ErrorBody>(body) {
        Ok(ErrorBody { error }) => (safe(&error.reason).into_owned(), safe(&error.hint).into_owned()),
        Err(_) => {
            let shown: String = String::from_utf8_lossy(body).chars().take(MAX_SHOWN).collect();
            (safe(shown.trim()).into_owned(), String::new())
        }
    }
}

const fn advice(status: u16) -> &'static str {
    match status {
        200 => "is this the address of forebay-ingest?",
        401 => "give a valid token with --token-file: the sender's, which isn't taken from FOREBAY_TOKEN",
        403 => "the token may not do this: ask for another one",
        404 | 405 => "is this the full address, such as http://127.0.0.1:8080/v1/ingest?",
        413 => "send fewer lines at once, with --batch",
        _ => "see ingest's log",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_good_and_bad_answers() {
        let body = br#"{"accepted":2,"rejected":1,"errors":[{"line":3,"reason":"not JSON","error":"json"}]}"#;
        let taken = read(200, None, body).unwrap();
        assert_eq!((taken.accepted, taken.rejected, taken.errors[0].line), (2, 1, 3));
        assert_eq!(read(400, None, br#"{"accepted":0,"rejected":5}"#).unwrap().rejected, 5);
    }

    #[test]
    fn a_busy_server_is_asked_again_when_it_said() {
        let after = Some(Duration::from_secs(3));
        let body = br#"{"error":{"type":"busy","reason":"too much in flight","hint":""}}"#;
        let what = "ingest answered 429: too much in flight".to_owned();
        assert_eq!(read(429, Some("3"), body), Err(Refusal::Later { what, after }));
        let what = "ingest answered 503: ".to_owned();
        assert_eq!(read(503, Some("soon"), b""), Err(Refusal::Later { what, after: None }));
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let Err(Refusal::Never { what, hint }) = read(401, None, b"<html>\x1b[2J</html>") else { panic!() };
        assert_eq!(what, "ingest answered 401: <html>\\u{1b}[2J</html>");
        assert!(hint.starts_with("give a valid token with --token-file"), "{hint}");
        let body = br#"{"error":{"type":"t","reason":"r","hint":"do this"}}"#;
        let what = "ingest answered 415: r".to_owned();
        assert_eq!(read(415, None, body), Err(Refusal::Never { what, hint: "do this".to_owned() }));
        assert!(matches!(read(200, None, b"welcome"), Err(Refusal::Never { .. })));
    }
}
