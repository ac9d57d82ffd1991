//! What can become of a record, counted for a batch.

/// Proof that the brokers have so many records: all in-sync replicas acknowledged them.
///
/// Only `forebay-kafka` makes one, from a delivery report that has no failure in it.
#[derive(Debug, Eq, PartialEq)]
#[must_use]
pub struct BrokerAck {
    records: u64,
}

impl BrokerAck {
    /// For `forebay-kafka` alone, and there only where a delivery report says so.
    pub const fn from_delivery_report(records: u64) -> Self {
        Self { records }
    }

    /// How many records it stands for.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }
}

/// The outcomes of a batch's records. There is no entry for "failed": a record that failed is retried or dead-lettered,
/// and until then the tally doesn't add up.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Written to the search server.
    pub indexed: u64,
    /// Already there, under the same id.
    pub duplicate: u64,
    /// Handed on to the next topic.
    pub forwarded: u64,
    /// In the dead-letter topic.
    pub dead_lettered: u64,
    /// Left out on purpose, by a rule.
    pub dropped: u64,
}

impl Tally {
    /// Counts records that the next topic has.
    pub fn forward(&mut self, ack: BrokerAck) {
        self.forwarded += ack.records;
    }

    /// Counts records that the dead-letter topic has.
    pub fn dead_letter(&mut self, ack: BrokerAck) {
        self.dead_lettered += ack.records;
    }

    /// How many records it accounts for.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.indexed + self.duplicate + self.forwarded + self.dead_lettered + self.dropped
    }
}
