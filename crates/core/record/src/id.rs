//! Event ids: given by the client, derived from an idempotency key, or made by ingest.
//!
//! An id is fixed where the event enters. It becomes the document's `_id`, so Elasticsearch's limit of 512 bytes holds,
//! and it stands in tab-separated Kafka keys, so control characters are refused.

use thiserror::Error;
use twox_hash::XxHash3_64;
use uuid::Builder;

/// The longest id, in bytes: Elasticsearch's limit for `_id`.
pub const MAX_LEN: usize = 512;

/// The longest idempotency key, in bytes; leaves room for the position that is added to it.
pub const MAX_IDEMPOTENCY_KEY_LEN: usize = 255;

/// The most that a part's number adds to an id, in bytes: a colon and ten digits.
const MAX_PART_LEN: usize = 11;

/// Why an id was refused.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum IdError {
    /// An empty id names nothing.
    #[error("the event id is empty")]
    Empty,
    /// Longer than [`MAX_LEN`].
    #[error("the event id is {0} bytes long; at most {MAX_LEN} are allowed")]
    TooLong(usize),
    /// Control characters would break keys and listings.
    #[error("the event id has a control character at byte {0}")]
    Control(usize),
}

/// Checks an id that came from outside.
///
/// # Errors
/// Says which rule the id breaks.
pub fn validate(id: &str) -> Result<(), IdError> {
    if id.is_empty() {
        return Err(IdError::Empty);
    }
    if id.len() > MAX_LEN {
        return Err(IdError::TooLong(id.len()));
    }
    match id.bytes().position(|byte| byte < 0x20 || byte == 0x7f) {
        Some(at) => Err(IdError::Control(at)),
        None => Ok(()),
    }
}

/// Appends the id of the event at `position` (from 0) of a request that carried an `Idempotency-Key`.
pub fn push_idempotent(out: &mut String, key: &str, position: usize) {
    use std::fmt::Write;
    out.push_str(key);
    // Writing to a String can't fail.
    let _infallible = write!(out, "-{position}");
}

/// Appends the id of a part of an event that was split: the event's, a colon, and the part's number. Where that gets too long,
/// the end of the event's id gives way to a hash of it.
pub fn push_part(out: &mut String, id: &str, part: u32) {
    use std::fmt::Write;
    if id.len() <= MAX_LEN - MAX_PART_LEN {
        out.push_str(id);
    } else {
        let kept = id.floor_char_boundary(MAX_LEN - MAX_PART_LEN - 17);
        out.push_str(id.get(..kept).unwrap_or_default());
        let _infallible = write!(out, "~{:016x}", XxHash3_64::oneshot(id.as_bytes()));
    }
    // Writing to a String can't fail.
    let _infallible = write!(out, ":{part}");
}

/// A UUIDv7 (RFC 9562) of the given time and randomness, in its usual text form.
#[must_use]
pub fn uuid_v7(unix_ms: u64, random: [u8; 10]) -> [u8; 36] {
    let mut text = [0; 36];
    let _text = Builder::from_unix_timestamp_millis(unix_ms, &random)
        .into_uuid()
        .hyphenated()
        .encode_lower(&mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_would_break_a_key_or_a_document_id() {
        assert_eq!(validate(""), Err(IdError::Empty));
        assert_eq!(validate("a\tb"), Err(IdError::Control(1)));
        assert_eq!(validate(&"x".repeat(513)), Err(IdError::TooLong(513)));
        assert_eq!(validate(&"x".repeat(512)), Ok(()));
        assert_eq!(validate("ünï-1"), Ok(()));
    }

    #[test]
    fn uuids_sort_by_time() {
        let earlier = uuid_v7(1_000, [0xff; 10]);
        let later = uuid_v7(1_001, [0; 10]);
        assert!(earlier < later);
        assert_eq!(&later[14..15], b"7");
    }

    #[test]
    fn the_same_key_and_position_give_the_same_id() {
        let mut id = String::new();
        push_idempotent(&mut id, "order-17", 3);
        assert_eq!(id, "order-17-3");
    }
    #[test]
    fn parts_have_ids_of_their_own_however_long_the_events_id_is() {
        let of = |id: &str, part| {
            let mut out = String::new();
            push_part(&mut out, id, part);
            assert_eq!(validate(&out), Ok(()), "{out}");
            out
        };
        assert_eq!(of("e-1", 2), "e-1:2");
        let (long, other) = ("ü".repeat(256), format!("{}x", "ü".repeat(255)));
        assert_eq!(of(&long, u32::MAX), of(&long, u32::MAX));
        assert_ne!(of(&long, u32::MAX), of(&other, u32::MAX));
        assert_ne!(of(&long, 1), of(&long, 2));
    }
}
