//! Messages of `/v1/stream`: a line of JSON that names the batch, then its events as `POST /v1/ingest` takes them.
//!
//! ```text
//! {"seq":7,"key":"batch-7"}
//! {"message":"one"}
//! {"message":"two"}
//! ```

mod progress;

use std::ops::Range;

use serde::Deserialize;
use thiserror::Error;

pub use self::progress::Progress;
use crate::shape::{Declared, UnknownContentType};

/// The longest first line, in bytes.
pub const MAX_HEAD: usize = 1024;

/// What the first line says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Head {
    /// The client's own number for the batch, told again in the answer.
    pub sequence: u64,
    /// What ids are made of, as an `Idempotency-Key`; empty for none.
    pub key: String,
    /// What the body is; a type that isn't taken can be answered under the number.
    pub declared: Result<Declared, UnknownContentType>,
    /// Where in the message the events are.
    pub body: Range<usize>,
}

/// A message whose first line can't be understood. There is no going on then, since nothing can be answered to it.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum HeadError {
    /// No line break early enough.
    #[error("the message does not begin with a line of at most {MAX_HEAD} bytes")]
    Missing,
    /// Not the JSON that it should be.
    #[error(
        "the message's first line is no object with `seq`, and no other members than `key` and `content_type`"
    )]
    Json,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    seq: u64,
    #[serde(default)]
    key: String,
    content_type: Option<String>,
}

/// Reads a message's first line.
///
/// # Errors
/// When it can't be understood.
pub fn head(message: &[u8]) -> Result<Head, HeadError> {
    let window = message.get(..MAX_HEAD + 1).unwrap_or(message);
    let end = match memchr::memchr(b'\n', window) {
        Some(end) => end,
        // A batch without events.
        None if message.len() <= MAX_HEAD => message.len(),
        None => return Err(HeadError::Missing),
    };
    let line = message.get(..end).unwrap_or_default();
    let Line { seq, key, content_type } = serde_json::from_slice(line).map_err(|_| HeadError::Json)?;
    let declared = Declared::from_content_type(content_type.as_deref());
    let start = (end + 1).min(message.len());
    Ok(Head { sequence: seq, key, declared, body: start..message.len() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_line_names_the_batch() {
        let message = b"{\"seq\":7,\"key\":\"k\",\"content_type\":\"text/plain\"}\r\none\ntwo";
        let head = head(message).unwrap();
        assert_eq!((head.sequence, head.key.as_str(), head.declared), (7, "k", Ok(Declared::Text)));
        assert_eq!(&message[head.body], b"one\ntwo");
        let empty = super::head(b"{\"seq\":8}").unwrap();
        assert_eq!((empty.sequence, empty.body.is_empty()), (8, true));
    }

    #[test]
    fn what_can_not_be_answered_is_no_message() {
        for wrong in
            ["", "\n", "{}", "{\"seq\":-1}\n", "{\"message\":\"x\"}\n", "{\"seq\":1,\"x\":2}\n", "[1]\n"]
        {
            assert_eq!(head(wrong.as_bytes()), Err(HeadError::Json), "{wrong}");
        }
        assert_eq!(head(" ".repeat(2000).as_bytes()), Err(HeadError::Missing));
    }

    #[test]
    fn a_type_that_is_not_taken_can_be_answered() {
        let head = head(b"{\"seq\":1,\"content_type\":\"text/xml\"}\n").unwrap();
        let error = head.declared.unwrap_err().to_string();
        assert_eq!((head.sequence, error.as_str()), (1, "content type `text/xml` is not supported"));
    }

    proptest! {
        #[test]
        fn survives_anything(message: Vec<u8>) {
            if let Ok(head) = head(&message) {
                prop_assert!(message.get(head.body).is_some());
            }
        }
    }
}
