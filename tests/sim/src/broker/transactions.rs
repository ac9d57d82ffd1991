//! The transaction coordinator (KIP-98, KIP-447): who may commit, and what is in each transaction.
//!
//! Every transaction has a number of its own, so that a record which arrives after its transaction has ended joins no later
//! one (KIP-890).

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Topic;
use super::log::Record;

/// A producer that has a transactional id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Producer {
    /// The id.
    pub id: u64,
    /// Which of those that had the id.
    pub epoch: u32,
}

/// A transaction that has just ended.
#[derive(Debug)]
pub struct Ended {
    /// Where its records are.
    pub touched: Vec<(Topic, i32)>,
    /// What has become visible.
    pub visible: Vec<(Topic, i32, Rc<Record>)>,
    /// Its offsets: of each partition of the parsers' topic, the next record to read.
    pub offsets: Vec<(i32, i64)>,
}

/// Why a step was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    /// Another producer has the id now, or the transaction was ended by the coordinator.
    Fenced,
}

/// All transactions.
#[derive(Debug, Default)]
pub struct Transactions {
    epochs: BTreeMap<u64, u32>,
    all: BTreeMap<u64, Transaction>,
    last: u64,
}

#[derive(Debug)]
struct Transaction {
    producer: Producer,
    touched: Vec<(Topic, i32)>,
    offsets: Vec<(i32, i64)>,
    /// How it ended.
    committed: Option<bool>,
}

// === impl Transactions ===

impl Transactions {
    /// Somebody takes possession of an id. Answers who that is from now on, and what its predecessor left open, which has
    /// to be aborted.
    pub fn init(&mut self, id: u64) -> (Producer, Vec<u64>) {
        let epoch = self.epochs.entry(id).or_insert(0);
        *epoch += 1;
        let open = self.all.iter().filter(|(_, one)| one.producer.id == id && one.committed.is_none());
        (Producer { id, epoch: *epoch }, open.map(|(number, _)| *number).collect())
    }

    /// A transaction begins.
    pub fn begin(&mut self, producer: Producer) -> u64 {
        self.last += 1;
        let transaction = Transaction { producer, touched: Vec::new(), offsets: Vec::new(), committed: None };
        let _none = self.all.insert(self.last, transaction);
        self.last
    }

    /// Whether something may still be put into it.
    #[must_use]
    pub fn is_open(&self, number: u64) -> bool {
        let Some(one) = self.all.get(&number) else { return false };
        one.committed.is_none() && self.epochs.get(&one.producer.id) == Some(&one.producer.epoch)
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn ended(&self, number: u64) -> Option<bool> {
        self.all.get(&number)?.committed
    }

    /// A record of it is in this partition.
    pub fn touch(&mut self, number: u64, topic: Topic, partition: i32) {
        if let Some(one) = self.all.get_mut(&number)
            && !one.touched.contains(&(topic, partition))
        {
            one.touched.push((topic, partition));
        }
    }

    /// Puts offsets in.
    ///
    /// # Errors
    /// When it isn't the producer's to put something into.
    pub fn put_offsets(&mut self, number: u64, offsets: &[(i32, i64)]) -> Result<(), Refused> {
        if !self.is_open(number) {
            return Err(Refused::Fenced);
        }
        if let Some(one) = self.all.get_mut(&number) {
            one.offsets = offsets.to_vec();
        }
        Ok(())
    }

    /// Ends it, unless it has ended.
    pub(super) fn end(&mut self, number: u64, commit: bool) -> Option<Ended> {
        let one = self.all.get_mut(&number)?;
        if one.committed.is_some() {
            return None;
        }
        one.committed = Some(commit);
        Some(Ended {
            touched: std::mem::take(&mut one.touched),
            visible: Vec::new(),
            offsets: std::mem::take(&mut one.offsets),
        })
    }
}
