//! The three tiers that are put to the test.

use std::fmt;

use clap::ValueEnum;

/// A tier of the pipeline.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, ValueEnum)]
pub enum Tier {
    /// Takes events in.
    Ingest,
    /// Makes documents of them.
    Parser,
    /// Writes documents.
    Indexer,
}

/// How many processes of each tier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Crew {
    /// Of ingest.
    pub ingest: usize,
    /// Of the parser.
    pub parser: usize,
    /// Of the indexer.
    pub indexer: usize,
}

// === impl Tier ===

impl Tier {
    /// All of them, in the order of an event's way.
    pub const ALL: [Self; 3] = [Self::Ingest, Self::Parser, Self::Indexer];

    /// How many processes of it there are all the time.
    pub const MEMBERS: usize = 2;

    /// The name of its binary.
    #[must_use]
    pub const fn binary(self) -> &'static str {
        match self {
            Self::Ingest => "forebay-ingest",
            Self::Parser => "forebay-parser",
            Self::Indexer => "forebay-indexer",
        }
    }

    /// How many processes of it there may be: consumers may get one more for a while, which makes their group rebalance.
    #[must_use]
    pub const fn seats(self) -> usize {
        match self {
            Self::Ingest => Self::MEMBERS,
            Self::Parser | Self::Indexer => Self::MEMBERS + 1,
        }
    }
}

// === impl Crew ===

impl Crew {
    /// As many of each tier as this says.
    #[must_use]
    pub fn each(number: impl Fn(Tier) -> usize) -> Self {
        let [ingest, parser, indexer] = Tier::ALL.map(number);
        Self { ingest, parser, indexer }
    }

    /// How many of this tier.
    #[must_use]
    pub const fn of(self, tier: Tier) -> usize {
        match tier {
            Tier::Ingest => self.ingest,
            Tier::Parser => self.parser,
            Tier::Indexer => self.indexer,
        }
    }

    /// The place of each of them: its tier, and its number there from 0.
    pub fn places(self) -> impl Iterator<Item = (Tier, usize)> {
        Tier::ALL.into_iter().flat_map(move |tier| (0..self.of(tier)).map(move |number| (tier, number)))
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ingest => "ingest",
            Self::Parser => "parser",
            Self::Indexer => "indexer",
        })
    }
}
