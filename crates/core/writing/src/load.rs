//! The books of a load: what is open, and what became of the rest.

use forebay_bulk::ItemError;
use forebay_delivery::{BrokerAck, Receipt, Tally};

/// What became of one tenant's records for one target in a load.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TenantTally {
    /// The tenant; empty for records that can't be read. It may have several rows.
    pub tenant: String,
    /// Documents written.
    pub indexed: u64,
    /// Documents that were there.
    pub duplicate: u64,
    /// Documents in the failure store.
    pub failure_stored: u64,
    /// Dead letters.
    pub dead_lettered: u64,
    /// How many of all these records a replay had sent to the topic itself, past the parser.
    pub replayed: u64,
}

/// Documents that the store has confirmed, of one tenant in one answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Confirmed {
    /// The tenant.
    pub tenant: String,
    /// When their events were received, in milliseconds since the Unix epoch, and how many of them were: neighbours of the
    /// same time stand together. `None` where the key doesn't say, as after a replay.
    pub received: Vec<(Option<i64>, u64)>,
}

/// A load that is done.
#[derive(Debug)]
pub struct Finished {
    /// To be settled ...
    pub receipt: Receipt,
    /// ... with this.
    pub tally: Tally,
    /// For the ledger.
    pub tenants: Vec<TenantTally>,
}

/// Records of one load that are to be sent to the dead-letter topic. Give them back with
/// [`letters_sent`](crate::Writing::letters_sent) or [`letters_failed`](crate::Writing::letters_failed).
#[derive(Debug)]
#[must_use = "letters that are dropped hold their load open"]
pub struct Letters<B> {
    /// The records ...
    pub records: B,
    /// ... and why each of them was refused.
    pub errors: Vec<ItemError>,
    pub(crate) load: u64,
    pub(crate) rows: Vec<u32>,
}

/// A load that isn't done.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) receipt: Receipt,
    pub(crate) rows: Vec<Row>,
    /// Records without an outcome.
    pub(crate) open: usize,
    /// Bytes of records and requests that belong to it.
    pub(crate) bytes: usize,
    tally: Tally,
}

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) target: u32,
    pub(crate) tally: TenantTally,
}

/// What one answer says about neighbours in a request that share a row.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Run {
    pub(crate) indexed: u64,
    pub(crate) duplicate: u64,
    pub(crate) failure_stored: u64,
    pub(crate) refused: u64,
    pub(crate) again: u64,
}

// === impl Run ===

impl Run {
    /// How many need nothing more.
    pub(crate) const fn done(&self) -> u64 {
        self.indexed + self.duplicate
    }
}

// === impl Load ===

impl Load {
    pub(crate) fn new(receipt: Receipt, rows: Vec<Row>, open: usize) -> Self {
        let bytes = receipt.bytes();
        Self { receipt, rows, open, bytes, tally: Tally::default() }
    }

    /// Its bytes are more, or fewer.
    pub(crate) fn resize(&mut self, more: usize, less: usize) {
        self.bytes = (self.bytes + more).saturating_sub(less);
        self.receipt.resize(self.bytes);
    }

    /// Counts what is done of a run; the target of its row comes back.
    pub(crate) fn count(&mut self, row: u32, run: &Run) -> Option<u32> {
        let row = self.rows.get_mut(row as usize)?;
        row.tally.indexed += run.indexed;
        row.tally.duplicate += run.duplicate;
        row.tally.failure_stored += run.failure_stored;
        self.tally.indexed += run.indexed;
        self.tally.duplicate += run.duplicate;
        self.open = self.open.saturating_sub(usize::try_from(run.done()).unwrap_or(usize::MAX));
        Some(row.target)
    }

    /// The brokers have so many of its records as dead letters, of these rows.
    pub(crate) fn dead_lettered(&mut self, rows: &[u32], ack: BrokerAck) {
        for row in rows {
            if let Some(row) = self.rows.get_mut(*row as usize) {
                row.tally.dead_lettered += 1;
            }
        }
        self.open = self.open.saturating_sub(rows.len());
        self.tally.dead_letter(ack);
    }

    pub(crate) fn finish(self) -> Finished {
        let tenants = self.rows.into_iter().map(|row| row.tally).collect();
        Finished { receipt: self.receipt, tally: self.tally, tenants }
    }
}
