//! Event ids: given by the client, derived from an idempotency key, or made by ingest.
//!
//! An id is fixed where the event enters. It becomes the document's `_id`, so Elasticsearch's limit of 512 bytes holds,
//! and it stands in tab-separated Kafka keys, so control characters are refused.
//!
//! The parts of an event that a rule splits have ids made of the event's, [`PART`], and a number. No sender may give an id with
//! [`PART`] in it: it could be that of a part of another event, and one of the two would count as a duplicate.

use thiserror::Error;
use twox_hash::XxHash3_64;
use uuid::Builder;

/// The longest id, in bytes: Elasticsearch's limit for `_id`.
pub const MAX_LEN: usize = 512;

/// The longest idempotency key, in bytes; leaves room for the position that is added to it.
pub const MAX_IDEMPOTENCY_KEY_LEN: usize = 255;

/// What stands between an event's id and the number of a part of it. Long enough that no id has it by chance.
pub const PART: &str = "~part~";

/// The most digits that a part's number has.
const MAX_DIGITS: usize = 10;

/// What a hash in place of an id's end takes, in bytes: itself, and what stands behind it.
const HASH_LEN: usize = 17;

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
    /// It could be taken for the id of a part of another event.
    #[error("the event id has `{PART}` in it, which is kept for the parts of events: leave it out")]
    Reserved,
}

/// Checks an id that a sender gives an event.
///
/// # Errors
/// Says which rule the id breaks.
pub fn validate_given(id: &str) -> Result<(), IdError> {
    validate(id)?;
    if id.contains(PART) { Err(IdError::Reserved) } else { Ok(()) }
}

/// Checks an id that stands in a record: a given one, one of ours, or that of a part.
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

/// Appends the id of a part of an event that was split: the event's, [`PART`], and the part's number. Where that gets too long,
/// the end of the event's id gives way to a hash of it: its beginning, [`PART`], the hash, `~`, and the number.
///
/// The event may be a part itself: one that was dead-lettered as a document comes back to the rules as an event of that id.
pub fn push_part(out: &mut String, id: &str, part: u32) {
    use std::fmt::Write;
    const WHOLE: usize = MAX_LEN - PART.len() - MAX_DIGITS;
    // Writing to a String can't fail.
    let _infallible = if id.len() <= WHOLE {
        write!(out, "{id}{PART}{part}")
    } else {
        let kept = id.get(..id.floor_char_boundary(WHOLE - HASH_LEN)).unwrap_or_default();
        write!(out, "{kept}{PART}{:016x}~{part}", XxHash3_64::oneshot(id.as_bytes()))
    };
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
    use proptest::prelude::*;

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
        assert_eq!(of("e-1", 2), "e-1~part~2");
        let (long, other) = ("ü".repeat(256), format!("{}x", "ü".repeat(255)));
        assert_eq!(of(&long, u32::MAX), of(&long, u32::MAX));
        assert_ne!(of(&long, u32::MAX), of(&other, u32::MAX));
        assert_ne!(of(&long, 1), of(&long, 2));
    }

    #[test]
    fn no_sender_gives_an_event_the_id_of_a_part() {
        assert_eq!(validate_given("abc~part~0"), Err(IdError::Reserved));
        assert_eq!(validate("abc~part~0"), Ok(()), "it may come back from the dead letters");
        for id in ["abc:0", "topic:3:17", "part~0", "~part"] {
            assert_eq!(validate_given(id), Ok(()), "{id}");
        }
    }

    /// Ids as senders give them: short and long ones, and such as look like those of parts, or nearly.
    fn given() -> impl Strategy<Value = String> {
        let text = prop_oneof!["[^\\p{Cc}]{1,20}", "(~|part|~part|:|[0-9a-f]{16}|0|ü){1,8}"];
        let long = (text.clone(), 1usize..300).prop_map(|(text, times)| {
            let long = text.repeat(times);
            long.get(..long.floor_char_boundary(MAX_LEN)).unwrap_or_default().to_owned()
        });
        prop_oneof![text, long].prop_filter("taken", |id| validate_given(id).is_ok())
    }

    fn part(id: &str, part: u32) -> String {
        let mut out = String::new();
        push_part(&mut out, id, part);
        out
    }

    proptest! {
        /// Scenario: events of any given ids are split, and parts of them once more.
        /// Guarantees: each part has an id that records may have, that no sender may give, and that no other part has.
        #[test]
        fn no_given_id_is_that_of_a_part(one in given(), other in given(), m: u32, n: u32) {
            let parts = [part(&one, m), part(&one, n), part(&other, m), part(&part(&one, m), n), part(&part(&other, n), m)];
            for id in &parts {
                prop_assert_eq!(validate(id), Ok(()), "{}", id);
                prop_assert_eq!(validate_given(id), Err(IdError::Reserved), "{}", id);
            }
            prop_assert_eq!(parts[0] == parts[1], m == n);
            prop_assert_eq!(parts[0] == parts[2], one == other);
            for (whole, twice) in [(0, 3), (1, 3), (2, 3), (0, 4), (1, 4), (2, 4)] {
                prop_assert_ne!(&parts[whole], &parts[twice]);
            }
        }
    }
}
