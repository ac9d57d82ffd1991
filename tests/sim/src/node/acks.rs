//! The answers to what was sent: for each batch, how many records the brokers have.

use std::cell::Cell;

use forebay_delivery::{BrokerAck, Handed};

/// What a record is counted as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum What {
    /// A document for the next topic.
    Document,
    /// A dead letter.
    Letter,
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

    /// How many were sent.
    pub fn count(&self) -> u64 {
        self.sent.get()
    }

    /// How the brokers answered; `None` until they have for every record.
    pub fn handed(&self) -> Option<Handed> {
        let (failed, documents, letters) = (self.failed.get(), self.documents.get(), self.letters.get());
        if failed + documents + letters < self.sent.get() {
            return None;
        }
        Some(if failed > 0 {
            Handed::Failed
        } else {
            Handed::Over {
                forwarded: BrokerAck::from_delivery_report(documents),
                dead_lettered: BrokerAck::from_delivery_report(letters),
            }
        })
    }
}
