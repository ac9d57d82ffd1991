//! What the records of a batch were turned into, and the proof that the brokers have all of it.
//!
//! Records polled and records sent are different things: one polled record may become several documents, a dead letter, or
//! nothing at all. So each polled record is counted once, by its [`Outcome`], and what was sent for them is counted beside.
//! A batch is done when the brokers have acknowledged exactly what was sent, and each polled record has its outcome.

use std::num::NonZeroU64;

use crate::outcome::BrokerAck;

/// What became of one polled record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// So many documents of it were sent to the next topic, and those are all.
    Forwarded(NonZeroU64),
    /// One dead letter of it was sent. Nearly always it is all that was sent, but that one of several documents can't be sent
    /// may show only when others have been.
    DeadLettered {
        /// Documents that were sent before.
        documents: u64,
    },
    /// A rule left it out: nothing was sent.
    Dropped,
}

/// What the records of a batch were turned into.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct Converted {
    forwarded: u64,
    dead_lettered: u64,
    dropped: u64,
    documents: u64,
}

/// Proof that the brokers have every document and every dead letter of a batch.
///
/// [`Converted::acknowledged`] makes it, of the brokers' acknowledgements.
#[derive(Debug, Eq, PartialEq)]
#[must_use]
pub struct Acknowledged {
    converted: Converted,
}

// === impl Converted ===

impl Converted {
    /// One more polled record has its outcome.
    pub const fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Forwarded(documents) => {
                self.forwarded += 1;
                self.documents += documents.get();
            }
            Outcome::DeadLettered { documents } => {
                self.dead_lettered += 1;
                self.documents += documents;
            }
            Outcome::Dropped => self.dropped += 1,
        }
    }

    /// How many polled records it accounts for.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.forwarded + self.dead_lettered + self.dropped
    }

    /// Polled records that became documents.
    #[must_use]
    pub const fn forwarded(&self) -> u64 {
        self.forwarded
    }

    /// Polled records that became dead letters.
    #[must_use]
    pub const fn dead_lettered(&self) -> u64 {
        self.dead_lettered
    }

    /// Polled records that a rule left out.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Documents sent.
    #[must_use]
    pub const fn documents(&self) -> u64 {
        self.documents
    }

    /// Dead letters sent: one for each polled record that became one.
    #[must_use]
    pub const fn letters(&self) -> u64 {
        self.dead_lettered
    }

    /// The proof that all of it is with the brokers; `None` unless they acknowledged exactly what was sent. Where nothing was
    /// sent, acknowledgements of nothing are enough.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "an acknowledgement proves once")]
    pub fn acknowledged(self, documents: BrokerAck, letters: BrokerAck) -> Option<Acknowledged> {
        let all = documents.records() == self.documents && letters.records() == self.letters();
        all.then_some(Acknowledged { converted: self })
    }
}

// === impl Acknowledged ===

impl Acknowledged {
    /// How many polled records it accounts for.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.converted.records()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ack(records: u64) -> BrokerAck {
        BrokerAck::from_delivery_report(records)
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            (1..4_u64).prop_filter_map("not nought", NonZeroU64::new).prop_map(Outcome::Forwarded),
            (0..3_u64).prop_map(|documents| Outcome::DeadLettered { documents }),
            Just(Outcome::Dropped),
        ]
    }

    #[test]
    fn what_was_dropped_needs_no_acknowledgement() {
        let mut converted = Converted::default();
        converted.add(Outcome::Dropped);
        assert_eq!(converted.records(), 1);
        assert!(converted.acknowledged(ack(0), ack(0)).is_some());
    }

    proptest! {
        /// Scenario: any outcomes, any acknowledgements. Guarantees: every polled record counts once, whatever was sent for it,
        /// and there is a proof only where exactly the documents and letters sent are acknowledged.
        #[test]
        fn proofs_cover_what_was_sent(
            outcomes in prop::collection::vec(outcome(), 0..20),
            documents in 0..60_u64,
            letters in 0..20_u64,
            right: bool,
        ) {
            let mut converted = Converted::default();
            outcomes.iter().for_each(|outcome| converted.add(*outcome));
            prop_assert_eq!(converted.records(), outcomes.len() as u64);
            let (documents, letters) =
                if right { (converted.documents(), converted.letters()) } else { (documents, letters) };
            let all = documents == converted.documents() && letters == converted.letters();
            prop_assert_eq!(converted.acknowledged(ack(documents), ack(letters)).is_some(), all);
        }
    }
}
