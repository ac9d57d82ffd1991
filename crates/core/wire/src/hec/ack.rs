//! Indexer acknowledgement: a request that names a channel is answered with a number, and its client asks later whether
//! that number is acknowledged.
//!
//! Here a request is answered only after the brokers have its events. So every number that a client was given is
//! acknowledged already, whichever process gave it and whether that process still runs: there is nothing to remember, and
//! nothing that a restart could forget.

use serde::Deserialize;

use super::{Code, HecError};

/// The most numbers that may be asked for at once.
pub const MAX_ACKS: usize = 100_000;

#[derive(Deserialize)]
struct Question {
    acks: Vec<u64>,
}

/// Whether `channel` is a GUID: 32 hexadecimal digits, with or without hyphens.
#[must_use]
pub fn is_channel(channel: &str) -> bool {
    let digits = channel.bytes().filter(|byte| *byte != b'-');
    digits.clone().count() == 32 && digits.clone().all(|byte| byte.is_ascii_hexdigit()) && channel.len() <= 36
}

/// The answer to a question for numbers.
///
/// # Errors
/// When it is none.
pub fn answer(question: &[u8]) -> Result<Vec<u8>, HecError> {
    let Question { acks } = serde_json::from_slice(question).map_err(|_| {
        HecError::new(Code::InvalidDataFormat, "ask with an object that has an array of numbers in `acks`")
    })?;
    if acks.len() > MAX_ACKS {
        return Err(HecError::too_large("at most 100000 `acks` are answered at once"));
    }
    let mut out = Vec::with_capacity(16 + acks.len() * 16);
    out.extend_from_slice(b"{\"acks\":{");
    for (at, ack) in acks.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(itoa::Buffer::new().format(*ack).as_bytes());
        out.extend_from_slice(b"\":true");
    }
    out.extend_from_slice(b"}}");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_out_is_acknowledged() {
        assert_eq!(answer(br#"{"acks":[0,17]}"#).unwrap(), br#"{"acks":{"0":true,"17":true}}"#);
        assert_eq!(answer(br#"{"acks":[]}"#).unwrap(), br#"{"acks":{}}"#);
        for odd in [&b""[..], b"[]", b"{\"acks\":[\"1\"]}", b"{\"acks\":[-1]}", b"\xff"] {
            assert_eq!(answer(odd).unwrap_err().code, Code::InvalidDataFormat);
        }
        let many = format!("{{\"acks\":[0{}]}}", ",0".repeat(MAX_ACKS));
        assert_eq!(answer(many.as_bytes()).unwrap_err().status(), 413);
    }

    #[test]
    fn a_channel_is_a_guid() {
        assert!(is_channel("FE0ECFAD-13D5-401B-847D-77833BD77131") && is_channel(&"a0".repeat(16)));
        for odd in ["", "1", "FE0ECFAD-13D5-401B-847D-77833BD7713", "FE0ECFAD-13D5-401B-847D-77833BD7713x"] {
            assert!(!is_channel(odd), "{odd}");
        }
    }
}
