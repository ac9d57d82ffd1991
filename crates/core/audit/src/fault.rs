//! What can be wrong with the records of a topic.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

/// Where a record stands.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Place {
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
}

/// Something that an honest topic doesn't have. One change may make several.
#[derive(Clone, Debug, Eq, Error, PartialEq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Bytes that are no record.
    #[error("{place}: unreadable: {why}")]
    Unreadable {
        /// Where.
        place: Place,
        /// Why.
        why: String,
    },
    /// A record outside of the one partition that has an order.
    #[error(
        "{place}: in the wrong partition: all records belong to partition 0, something else wrote this one"
    )]
    WrongPartition {
        /// Where.
        place: Place,
    },
    /// Offsets at which there is nothing.
    #[error(
        "{place}: nothing is left of the offsets from here to {to}: records were deleted, or compacted away"
    )]
    Deleted {
        /// The first of them.
        place: Place,
        /// The last of them.
        to: i64,
    },
    /// A record holds another hash than that of the one before.
    #[error("{place}: altered: record {sequence} of {writer} does not fit to the one before{}: one of the two was changed", at(.before.as_ref()))]
    Altered {
        /// The later of the two.
        place: Place,
        /// The writer.
        writer: String,
        /// Its number.
        sequence: u64,
        /// The earlier of the two; none before the first.
        before: Option<Place>,
    },
    /// Numbers of a writer that are nowhere.
    #[error("{place}: missing: records {from} to {to} of {writer} should stand before this one")]
    Missing {
        /// The next record of the writer.
        place: Place,
        /// The writer.
        writer: String,
        /// The first number.
        from: u64,
        /// The last number.
        to: u64,
    },
    /// A record that stands behind later ones of its writer.
    #[error("{place}: out of order: record {sequence} of {writer} stands behind later ones")]
    Reordered {
        /// Where.
        place: Place,
        /// The writer.
        writer: String,
        /// Its number.
        sequence: u64,
    },
    /// Two different records with one number.
    #[error(
        "{place}: forked: there is another record {sequence} of {writer}, at {first}: one of the two is forged"
    )]
    Forked {
        /// The later of the two.
        place: Place,
        /// The writer.
        writer: String,
        /// Their number.
        sequence: u64,
        /// The earlier of the two.
        first: Place,
    },
    /// The record that a writer saw at the end of the topic isn't there, or not before.
    #[error(
        "{place}: record {sequence} of {writer} was written behind a record that is not there any more: removed, altered or moved"
    )]
    Unseen {
        /// Where.
        place: Place,
        /// The writer.
        writer: String,
        /// Its number.
        sequence: u64,
    },
    /// Records of a writer that the anchor knows are not there.
    #[error("cut off: the anchor knows record {anchored} of {writer}, {}", found(*.last))]
    CutOff {
        /// The writer.
        writer: String,
        /// The number in the anchor.
        anchored: u64,
        /// The last number that is there; none if the writer isn't.
        last: Option<u64>,
    },
    /// A record isn't that which the anchor knows.
    #[error("{place}: altered: record {sequence} of {writer} is not the one that the anchor knows")]
    NotAnchored {
        /// Where.
        place: Place,
        /// The writer.
        writer: String,
        /// Its number.
        sequence: u64,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.partition, self.offset)
    }
}

fn at(place: Option<&Place>) -> String {
    place.map(|place| format!(" (at {place})")).unwrap_or_default()
}

fn found(last: Option<u64>) -> String {
    match last {
        Some(last) => format!("its last one here is {last}"),
        None => "none of its records is here".to_owned(),
    }
}
