//! Marks as records of the state topic.
//!
//! One record holds the marks that one batch gave the letters of one partition: JSON with ranges of offsets, so that any
//! Kafka tool shows what was done. Its key is unique, so that compaction never drops it; it is removed by name, once all
//! its letters are gone from their topic.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Mark;

/// The most letters that one record may mark: more is no record of ours.
pub const MAX_MARKED: u64 = 1_000_000;

/// What the keys of these records begin with.
pub const KEY_PREFIX: &str = "marks/";

/// The marks that one batch gave the letters of one partition.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MarkRecord {
    /// The topic of the letters.
    pub topic: String,
    /// Their partition.
    pub partition: i32,
    /// The Kafka timestamp of the newest of them, in milliseconds since the Unix epoch.
    pub newest_ms: i64,
    /// The run that marked them.
    pub run: String,
    /// The letters' offsets, in rising order, with their marks.
    pub marks: BTreeMap<i64, Mark>,
}

/// A record of the state topic that can't be read.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum WireError {
    /// It isn't the JSON that is written here.
    #[error("it is not readable: {0}")]
    Json(String),
    /// A later version has written it.
    #[error("it has version {0}, this program knows version 1: use a newer forebay")]
    Version(u32),
    /// A range is no range.
    #[error("`{0}` is no range of offsets")]
    Range(String),
    /// It marks more than [`MAX_MARKED`] letters.
    #[error("it marks more than {MAX_MARKED} letters")]
    TooMany,
}

#[derive(Deserialize, Serialize)]
struct Wire {
    v: u32,
    topic: String,
    partition: i32,
    newest_ms: i64,
    run: String,
    marks: BTreeMap<String, String>,
}

impl MarkRecord {
    /// Its key: unique for the run and the batch. A run that was broken off goes on in another process under its name, so that
    /// the batch's number alone would come again.
    #[must_use]
    pub fn key(&self, batch: impl fmt::Display) -> String {
        format!("{KEY_PREFIX}{}/{}/{}/{batch}", self.topic, self.partition, self.run)
    }

    /// Its value.
    ///
    /// # Errors
    /// Never, in fact: what stands in it can always be written as JSON.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        let mut marks = BTreeMap::new();
        for mark in Mark::ALL {
            let offsets = self.marks.iter().filter(|(_, of)| **of == mark).map(|(offset, _)| *offset);
            let ranges = ranges(offsets);
            if !ranges.is_empty() {
                let _new = marks.insert(mark.name().to_owned(), ranges);
            }
        }
        let (topic, run) = (self.topic.clone(), self.run.clone());
        let wire = Wire { v: 1, topic, partition: self.partition, newest_ms: self.newest_ms, run, marks };
        serde_json::to_vec(&wire).map_err(|error| WireError::Json(error.to_string()))
    }

    /// Reads a value. A mark with a name that this version doesn't know closes the letter too, as superseded: it was dealt
    /// with, by a later version.
    ///
    /// # Errors
    /// When it is none, or too large.
    pub fn decode(value: &[u8]) -> Result<Self, WireError> {
        let wire: Wire = serde_json::from_slice(value).map_err(|error| WireError::Json(error.to_string()))?;
        if wire.v != 1 {
            return Err(WireError::Version(wire.v));
        }
        let mut marks = BTreeMap::new();
        let mut left = MAX_MARKED;
        for (name, ranges) in &wire.marks {
            let known = Mark::ALL.into_iter().find(|mark| mark.name() == name);
            let mark = known.unwrap_or(Mark::Superseded);
            for range in ranges.split(',').filter(|range| !range.is_empty()) {
                let (from, to) = parse_range(range)?;
                left = left.checked_sub(to.abs_diff(from) + 1).ok_or(WireError::TooMany)?;
                for offset in from..=to {
                    let _first_stays = marks.entry(offset).or_insert(mark);
                }
            }
        }
        let Wire { topic, partition, newest_ms, run, .. } = wire;
        Ok(Self { topic, partition, newest_ms, run, marks })
    }
}

/// `1-3,7`: rising offsets as text.
fn ranges(offsets: impl Iterator<Item = i64>) -> String {
    let mut text = String::new();
    let mut open: Option<(i64, i64)> = None;
    for offset in offsets {
        match &mut open {
            Some((_, to)) if to.checked_add(1) == Some(offset) => *to = offset,
            _ => {
                push_range(&mut text, open);
                open = Some((offset, offset));
            }
        }
    }
    push_range(&mut text, open);
    text
}

fn push_range(text: &mut String, range: Option<(i64, i64)>) {
    let Some((from, to)) = range else { return };
    let comma = if text.is_empty() { "" } else { "," };
    // Writing to a String can't fail.
    let _infallible =
        if from == to { write!(text, "{comma}{from}") } else { write!(text, "{comma}{from}-{to}") };
}

/// A range of offsets, both ends included: `7` or `1-3`.
pub(crate) fn parse_range(text: &str) -> Result<(i64, i64), WireError> {
    let wrong = || WireError::Range(text.chars().take(64).collect());
    let number = |digits: &str| digits.parse::<i64>().ok().filter(|number| *number >= 0).ok_or_else(wrong);
    let (from, to) = match text.split_once('-') {
        Some((from, to)) => (number(from)?, number(to)?),
        None => (number(text)?, number(text)?),
    };
    if from <= to && to < i64::MAX { Ok((from, to)) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(marks: BTreeMap<i64, Mark>) -> MarkRecord {
        let (topic, run) = ("forebay.dlq".to_owned(), "r-1".to_owned());
        MarkRecord { topic, partition: 3, newest_ms: 1000, run, marks }
    }

    #[test]
    fn a_record_is_readable_for_people() {
        let marks = [1, 2, 3, 7].into_iter().map(|offset| (offset, Mark::Replayed));
        let record = record(marks.chain([(9, Mark::Superseded)]).collect());
        assert_eq!(record.key(4), "marks/forebay.dlq/3/r-1/4");
        assert_eq!(
            String::from_utf8(record.encode().unwrap()).unwrap(),
            r#"{"v":1,"topic":"forebay.dlq","partition":3,"newest_ms":1000,"run":"r-1","marks":{"replayed":"1-3,7","superseded":"9"}}"#
        );
    }

    #[test]
    fn a_range_that_is_none_or_has_no_end_is_refused() {
        let with = |ranges: &str| {
            let json = format!(
                r#"{{"v":1,"topic":"t","partition":0,"newest_ms":0,"run":"","marks":{{"replayed":"{ranges}"}}}}"#
            );
            MarkRecord::decode(json.as_bytes())
        };
        assert_eq!(with("0-9223372036854775806"), Err(WireError::TooMany));
        for wrong in ["a", "-1", "3-1", "1-2-3", "0-9223372036854775807", "1 - 2"] {
            assert!(matches!(with(wrong), Err(WireError::Range(_))), "{wrong}");
        }
        assert_eq!(with("").unwrap().marks.len(), 0);
    }

    #[test]
    fn what_a_later_version_writes_is_not_guessed() {
        let later = br#"{"v":2,"topic":"t","partition":0,"newest_ms":0,"run":"","marks":{}}"#;
        assert_eq!(MarkRecord::decode(later), Err(WireError::Version(2)));
        let unknown = br#"{"v":1,"topic":"t","partition":0,"newest_ms":0,"run":"","marks":{"mended":"4"}}"#;
        assert_eq!(MarkRecord::decode(unknown).unwrap().marks, [(4, Mark::Superseded)].into());
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(marks in prop::collection::btree_map(0..200_i64, 0..4_usize, 0..100)) {
            let record = record(marks.into_iter().map(|(offset, mark)| (offset, Mark::ALL[mark])).collect());
            prop_assert_eq!(MarkRecord::decode(&record.encode().unwrap()), Ok(record));
        }

        /// Scenario: any bytes, and any text where ranges should be. Guarantees: an answer, no panic, no endless work.
        #[test]
        fn survives_anything(bytes: Vec<u8>, ranges in "[0-9,-]{0,60}") {
            let _any = MarkRecord::decode(&bytes);
            let json = format!(
                r#"{{"v":1,"topic":"t","partition":0,"newest_ms":0,"run":"","marks":{{"replayed":"{ranges}"}}}}"#
            );
            let _any = MarkRecord::decode(json.as_bytes());
        }
    }
}
