//! A schedule before it runs: what there is, what comes in, what breaks and when.
//!
//! A plan is drawn from a seed, and is plain data: shrinking takes parts of it away.

use std::time::Duration;

use crate::fault::{Fault, FaultKind};
use crate::rng::Rng;

/// How the parsers hand on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// Batches are sent again until they are acknowledged.
    AtLeastOnce,
    /// Batches are sent in transactions.
    ExactlyOnce,
}

/// What an event is like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// It parses, and is indexed.
    Good,
    /// It doesn't parse until somebody mends the rules.
    Unparsable,
    /// The cluster refuses it until somebody mends the mapping.
    Unmappable,
    /// The cluster takes no document of its size.
    Huge,
}

/// An event that a client is going to send.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    /// When it is sent first.
    pub at: Duration,
    /// What it is like.
    pub kind: Kind,
    /// Whose it is: each tenant has an index of its own.
    pub tenant: u8,
    /// Bytes of its text.
    pub size: usize,
    /// How many documents the rules make of it, up to [`MOST_DOCUMENTS`]; none if they drop it.
    pub documents: u8,
}

/// The most documents that the rules make of an event.
pub const MOST_DOCUMENTS: u8 = 3;

/// How often small things go wrong, in a thousand cases.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rates {
    /// A produced record isn't written, and the producer hears so.
    pub produce_fails: u32,
    /// A produced record is written, and the producer hears that it wasn't.
    pub produce_lost_ack: u32,
    /// A produced record takes up to a second.
    pub produce_slow: u32,
    /// A commit doesn't arrive.
    pub commit_lost: u32,
    /// A commit is done, and reported as failed.
    pub commit_lost_answer: u32,
    /// A step of a transaction doesn't arrive, or its answer doesn't.
    pub transaction_retry: u32,
    /// A step of a transaction is refused, so that it has to be aborted.
    pub transaction_abort: u32,
    /// A seek, a poll or the like fails in a way that only a new client puts right.
    pub client_fails: u32,
    /// A bulk request isn't answered, though it may have been carried out.
    pub bulk_timeout: u32,
    /// A bulk request is refused as a whole.
    pub bulk_refused: u32,
    /// A bulk request's answer is cut off.
    pub bulk_cut: u32,
    /// A document is refused for now.
    pub item_refused: u32,
    /// A bulk request takes up to two seconds.
    pub bulk_slow: u32,
}

/// The bounds that the workers are given.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Records in a parser's batch.
    pub batch: usize,
    /// Bytes under way in a parser.
    pub parser_in_flight: usize,
    /// Records in a load of the indexer.
    pub load: usize,
    /// Bytes under way in an indexer.
    pub indexer_in_flight: usize,
    /// Requests at once.
    pub requests: usize,
    /// The largest request, in bytes.
    pub request_bytes: usize,
    /// The largest request that the cluster takes, in bytes.
    pub cluster_takes: usize,
    /// How long a shut target keeps others waiting; zero for ever.
    pub divert_after: Duration,
}

/// A whole schedule.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where everything random in it comes from.
    pub seed: u64,
    /// How the parsers hand on.
    pub delivery: Delivery,
    /// Partitions of the topic of raw events.
    pub raw_partitions: i32,
    /// Partitions of the topic of documents.
    pub events_partitions: i32,
    /// Parsers to begin with.
    pub parsers: usize,
    /// Indexers to begin with.
    pub indexers: usize,
    /// Whether members keep their names across restarts (KIP-345).
    pub static_members: bool,
    /// The bounds.
    pub bounds: Bounds,
    /// What clients send.
    pub events: Vec<Planned>,
    /// What breaks, in the order of time.
    pub faults: Vec<Fault>,
    /// What goes wrong in passing, until `calm_at`.
    pub rates: Rates,
    /// When everything works again, and stays so.
    pub calm_at: Duration,
    /// Whether the mapping is mended then. A target that refuses most of its documents waits for that.
    pub mended_at_calm: bool,
}

// === impl Plan ===

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::new(crate::rng::mix(seed ^ 0x0070_6c61_6e00));
        let rng = &mut rng;
        let calm_at = rng.millis(500, 3_000);
        let delivery = if rng.chance(500) { Delivery::ExactlyOnce } else { Delivery::AtLeastOnce };
        let (parsers, indexers) = (rng.size(1, 2), rng.size(1, 2));
        let is_large = rng.below(1_000) == 0;
        let bounds = if is_large { Bounds::large(rng) } else { Bounds::draw(rng) };
        let tenants = rng.between(1, 3);
        let count = if is_large { rng.size(1_200, 2_500) } else { rng.size(3, 40) };
        let bad = rng.pick(&[0, 0, 50, 200, 500]).unwrap_or(0);
        let mut events: Vec<Planned> =
            (0..count).map(|_| Planned::draw(rng, calm_at, tenants, bad, &bounds)).collect();
        if is_large {
            // One tenant's template is broken.
            events.iter_mut().for_each(|event| *event = event.in_a_large_plan());
        }
        let mut faults: Vec<Fault> = (0..rng.between(0, 5)).map(|_| Fault::draw(rng, calm_at)).collect();
        if bad > 0 && rng.chance(500) {
            faults.push(Fault {
                at: rng.millis(500, 4_000),
                kind: FaultKind::Replay { mended: rng.chance(600) },
            });
        }
        faults.sort_by_key(|fault| fault.at);
        let mut plan = Self {
            seed,
            delivery,
            raw_partitions: i32::from(rng.chance(700)) + i32::from(rng.chance(400)) + 1,
            events_partitions: i32::from(rng.chance(700)) + i32::from(rng.chance(400)) + 1,
            parsers,
            indexers,
            static_members: rng.chance(300),
            bounds,
            events,
            faults,
            rates: Rates::draw(rng),
            calm_at,
            mended_at_calm: is_large,
        };
        plan.draw_documents();
        if crate::rng::mix(seed ^ 0x6765_6e74_6c6f).is_multiple_of(16) { plan.made_gentle(rng) } else { plan }
    }

    /// In half of the schedules the rules split events and drop some. Drawn apart, so that all else is what it was before they
    /// did.
    fn draw_documents(&mut self) {
        let mut rng = Rng::new(crate::rng::mix(self.seed ^ 0x0073_706c_6974));
        let (split, dropped) = (rng.below(600), rng.below(600));
        if rng.chance(500) {
            return;
        }
        for event in &mut self.events {
            let (is_split, is_dropped) = (rng.below(1_000) < split, rng.below(1_000) < dropped);
            let number = rng.size(2, usize::from(MOST_DOCUMENTS));
            event.documents = match (is_split, is_dropped) {
                // What doesn't parse at first isn't dropped later: what became of it would be no one thing.
                (_, true) if event.kind != Kind::Unparsable => 0,
                (true, _) => u8::try_from(number).unwrap_or(1),
                _ => 1,
            };
        }
    }

    /// The same with events that become one document each, as all did once.
    #[must_use]
    pub fn one_to_one(mut self) -> Self {
        self.events.iter_mut().for_each(|event| event.documents = 1);
        self
    }

    /// The same with nothing but workers that come and go in good order, so that there is enough of that.
    fn made_gentle(mut self, rng: &mut Rng) -> Self {
        self.rates = Rates::default();
        self.faults = (0..rng.between(2, 6)).map(|_| Fault::gentle(rng, self.calm_at)).collect();
        self.faults.sort_by_key(|fault| fault.at);
        self
    }
}

impl Plan {
    /// When the last fault is over: when all calms down, or when the last dead letters are replayed.
    #[must_use]
    pub fn last_fault_at(&self) -> Duration {
        self.faults.last().map_or(self.calm_at, |fault| fault.at.max(self.calm_at))
    }
}

impl Plan {
    /// Whether nothing fails on the parsers' way: workers are added and told to end, and the cluster may do what it likes.
    #[must_use]
    pub fn is_gentle(&self) -> bool {
        let Rates {
            produce_fails,
            produce_lost_ack,
            produce_slow,
            commit_lost,
            commit_lost_answer,
            client_fails,
            ..
        } = self.rates;
        let rates =
            produce_fails + produce_lost_ack + produce_slow + commit_lost + commit_lost_answer + client_fails;
        rates == 0 && self.faults.iter().all(|fault| fault.kind.is_gentle())
    }
}

// === impl Bounds ===

impl Bounds {
    fn draw(rng: &mut Rng) -> Self {
        let cluster_takes = rng.size(1_500, 6_000);
        Self {
            batch: rng.size(1, 12),
            parser_in_flight: rng.size(300, 4_000),
            load: rng.size(1, 12),
            indexer_in_flight: rng.size(2_000, 20_000),
            requests: rng.size(1, 3),
            request_bytes: rng.size(500, 8_000),
            cluster_takes,
            divert_after: rng.pick(&[Duration::ZERO, Duration::from_secs(1)]).unwrap_or_default(),
        }
    }

    /// For so many events that the share of refused documents is judged, which takes a thousand of them.
    fn large(rng: &mut Rng) -> Self {
        Self {
            batch: rng.size(50, 200),
            parser_in_flight: rng.size(20_000, 100_000),
            load: rng.size(30, 200),
            indexer_in_flight: rng.size(100_000, 400_000),
            requests: rng.size(1, 3),
            request_bytes: rng.size(5_000, 60_000),
            cluster_takes: rng.size(10_000, 50_000),
            ..Self::draw(rng)
        }
    }
}

// === impl Planned ===

impl Planned {
    fn draw(rng: &mut Rng, until: Duration, tenants: u64, bad: u32, bounds: &Bounds) -> Self {
        let at = Duration::from_micros(rng.below(u64::try_from(until.as_micros()).unwrap_or(u64::MAX)));
        let kind = if rng.chance(bad) {
            rng.pick(&[Kind::Unparsable, Kind::Unmappable, Kind::Unmappable, Kind::Huge])
                .unwrap_or(Kind::Good)
        } else {
            Kind::Good
        };
        let size = if kind == Kind::Huge { bounds.cluster_takes } else { rng.size(0, 200) };
        Self { at, kind, tenant: u8::try_from(rng.below(tenants)).unwrap_or(0), size, documents: 1 }
    }

    /// Huge ones would take their time one by one; nearly all of one tenant's are refused.
    const fn in_a_large_plan(self) -> Self {
        match self.kind {
            Kind::Huge => Self { kind: Kind::Good, size: 0, ..self },
            Kind::Good if self.tenant == 0 && self.size > 20 => Self { kind: Kind::Unmappable, ..self },
            _ => self,
        }
    }
}

// === impl Rates ===

impl Rates {
    /// Each kind of trouble is absent from half of the schedules, so that some of them meet each one alone.
    fn draw(rng: &mut Rng) -> Self {
        let harshness = rng.pick(&[0, 20, 100, 300]).unwrap_or(0);
        let mut rate =
            || if rng.chance(500) { u32::try_from(rng.below(harshness + 1)).unwrap_or(0) } else { 0 };
        Self {
            produce_fails: rate(),
            produce_lost_ack: rate(),
            produce_slow: rate(),
            commit_lost: rate(),
            commit_lost_answer: rate(),
            transaction_retry: rate(),
            transaction_abort: rate() / 2,
            client_fails: rate() / 10,
            bulk_timeout: rate(),
            bulk_refused: rate(),
            bulk_cut: rate() / 2,
            item_refused: rate() * 2,
            bulk_slow: rate(),
        }
    }
}
