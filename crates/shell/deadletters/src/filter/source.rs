//! Where a record that failed stood: a topic, a partition, a range of offsets.

use std::fmt;
use std::str::FromStr;

use forebay_record::DeadLetter;
use thiserror::Error;

use crate::marks::wire::parse_range;

/// Records of a topic: all of them, those of a partition, or those between two offsets of a partition.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Source {
    topic: String,
    partition: Option<i32>,
    /// Both ends included.
    offsets: Option<(i64, i64)>,
}

/// A text that names no records.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error(
    "`{0}` names no records: give TOPIC, TOPIC:PARTITION, TOPIC:PARTITION:OFFSET or TOPIC:PARTITION:FIRST-LAST"
)]
pub struct SourceError(String);

impl Source {
    pub(super) fn holds(&self, letter: &DeadLetter) -> bool {
        self.topic == letter.source_topic
            && self.partition.is_none_or(|partition| partition == letter.source_partition)
            && self.offsets.is_none_or(|(first, last)| (first..=last).contains(&letter.source_offset))
    }
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || SourceError(text.chars().take(200).collect());
        let mut parts = text.split(':');
        // A topic's name can't hold a colon.
        let topic = parts.next().filter(|topic| !topic.is_empty()).ok_or_else(wrong)?.to_owned();
        let partition = match parts.next() {
            Some(number) => Some(number.parse().ok().filter(|number| *number >= 0).ok_or_else(wrong)?),
            None => None,
        };
        let offsets = match parts.next() {
            Some(range) => Some(parse_range(range).map_err(|_| wrong())?),
            None => None,
        };
        if parts.next().is_some() { Err(wrong()) } else { Ok(Self { topic, partition, offsets }) }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.topic)?;
        if let Some(partition) = self.partition {
            write!(f, ":{partition}")?;
        }
        match self.offsets {
            Some((first, last)) if first == last => write!(f, ":{first}"),
            Some((first, last)) => write!(f, ":{first}-{last}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_named_by_topic_partition_and_offsets() {
        for text in ["forebay.raw", "forebay.raw:0", "forebay.raw:0:17", "forebay.raw:3:17-20"] {
            assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
        }
        for text in ["", ":0", "t:", "t:a", "t:-1", "t:0:", "t:0:5-4", "t:0:1:2"] {
            assert!(text.parse::<Source>().is_err(), "{text}");
        }
    }
}
