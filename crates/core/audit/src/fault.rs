//! What can be wrong with the records of a topic.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::anchor::Known;
use crate::hash::Hash;

/// Where a record stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
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
    #[error("{place}: altered: record {sequence} of {writer} {}", misfit(.before.as_ref()))]
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
    /// A record that stands there a second time, and not right behind the first.
    #[error(
        "{place}: copied: record {sequence} of {writer} stands at {first} already, with others between: somebody put it there, or \
         its writer wrote it again, having had no answer for so long"
    )]
    Copied {
        /// The later of the two.
        place: Place,
        /// The writer.
        writer: String,
        /// Its number.
        sequence: u64,
        /// The earlier of the two.
        first: Place,
    },
    /// Two different records with one number.
    #[error("{place}: forked: there is another record {sequence} of {writer}, at {first}{}", forged(*.held))]
    Forked {
        /// The later of the two.
        place: Place,
        /// The writer.
        writer: String,
        /// Their number.
        sequence: u64,
        /// The earlier of the two.
        first: Place,
        /// Whether the writer's next record holds the earlier of the two.
        held: bool,
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

// === impl Fault ===

impl Fault {
    /// Its name in the report.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::WrongPartition { .. } => "wrong_partition",
            Self::Deleted { .. } => "deleted",
            Self::Altered { .. } => "altered",
            Self::Missing { .. } => "missing",
            Self::Reordered { .. } => "reordered",
            Self::Copied { .. } => "copied",
            Self::Forked { .. } => "forked",
            Self::Unseen { .. } => "unseen",
            Self::CutOff { .. } => "cut_off",
            Self::NotAnchored { .. } => "not_anchored",
        }
    }

    /// What it is known by again, with the hashes of the records that it is about. `None` for what only the heads of an
    /// anchor tell: with new heads it is gone.
    pub(crate) fn known(&self, records: &[Hash]) -> Option<Known> {
        let (place, numbers) = match self {
            Self::CutOff { .. } | Self::NotAnchored { .. } => return None,
            Self::Deleted { place, to } => (*place, format!("{to}")),
            Self::Missing { place, from, to, .. } => (*place, format!("{from} {to}")),
            Self::Unreadable { place, .. }
            | Self::WrongPartition { place }
            | Self::Altered { place, .. }
            | Self::Reordered { place, .. }
            | Self::Copied { place, .. }
            | Self::Forked { place, .. }
            | Self::Unseen { place, .. } => (*place, String::new()),
        };
        let records: Vec<String> = records.iter().map(Hash::to_string).collect();
        let all = format!("{} {place} {numbers} {}", self.name(), records.join(" "));
        Some(Known { place, fault: self.name().to_owned(), hash: Hash::of(all.as_bytes()) })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.partition, self.offset)
    }
}

fn misfit(before: Option<&Place>) -> String {
    match before {
        Some(before) => {
            format!("does not fit to the one before (at {before}): one of the two was changed")
        }
        None => "does not begin as a first record does: it was changed, or is forged".to_owned(),
    }
}

const fn forged(held: bool) -> &'static str {
    if held {
        ", and the writer went on from that one: this one is forged"
    } else {
        ": one of the two is forged"
    }
}

fn found(last: Option<u64>) -> String {
    match last {
        Some(last) => format!("its last one here is {last}"),
        None => "none of its records is here".to_owned(),
    }
}
