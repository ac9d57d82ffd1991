//! What can become of a record, counted for a batch.

use crate::converted::Acknowledged;

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
///
/// What went to another topic, or was dropped on the way there, gets in only with a proof that the brokers have all that was
/// sent of it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Written to the search server.
    pub indexed: u64,
    /// Already there, under the same id.
    pub duplicate: u64,
    handed_over: u64,
    dead_lettered: u64,
}

impl Tally {
    /// Counts a batch of which the brokers have every document and dead letter.
    #[expect(clippy::needless_pass_by_value, reason = "a proof counts once")]
    pub fn hand_over(&mut self, proof: Acknowledged) {
        self.handed_over += proof.records();
    }

    /// Counts records that the dead-letter topic has.
    pub fn dead_letter(&mut self, ack: BrokerAck) {
        self.dead_lettered += ack.records;
    }

    /// How many records it accounts for.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.indexed + self.duplicate + self.handed_over + self.dead_lettered
    }
}
