//! What is going to happen: events in the order of their time, and for the same time in the order in which they were put in.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::Duration;

use crate::broker::group::MemberId;
use crate::broker::log::Record;
use crate::broker::{Tier, Topic};
use crate::cluster::Reply;
use crate::node::acks::{Acks, What};

/// Which process: its place among all that ever were. A process that comes back has the same.
pub type Pid = usize;
/// Which life of which process, by a number that is never used again. Answers to an earlier life are lost.
pub type Life = u64;

/// Something that is going to happen.
#[derive(Debug)]
pub enum Event {
    /// A client sends a planned event.
    Client(usize),
    /// The fault of this number.
    Fault(usize),
    /// Everything works from now on.
    Calm,
    /// A process goes on, unless it was told another time since.
    Turn(Pid, u64),
    /// A produced record reaches the brokers.
    Produce(Box<Flight>),
    /// The answer to one reaches its producer.
    Ack(Rc<Acks>, What, bool, Pid, Life),
    /// The oldest commit of this life that is on its way reaches the brokers.
    Commit(Life),
    /// A member is thrown out, if it has been silent for so long.
    Expire(Tier, MemberId),
    /// Who hasn't given up what it should since that rebalance is thrown out.
    Expel(Tier, u64),
    /// A transaction is aborted, if it is open.
    Timeout(u64),
    /// A bulk request reaches the cluster.
    Bulk(Box<BulkFlight>),
    /// Its answer reaches the indexer.
    BulkReply(Pid, Life, u64, Box<Reply>),
    /// A process is started.
    Start(Pid),
    /// A stopped process goes on.
    Continue(Pid),
    /// A process can reach the brokers again.
    Joined(Pid),
    /// The brokers answer again.
    BrokerUp,
    /// The cluster answers again.
    ClusterUp,
    /// The cluster has room again.
    ClusterIdle,
    /// An index takes documents again.
    IndexOpens(u8),
    /// Whether all is done.
    Look,
}

/// A record on its way to the brokers.
#[derive(Debug)]
pub struct Flight {
    /// Its number, given when it sets out.
    pub number: u64,
    /// Where to.
    pub topic: Topic,
    /// Which partition.
    pub partition: i32,
    /// What.
    pub record: Rc<Record>,
    /// The transaction that it is part of.
    pub transaction: Option<u64>,
    /// Who counts its answer ...
    pub acks: Rc<Acks>,
    /// ... and as what.
    pub what: What,
    /// Who sent it.
    pub pid: Pid,
    /// In which life.
    pub life: Life,
    /// What becomes of it.
    pub fate: Fate,
    /// How long its answer takes.
    pub back: Duration,
    /// When its producer gives up.
    pub until: Duration,
}

/// What becomes of a produced record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// It is written, and the producer knows.
    Written,
    /// It is written, and the producer thinks that it isn't.
    WrittenInSecret,
    /// It isn't written.
    Refused,
}

/// A bulk request on its way.
#[derive(Debug)]
pub struct BulkFlight {
    /// The body.
    pub body: Vec<u8>,
    /// Who sent it.
    pub pid: Pid,
    /// In which life.
    pub life: Life,
    /// Which of its requests.
    pub number: u64,
    /// How long its answer takes.
    pub back: Duration,
    /// When the indexer gives up.
    pub until: Duration,
}

/// The queue.
#[derive(Debug, Default)]
pub struct Queue {
    heap: BinaryHeap<Due>,
    last: u64,
}

/// An event with its time; the number tells those of the same time apart.
#[derive(Debug)]
struct Due {
    at: Duration,
    number: u64,
    event: Event,
}

// === impl Queue ===

impl Queue {
    /// Something is going to happen.
    pub fn push(&mut self, at: Duration, event: Event) {
        self.last += 1;
        self.heap.push(Due { at, number: self.last, event });
    }

    /// What happens next.
    pub fn pop(&mut self) -> Option<(Duration, Event)> {
        self.heap.pop().map(|due| (due.at, due.event))
    }
}

// === impl Due ===

impl Ord for Due {
    /// The earliest is the greatest, as the heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}
