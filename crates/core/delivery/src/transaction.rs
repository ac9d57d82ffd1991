//! When a transaction is committed or aborted.
//!
//! A transaction (KIP-98, KIP-447) holds the batches that were sent since it began, and the offsets of their records, so that
//! readers of committed records see each batch once or not at all. It is closed after a while: nothing more goes in, its
//! records' acknowledgements are waited for, then offsets and records are committed as one.
//!
//! ```text
//! Idle ──sent──► Open ──due, finish──► Closing ──all acknowledged──► Commit ──► Idle
//!                  └──────── one failed ──┴──────────► Abort: read again from what is committed
//! ```

use std::time::Duration;

/// How the records of a transaction fare.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Records {
    /// Some are not acknowledged yet.
    UnderWay,
    /// All are acknowledged.
    Acknowledged,
    /// One is not going to be.
    Failed,
}

/// What to do about the transaction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TransactionStep {
    /// Nothing.
    GoOn,
    /// Put nothing more into it, and wait.
    Close,
    /// Put the offsets in, and commit it.
    Commit,
    /// Abort it, give all its batches up, and read them again.
    Abort,
}

/// The state of a consumer's transaction. Time is a duration since any fixed moment, given by the caller.
#[derive(Clone, Copy, Debug)]
pub struct Transaction {
    interval: Duration,
    open_since: Option<Duration>,
    closing: bool,
}

// === impl Transaction ===

impl Transaction {
    /// Transactions are closed once they are `interval` old.
    #[must_use]
    pub const fn new(interval: Duration) -> Self {
        Self { interval, open_since: None, closing: false }
    }

    /// Whether one is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open_since.is_some()
    }

    /// Whether something may be put into it, or into a new one.
    #[must_use]
    pub const fn takes_more(&self) -> bool {
        !self.closing
    }

    /// One was begun.
    pub fn begun(&mut self, now: Duration) {
        let _since = self.open_since.get_or_insert(now);
    }

    /// It is to be closed now, since partitions are given up or the consumer stops.
    pub const fn finish(&mut self) {
        self.closing = self.open_since.is_some();
    }

    /// What to do, given how its records fare.
    pub fn next(&mut self, now: Duration, records: Records) -> TransactionStep {
        let Some(since) = self.open_since else { return TransactionStep::GoOn };
        self.closing |= now.saturating_sub(since) >= self.interval;
        match records {
            Records::Failed => TransactionStep::Abort,
            Records::Acknowledged if self.closing => TransactionStep::Commit,
            Records::UnderWay if self.closing => TransactionStep::Close,
            Records::UnderWay | Records::Acknowledged => TransactionStep::GoOn,
        }
    }

    /// It was committed or aborted.
    pub const fn ended(&mut self) {
        self.open_since = None;
        self.closing = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(200);

    fn open() -> Transaction {
        let mut transaction = Transaction::new(INTERVAL);
        transaction.begun(Duration::ZERO);
        transaction
    }

    #[test]
    fn is_committed_when_it_is_due_and_all_is_acknowledged() {
        let mut transaction = open();
        assert_eq!(transaction.next(INTERVAL / 2, Records::Acknowledged), TransactionStep::GoOn);
        assert!(transaction.takes_more());
        assert_eq!(transaction.next(INTERVAL, Records::UnderWay), TransactionStep::Close);
        assert!(!transaction.takes_more());
        assert_eq!(transaction.next(INTERVAL, Records::Acknowledged), TransactionStep::Commit);
        transaction.ended();
        assert!(transaction.takes_more() && !transaction.is_open());
        assert_eq!(transaction.next(INTERVAL * 9, Records::Acknowledged), TransactionStep::GoOn);
    }

    #[test]
    fn a_record_that_failed_aborts_it_at_once() {
        assert_eq!(open().next(Duration::ZERO, Records::Failed), TransactionStep::Abort);
    }

    #[test]
    fn is_closed_before_its_time_on_request() {
        let mut transaction = open();
        transaction.finish();
        assert_eq!(transaction.next(Duration::ZERO, Records::Acknowledged), TransactionStep::Commit);
        let mut idle = Transaction::new(INTERVAL);
        idle.finish();
        assert!(idle.takes_more(), "there is nothing to finish");
    }
}
