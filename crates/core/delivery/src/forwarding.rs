//! Batches that were handed on to other topics and have no acknowledgement yet.
//!
//! Oldest first: a batch of which not everything was taken is sent again as a whole, after a pause, and those behind it wait
//! for it. That is safe because an event's id is fixed where it enters, and it keeps the order of a stream on a retry.

use std::collections::VecDeque;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::converted::{Acknowledged, Converted};
use crate::outcome::{BrokerAck, Tally};
use crate::receipt::Receipt;
use crate::transaction::Records;
use crate::worker::Worker;

/// How the brokers answered for a batch.
#[derive(Debug)]
pub enum Handed {
    /// Everything that was sent is acknowledged; nothing may have had to be sent.
    Over(Acknowledged),
    /// Not everything that was sent was taken.
    Failed,
}

/// What became of the oldest batch.
#[derive(Debug)]
pub enum Progress<B> {
    /// Nothing yet.
    Nothing,
    /// It is settled.
    Settled(B),
    /// Its partitions were taken away: its records come again, to whoever has them now.
    Stale(B),
    /// It was refused, and will be sent again after this pause.
    Refused(Duration),
    /// Send it again now, and give it back to [`Forwarding::sent_again`].
    SendAgain(B, Receipt),
}

/// Batches under way, oldest first. Time is a duration since any fixed moment, given by the caller.
#[derive(Debug)]
pub struct Forwarding<B> {
    batches: VecDeque<Sent<B>>,
    backoff: Backoff,
}

#[derive(Debug)]
struct Sent<B> {
    batch: B,
    receipt: Receipt,
    /// Set once it was refused: when to send it again.
    again_at: Option<Duration>,
}

// === impl Handed ===

impl Handed {
    /// The answer for a batch that was converted so, once the brokers have answered for all that was sent of it: `None` stands
    /// for documents, or letters, of which not all were taken.
    #[must_use]
    pub fn of(converted: Converted, documents: Option<BrokerAck>, letters: Option<BrokerAck>) -> Self {
        let (Some(documents), Some(letters)) = (documents, letters) else { return Self::Failed };
        converted.acknowledged(documents, letters).map_or(Self::Failed, Self::Over)
    }
}

// === impl Forwarding ===

impl<B> Forwarding<B> {
    /// Nothing under way; `backoff` gives the pauses before a refused batch is sent again.
    #[must_use]
    pub const fn new(backoff: Backoff) -> Self {
        Self { batches: VecDeque::new(), backoff }
    }

    /// How many batches are under way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batches.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// The batches under way, oldest first.
    pub fn batches(&self) -> impl Iterator<Item = &B> {
        self.batches.iter().map(|sent| &sent.batch)
    }

    /// A batch was sent.
    pub fn sent(&mut self, batch: B, receipt: Receipt) {
        self.batches.push_back(Sent { batch, receipt, again_at: None });
    }

    /// The oldest batch was sent again.
    pub fn sent_again(&mut self, batch: B, receipt: Receipt) {
        self.batches.push_front(Sent { batch, receipt, again_at: None });
    }

    /// Looks at the oldest batch. `answer` says how the brokers answered for it, `None` while they have not; `random` is
    /// uniform over all of `u64`.
    pub fn advance(
        &mut self,
        now: Duration,
        worker: &mut Worker,
        random: impl FnOnce() -> u64,
        answer: impl FnOnce(&B) -> Option<Handed>,
    ) -> Progress<B> {
        let Some(mut oldest) = self.batches.pop_front() else { return Progress::Nothing };
        if let Some(at) = oldest.again_at {
            if now < at {
                self.batches.push_front(oldest);
                return Progress::Nothing;
            }
            return match worker.forget_stale(oldest.receipt) {
                Ok(()) => Progress::Stale(oldest.batch),
                Err(receipt) => Progress::SendAgain(oldest.batch, receipt),
            };
        }
        let Some(handed) = answer(&oldest.batch) else {
            self.batches.push_front(oldest);
            return Progress::Nothing;
        };
        match worker.settle(oldest.receipt, &tally(handed)) {
            Ok(()) => {
                self.backoff.succeeded();
                Progress::Settled(oldest.batch)
            }
            Err(short) => {
                let pause = self.backoff.refused(random(), None);
                oldest.receipt = short.receipt;
                oldest.again_at = Some(now + pause);
                self.batches.push_front(oldest);
                Progress::Refused(pause)
            }
        }
    }

    /// How all batches fare that are in one transaction.
    pub fn fare(&self, mut answer: impl FnMut(&B) -> Option<Handed>) -> Records {
        let mut fare = Records::Acknowledged;
        for sent in &self.batches {
            match answer(&sent.batch) {
                Some(Handed::Failed) => return Records::Failed,
                None => fare = Records::UnderWay,
                Some(Handed::Over(proof)) => {
                    if proof.records() != sent.receipt.records() {
                        return Records::Failed;
                    }
                }
            }
        }
        fare
    }

    /// The transaction that holds all batches is committed, with these offsets: each batch is settled. Answers them.
    pub fn committed(
        &mut self,
        worker: &mut Worker,
        offsets: &[(i32, i64)],
        mut answer: impl FnMut(&B) -> Option<Handed>,
    ) -> Vec<B> {
        let mut settled = Vec::with_capacity(self.batches.len());
        for Sent { batch, receipt, .. } in self.batches.drain(..) {
            let tally = answer(&batch).map(tally).unwrap_or_default();
            match worker.settle(receipt, &tally) {
                Ok(()) => settled.push(batch),
                // The committed offsets are past it. Who commits a transaction that doesn't add up has a fault; it shows in
                // the count of abandoned receipts.
                Err(short) => drop(short.receipt),
            }
        }
        worker.committed_by_transaction(offsets);
        self.backoff.succeeded();
        settled
    }

    /// Gives all batches up, so that their records are read again: their transaction was aborted, or the consumer stops.
    /// Answers them, and how long to wait before the next try.
    pub fn give_up(&mut self, random: u64) -> (Vec<B>, Duration) {
        let given_up = self.batches.drain(..).map(|Sent { batch, receipt, .. }| {
            receipt.give_up();
            batch
        });
        (given_up.collect(), self.backoff.refused(random, None))
    }
}

fn tally(handed: Handed) -> Tally {
    let mut tally = Tally::default();
    if let Handed::Over(proof) = handed {
        tally.hand_over(proof);
    }
    tally
}

#[cfg(test)]
mod tests;
