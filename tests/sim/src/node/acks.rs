//! The answers to what was sent: for each batch, how many records the brokers have.

use std::cell::Cell;

use forebay_delivery::BrokerAck;

/// What a record is counted as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum What {
    /// A document for the next topic.
    Document,
    /// A dead letter.
    Letter,
}

/// How the brokers answered for a batch.
#[derive(Debug)]
pub enum Answer {
    /// Not for every record yet.
    UnderWay,
    /// They have all of it.
    All {
        /// The documents.
        documents: BrokerAck,
        /// The dead letters.
        letters: BrokerAck,
    },
    /// They don't have all of it.
    Failed,
}

/// The counters of one batch.
#[derive(Debug, Default)]
pub struct Acks {
    sent: Cell<u64>,
    failed: Cell<u64>,
    documents: Cell<u64>,
    letters: Cell<u64>,
}

// === impl Acks ===

impl Acks {
    /// Another record is sent.
    pub fn sent(&self) {
        self.sent.set(self.sent.get() + 1);
    }

    /// A record is answered.
    pub fn answered(&self, what: What, ok: bool) {
        let counter = match (ok, what) {
            (false, _) => &self.failed,
            (true, What::Document) => &self.documents,
            (true, What::Letter) => &self.letters,
        };
        counter.set(counter.get() + 1);
    }

    /// Whether a record was refused.
    pub fn has_failed(&self) -> bool {
        self.failed.get() > 0
    }

    /// How many were sent.
    pub fn count(&self) -> u64 {
        self.sent.get()
    }

    /// How many documents the brokers have.
    pub fn documents(&self) -> u64 {
        self.documents.get()
    }

    /// How the brokers answered.
    pub fn answer(&self) -> Answer {
        let (failed, documents, letters) = (self.failed.get(), self.documents.get(), self.letters.get());
        if failed + documents + letters < self.sent.get() {
            Answer::UnderWay
        } else if failed > 0 {
            Answer::Failed
        } else {
            Answer::All {
                documents: BrokerAck::from_delivery_report(documents),
                letters: BrokerAck::from_delivery_report(letters),
            }
        }
    }
}
