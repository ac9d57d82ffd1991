//! How a bed is to be.

use std::fmt;
use std::path::PathBuf;

use forebay_testkit::servers::Kind;

use crate::tier::{Crew, Tier};

/// How a bed is to be.
#[derive(Clone, Debug)]
pub struct Ground {
    /// What takes the documents.
    pub search: Search,
    /// Whether there are rules.
    pub rules: bool,
    /// Partitions of each topic: as many as members or more, so that all have some.
    pub partitions: i32,
    /// How many processes there may be.
    pub seats: Crew,
    /// Whether things are to break: a proxy on every line, a disk that can be full, short time-outs.
    pub breaks: bool,
    /// Whether servers start slower and run faster, for figures.
    pub for_speed: bool,
    /// Where the tiers' programs are; none: beside this one.
    pub binaries: Option<PathBuf>,
}

/// What takes the documents.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Search {
    /// A real server.
    Server(Kind),
    /// A fake one in this process, which keeps documents by their ids and indexes nothing: as good for counting, and it takes next
    /// to nothing of the machine.
    Fake,
}

// === impl Ground ===

impl Ground {
    /// For a run in which everything breaks.
    #[must_use]
    pub fn of_chaos(search: Kind, rules: bool) -> Self {
        Self {
            search: Search::Server(search),
            rules,
            partitions: 6,
            seats: Crew::each(Tier::seats),
            breaks: true,
            for_speed: false,
            binaries: None,
        }
    }
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(kind) => kind.fmt(f),
            Self::Fake => f.write_str("a fake store, which keeps documents by their ids"),
        }
    }
}
