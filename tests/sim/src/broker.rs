//! The simulated brokers: topics, groups, transactions. One cluster that is up or down as a whole.
//!
//! It keeps to what the protocol promises, and uses what it leaves open: answers get lost, records are acknowledged late,
//! members are thrown out.

pub mod group;
pub mod log;
pub mod transactions;

use std::time::Duration;

use crate::plan::Plan;
use group::Group;
use log::{Log, Mark};
use transactions::{Ended, Transactions};

/// A topic.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Topic {
    /// Events as they came.
    Raw,
    /// Documents.
    Events,
    /// Dead letters.
    Letters,
}

/// A consumer group, and the tier that is in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tier {
    /// Reads raw events.
    Parser,
    /// Reads documents.
    Indexer,
}

/// All brokers.
#[derive(Debug)]
pub struct Broker {
    /// Until when nobody answers.
    pub down_until: Option<Duration>,
    /// The transactions.
    pub transactions: Transactions,
    raw: Vec<Log>,
    events: Vec<Log>,
    letters: Log,
    parsers: Group,
    indexers: Group,
}

// === impl Tier ===

impl Tier {
    /// What it reads.
    #[must_use]
    pub const fn topic(self) -> Topic {
        match self {
            Self::Parser => Topic::Raw,
            Self::Indexer => Topic::Events,
        }
    }
}

// === impl Broker ===

impl Broker {
    /// With empty topics.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let logs = |count: i32| (0..count).map(|_| Log::default()).collect();
        Self {
            down_until: None,
            transactions: Transactions::default(),
            raw: logs(plan.raw_partitions),
            events: logs(plan.events_partitions),
            letters: Log::default(),
            parsers: Group::new(plan.raw_partitions),
            indexers: Group::new(plan.events_partitions),
        }
    }

    /// Whether nobody answers.
    #[must_use]
    pub const fn is_down(&self) -> bool {
        self.down_until.is_some()
    }

    /// How many partitions a topic has.
    #[must_use]
    pub fn partitions(&self, topic: Topic) -> i32 {
        let count = match topic {
            Topic::Raw => self.raw.len(),
            Topic::Events => self.events.len(),
            Topic::Letters => 1,
        };
        i32::try_from(count).unwrap_or(i32::MAX)
    }

    /// A partition's log.
    #[must_use]
    pub fn log(&self, topic: Topic, partition: i32) -> &Log {
        let at = usize::try_from(partition).unwrap_or(0);
        match topic {
            Topic::Raw => &self.raw[at],
            Topic::Events => &self.events[at],
            Topic::Letters => &self.letters,
        }
    }

    /// A partition's log, to append to it.
    pub fn log_mut(&mut self, topic: Topic, partition: i32) -> &mut Log {
        let at = usize::try_from(partition).unwrap_or(0);
        match topic {
            Topic::Raw => &mut self.raw[at],
            Topic::Events => &mut self.events[at],
            Topic::Letters => &mut self.letters,
        }
    }

    /// A tier's group.
    #[must_use]
    pub const fn group(&self, tier: Tier) -> &Group {
        match tier {
            Tier::Parser => &self.parsers,
            Tier::Indexer => &self.indexers,
        }
    }

    /// A tier's group, to change it.
    pub const fn group_mut(&mut self, tier: Tier) -> &mut Group {
        match tier {
            Tier::Parser => &mut self.parsers,
            Tier::Indexer => &mut self.indexers,
        }
    }

    /// Ends an open transaction. Its records become visible, or never will; its offsets stop being pending. What it held
    /// comes back.
    pub fn end_transaction(&mut self, number: u64, commit: bool) -> Option<Ended> {
        let mut ended = self.transactions.end(number, commit)?;
        let mark = if commit { Mark::Commit } else { Mark::Abort };
        for (topic, partition) in &ended.touched {
            let visible = self.log_mut(*topic, *partition).end(number, mark);
            ended.visible.extend(visible.into_iter().map(|record| (*topic, *partition, record)));
        }
        self.parsers.settle_pending(number);
        Some(ended)
    }
}
