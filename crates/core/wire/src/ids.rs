//! The events' ids: brought along, derived from the request's `Idempotency-Key`, or made here.
//!
//! An id is fixed here and never changes. With a given id or a key, a request that is sent again makes no second
//! document; a made id can't do that, since a request sent again gets new ones.

use forebay_record::id::{self, IdError, MAX_IDEMPOTENCY_KEY_LEN};
use thiserror::Error;

use crate::batch::Event;
use crate::json::{Member, Validator, member};

/// Why an event has no usable id where the sender said there is one.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum GivenIdError {
    /// The object has no such member.
    #[error("the event has no member `{0}`, which `id_field` names")]
    Missing(String),
    /// Only strings and numbers are ids.
    #[error("the member `{0}`, which `id_field` names, is neither a string nor a number")]
    WrongType(String),
    /// The value breaks the rules for ids.
    #[error(transparent)]
    Invalid(#[from] IdError),
}

/// Why an `Idempotency-Key` header can't be used.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum KeyError {
    /// The key breaks the rules for ids.
    #[error("{0}")]
    Invalid(#[from] IdError),
    /// No room for the position that is added to it.
    #[error("the key is {0} bytes long; at most {MAX_IDEMPOTENCY_KEY_LEN} are allowed")]
    TooLong(usize),
}

/// The id that a valid JSON object brings along in its top-level member `field`.
///
/// # Errors
/// When there is none, or it can't be an id.
pub fn given(validator: &mut Validator, object: &[u8], field: &str) -> Result<String, GivenIdError> {
    let found = match member(validator, object, field) {
        Ok(Member::Text(text)) => text.into_owned(),
        Ok(Member::Number(number)) => number.to_owned(),
        Ok(Member::Missing) | Err(_) => return Err(GivenIdError::Missing(field.to_owned())),
        Ok(Member::Other) => return Err(GivenIdError::WrongType(field.to_owned())),
    };
    id::validate_given(&found)?;
    Ok(found)
}

/// Where the events of one batch get their ids from. A clone gives the same ids again.
#[derive(Clone, Debug)]
pub struct Ids {
    /// Those that the events bring along, in the order in which they are sent; an empty one means none.
    given: Vec<String>,
    next: usize,
    otherwise: Source,
    /// The id in hand; its memory serves every event.
    text: String,
}

#[derive(Clone, Debug)]
enum Source {
    Key(String),
    Made(Made),
}

/// UUIDv7s of one millisecond: one random draw for the batch, counted up from event to event (RFC 9562, section 6.2,
/// method 2), so that they sort in the order of the events and cost no further randomness.
#[derive(Clone, Debug)]
struct Made {
    unix_ms: u64,
    head: [u8; 2],
    counter: u64,
}

impl Ids {
    /// Ids made of an `Idempotency-Key` and each event's position.
    ///
    /// # Errors
    /// When the key is too long, empty, or has what no id may have.
    pub fn from_key(key: &str) -> Result<Self, KeyError> {
        if key.len() > MAX_IDEMPOTENCY_KEY_LEN {
            return Err(KeyError::TooLong(key.len()));
        }
        id::validate_given(key)?;
        Ok(Self::of(Source::Key(key.to_owned()), key.len() + 8))
    }

    /// New ids, from the time and from randomness that no other batch has.
    #[must_use]
    pub fn made(unix_ms: u64, random: [u8; 10]) -> Self {
        let [first, second, rest @ ..] = random;
        // The two highest of the counter's bits give way to the variant; the third starts as 0, so that counting up
        // can't overflow into them.
        let counter = u64::from_be_bytes(rest) >> 3;
        let made = Made { unix_ms, head: [first, second], counter };
        Self::of(Source::Made(made), 36)
    }

    /// Takes what the events bring along, one for each event that is sent; the others, where it is empty, get an id as before.
    #[must_use]
    pub fn or_given(self, given: Vec<String>) -> Self {
        Self { given, ..self }
    }

    fn of(otherwise: Source, len: usize) -> Self {
        Self { given: Vec::new(), next: 0, otherwise, text: String::with_capacity(len) }
    }

    /// How many bytes the ids of these events have at most.
    #[must_use]
    pub fn len_of(&self, events: &[Event]) -> usize {
        /// The digits of a position, and what joins them to the key.
        const POSITION: usize = 21;
        let given: usize = self.given.iter().map(String::len).sum();
        let other = match &self.otherwise {
            Source::Key(key) => key.len() + POSITION,
            Source::Made(_) => 36,
        };
        given.saturating_add(events.len().saturating_mul(other))
    }

    /// The id of the next event, which stands at `line` (from 1).
    pub fn next(&mut self, line: usize) -> &str {
        self.text.clear();
        let given = self.given.get(self.next).filter(|id| !id.is_empty());
        self.next += 1;
        match (given, &mut self.otherwise) {
            (Some(given), _) => self.text.push_str(given),
            (None, Source::Key(key)) => id::push_idempotent(&mut self.text, key, line.saturating_sub(1)),
            (None, Source::Made(made)) => {
                let uuid = made.next();
                self.text.push_str(std::str::from_utf8(&uuid).unwrap_or_default());
            }
        }
        &self.text
    }
}

impl Made {
    fn next(&mut self) -> [u8; 36] {
        let mut random = [0; 10];
        let (head, tail) = random.split_at_mut(2);
        head.copy_from_slice(&self.head);
        tail.copy_from_slice(&self.counter.to_be_bytes());
        self.counter += 1;
        id::uuid_v7(self.unix_ms, random)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(object: &str) -> Result<String, GivenIdError> {
        given(&mut Validator::new(8), object.as_bytes(), "id")
    }

    #[test]
    fn a_given_id_is_a_string_or_a_number() {
        assert_eq!(of(r#"{"id":"o-1"}"#), Ok("o-1".to_owned()));
        assert_eq!(of(r#"{"id":17}"#), Ok("17".to_owned()));
        assert_eq!(
            of(r#"{"x":1}"#).unwrap_err().to_string(),
            "the event has no member `id`, which `id_field` names"
        );
        assert_eq!(
            of(r#"{"id":null}"#).unwrap_err().to_string(),
            "the member `id`, which `id_field` names, is neither a string nor a number"
        );
        assert_eq!(of(r#"{"id":""}"#).unwrap_err().to_string(), "the event id is empty");
        assert_eq!(
            of(r#"{"id":"a\tb"}"#).unwrap_err().to_string(),
            "the event id has a control character at byte 1"
        );
        assert_eq!(
            of(r#"{"id":"a~part~1"}"#).unwrap_err().to_string(),
            "the event id has `~part~` in it, which is kept for the parts of events: leave it out"
        );
    }

    /// Scenario: a request with a refused line is corrected and sent again under its key.
    /// Guarantees: every event keeps its id, since the position counts refused lines.
    #[test]
    fn a_key_gives_ids_by_position() {
        let mut ids = Ids::from_key("batch-7").unwrap();
        assert_eq!(ids.next(1), "batch-7-0");
        assert_eq!(ids.next(3), "batch-7-2");
        assert_eq!(Ids::from_key(&"x".repeat(256)).unwrap_err(), KeyError::TooLong(256));
        assert!(Ids::from_key("").is_err() && Ids::from_key("x~part~1").is_err());
    }

    /// Scenario: some events bring an id along, some don't. Guarantees: both get one, and the same ones when sent again.
    #[test]
    fn what_has_no_id_gets_one() {
        let mut ids = Ids::from_key("k").unwrap().or_given(vec!["own".to_owned(), String::new()]);
        let mut again = ids.clone();
        for ids in [&mut ids, &mut again] {
            assert_eq!(
                (ids.next(1).to_owned(), ids.next(2).to_owned()),
                ("own".to_owned(), "k-1".to_owned())
            );
        }
    }

    proptest! {
        /// Scenario: many events in one request, whatever the random draw.
        /// Guarantees: valid UUIDv7s that sort in the order of the events.
        #[test]
        fn made_ids_ascend(unix_ms in 0u64..1 << 48, random: [u8; 10]) {
            let mut ids = Ids::made(unix_ms, random);
            let all: Vec<String> = (1..50).map(|line| ids.next(line).to_owned()).collect();
            prop_assert!(all.is_sorted_by(|earlier, later| earlier < later));
            for id in all {
                let uuid = uuid::Uuid::try_parse(&id).unwrap();
                prop_assert_eq!(uuid.get_version_num(), 7);
                prop_assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
            }
        }
    }
}
