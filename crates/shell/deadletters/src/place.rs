//! Where a letter stands.

use std::fmt;
use std::str::FromStr;

use forebay_settings::sections::TopicSettings;

/// The topics that hold letters.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum LetterTopic {
    /// Where the tiers write what they can't process.
    #[default]
    DeadLetters,
    /// Where a replay puts what was replayed too often, and `park` what a person wants out of the way.
    Parked,
}

/// A partition and an offset in one of these topics.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

impl LetterTopic {
    /// The topic's name in this installation.
    #[must_use]
    pub fn name(self, topics: &TopicSettings) -> &str {
        match self {
            Self::DeadLetters => &topics.dead_letters,
            Self::Parked => &topics.parked,
        }
    }

    /// The one with this name, if there is one.
    #[must_use]
    pub fn named(name: &str, topics: &TopicSettings) -> Option<Self> {
        [Self::DeadLetters, Self::Parked].into_iter().find(|topic| topic.name(topics) == name)
    }
}

impl FromStr for Place {
    type Err = String;

    /// `PARTITION:OFFSET`, both from 0.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once(':').and_then(|(partition, offset)| {
            Some(Self { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
        });
        let place = numbers.filter(|place| place.partition >= 0 && place.offset >= 0);
        place.ok_or_else(|| {
            format!("`{}` is no place: give PARTITION:OFFSET, as lists show it", text.escape_debug())
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.partition, self.offset)
    }
}
