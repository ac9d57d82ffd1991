//! The forms of answers, as the servers write them.
//!
//! Items are turned into outcomes while they are read. An answer to a bulk of thousands is mostly the same few bytes
//! again and again, so those are compared before anything is parsed.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{AnswerError, outcome};
use crate::outcome::{ItemOutcome, MAX_REASON};

/// How many causes behind an error are read.
const MAX_CAUSES: usize = 8;

/// How many outcomes are given room before the first is read.
const RESERVED: usize = 16_384;

/// The longest part of a foreign error page that is kept as a reason, in bytes.
const MAX_PAGE: usize = 256;

/// A filtered answer in which every item was created begins and goes on like this.
const ALL_WELL: &[u8] = br#"{"errors":false,"items":["#;
const CREATED: &[u8] = br#"{"create":{"status":201}}"#;

pub(super) fn read(body: &[u8], expected: usize) -> Result<Vec<ItemOutcome>, AnswerError> {
    if all_created(body, expected) {
        return Ok(vec![ItemOutcome::Indexed; expected]);
    }
    // A reason may quote a document's broken bytes. The outcomes beside it must not be lost to that.
    let text = String::from_utf8_lossy(body);
    let mut deserializer = serde_json::Deserializer::from_str(&text);
    let items = deserializer
        .deserialize_map(Answer { expected })
        .and_then(|items| deserializer.end().map(|()| items))
        .map_err(|error| AnswerError::Malformed(error.to_string()))?;
    items.ok_or_else(|| AnswerError::Malformed("it has no `items`".to_owned()))
}

/// Whether the answer is, byte for byte, that of a request whose every item was created.
fn all_created(body: &[u8], expected: usize) -> bool {
    let Some(mut rest) = body.strip_prefix(ALL_WELL) else { return false };
    for number in 0..expected {
        if number > 0 {
            let Some(after) = rest.strip_prefix(b",") else { return false };
            rest = after;
        }
        let Some(after) = rest.strip_prefix(CREATED) else { return false };
        rest = after;
    }
    rest == b"]}"
}

/// Reads the answer's object. Items beyond the expected number are counted once and not kept.
struct Answer {
    expected: usize,
}

impl<'de> Visitor<'de> for Answer {
    type Value = Option<Vec<ItemOutcome>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the object of a bulk answer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut items = None;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == "items" && items.is_none() {
                items = Some(map.next_value_seed(Items { expected: self.expected })?);
            } else {
                let _skipped: IgnoredAny = map.next_value()?;
            }
        }
        Ok(items)
    }
}

struct Items {
    expected: usize,
}

impl<'de> DeserializeSeed<'de> for Items {
    type Value = Vec<ItemOutcome>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items {
    type Value = Vec<ItemOutcome>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the items of a bulk answer")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        // An honest answer has at least ten bytes an item, but only the items that come show whether it is one.
        let mut outcomes = Vec::with_capacity(self.expected.min(RESERVED));
        while outcomes.len() <= self.expected {
            match seq.next_element::<Item>()? {
                Some(Item(outcome)) => outcomes.push(outcome),
                None => return Ok(outcomes),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(outcomes)
    }
}

/// `{"create": {..}}`: an object with one member, whatever the operation is called.
struct Item(ItemOutcome);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Operation)
    }
}

struct Operation;

impl<'de> Visitor<'de> for Operation {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item with one operation")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let Some((IgnoredAny, result)) = map.next_entry::<IgnoredAny, ItemResult<'de>>()? else {
            return Err(A::Error::custom("an item without an operation"));
        };
        if map.next_key::<IgnoredAny>()?.is_some() {
            return Err(A::Error::custom("an item with several operations"));
        }
        let error = result.error.map(ErrorBody::into_type_and_reason);
        Ok(Item(outcome(result.status, &result.failure_store, error)))
    }
}

#[derive(Deserialize)]
struct ItemResult<'a> {
    status: u16,
    #[serde(borrow, default)]
    failure_store: Cow<'a, str>,
    #[serde(borrow, default)]
    error: Option<ErrorBody<'a>>,
}

/// An error answer to a whole request.
#[derive(Deserialize)]
struct Failed<'a> {
    #[serde(borrow)]
    error: ErrorBody<'a>,
}

pub(super) fn read_error(body: &[u8]) -> (String, String) {
    match serde_json::from_slice::<Failed<'_>>(body) {
        Ok(failed) => failed.error.into_type_and_reason(),
        // A proxy's page, or nothing at all.
        Err(_) => {
            let page = String::from_utf8_lossy(body.get(..MAX_PAGE).unwrap_or(body));
            (String::new(), page.split_whitespace().collect::<Vec<_>>().join(" "))
        }
    }
}

/// An error: in words alone, or with its type, its reason and those behind it.
#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorBody<'a> {
    Words(#[serde(borrow)] Cow<'a, str>),
    Typed(#[serde(borrow)] Cause<'a>),
}

#[derive(Deserialize)]
struct Cause<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    caused_by: Option<Box<Cause<'a>>>,
}

impl ErrorBody<'_> {
    fn into_type_and_reason(self) -> (String, String) {
        let cause = match self {
            Self::Words(words) => return (String::new(), cut(words.into_owned())),
            Self::Typed(cause) => cause,
        };
        let mut reason = cause.reason.unwrap_or_default().into_owned();
        let mut behind = cause.caused_by;
        for _ in 0..MAX_CAUSES {
            let Some(cause) = behind else { break };
            let words = cause.reason.unwrap_or_default();
            // Servers like to repeat the innermost reason at every level.
            if words.is_empty() || !reason.contains(&*words) {
                reason.push_str("; caused by ");
                reason.push_str(cause.kind.as_deref().unwrap_or("an unnamed error"));
                reason.push_str(": ");
                reason.push_str(&words);
            }
            if reason.len() > MAX_REASON {
                break;
            }
            behind = cause.caused_by;
        }
        (cut(cause.kind.unwrap_or_default().into_owned()), cut(reason))
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_REASON));
    text
}
