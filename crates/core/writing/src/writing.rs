//! The machine: what came in, what is sent next, what is done.
//!
//! Its parts: `request` says what is sent next; `answer` and `failure` read what came of it; `shut` draws the conclusions
//! about targets, `aside` keeps the documents of those that are shut, `review` says how long; `memory` has the records that
//! documents belong to; `cluster` knows whether the store as a whole takes anything.

mod answer;
mod aside;
mod cluster;
mod failure;
mod memory;
mod request;
mod review;
mod shut;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use forebay_bulk::RequestFailure;
use forebay_delivery::{Backoff, BrokerAck, Gate, Pace, Receipt};

use self::cluster::Cluster;
use crate::batch::Batch;
use crate::draft::Draft;
use crate::event::{Event, TargetStatus};
use crate::load::{Confirmed, Finished, Letters, Load, Row, TenantTally};
use crate::options::Options;
use crate::part::{Part, Sending, Source};
use crate::recent::Recent;
use crate::target::Targets;
use crate::window::Window;

/// The error type of a document that alone is larger than the server takes.
pub const TOO_LARGE: &str = "document_too_large";
/// The error type of a document whose target didn't take any for too long, while others did.
pub const TARGET_UNAVAILABLE: &str = "target_unavailable";

/// No target: of records that can't be read.
const NO_TARGET: u32 = u32::MAX;

/// The loads of one worker on their way into the store. Time is a duration since any fixed moment, given by the caller;
/// `random` is uniform over all of `u64`, and new with every call.
#[derive(Debug)]
pub struct Writing<B> {
    options: Options,
    backoff: Backoff,
    pace: Pace,
    loads: BTreeMap<u64, Load>,
    sources: BTreeMap<u64, Source<B>>,
    /// Numbers of loads, of sources, and of what waits, in one row.
    last_number: u64,
    /// To be sent, in this order ...
    ready: VecDeque<Part>,
    /// ... after what has waited until then.
    delayed: BTreeMap<(Duration, u64), Part>,
    under_way: usize,
    letters: VecDeque<Letters<B>>,
    letters_under_way: usize,
    letters_backoff: Backoff,
    letters_at: Duration,
    finished: Vec<Finished>,
    cluster: Cluster,
    targets: Targets,
    /// Targets that aren't written as they should be.
    shut: BTreeSet<u32>,
    held_bytes: usize,
    /// The share of refused documents among targets that are too small for a window of their own.
    small: Window,
    /// Who was written last ...
    passes: Recent,
    /// ... and who, of those that aren't shut, refused last.
    refusals: Recent,
    /// Targets that the answer being read is about.
    touched: Vec<u32>,
    events: Vec<Event>,
    confirmed: Vec<Confirmed>,
}

/// What to do next.
#[derive(Debug)]
#[must_use]
pub enum Next<B> {
    /// Send this, say [`Writing::answered`] when an answer has come or failed to, and ask on without waiting for it.
    Send(Sending),
    /// Send these to the dead-letter topic, say [`Writing::letters_sent`] or [`Writing::letters_failed`], and ask on
    /// without waiting for it.
    Letters(Letters<B>),
    /// Nothing before this time, unless something happens.
    WaitUntil(Duration),
    /// Nothing until something happens.
    Idle,
}

// === impl Writing ===

impl<B: Batch> Writing<B> {
    /// Without loads.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let backoff = Backoff::new(options.retry_initial, options.retry_max);
        Self {
            backoff,
            pace: Pace::new(options.pace),
            loads: BTreeMap::new(),
            sources: BTreeMap::new(),
            last_number: 0,
            ready: VecDeque::new(),
            delayed: BTreeMap::new(),
            under_way: 0,
            letters: VecDeque::new(),
            letters_under_way: 0,
            letters_backoff: backoff,
            letters_at: Duration::ZERO,
            finished: Vec::new(),
            cluster: Cluster::new(backoff),
            targets: Targets::new(backoff),
            shut: BTreeSet::new(),
            held_bytes: 0,
            small: Window::default(),
            passes: Recent::default(),
            refusals: Recent::default(),
            touched: Vec::new(),
            events: Vec::new(),
            confirmed: Vec::new(),
            options,
        }
    }

    /// A load is to be written. `receipt` is that of its records.
    pub fn take(&mut self, draft: Draft<B>, mut receipt: Receipt, now: Duration) {
        receipt.resize(draft.bytes());
        let Draft { records, request, rows, row_of, refused, traced } = draft;
        let number = self.number();
        let rows = rows.into_iter().map(|row| {
            let target = if row.target.is_empty() { NO_TARGET } else { self.targets.enter(&row.target, now) };
            let (tenant, replayed) = (row.tenant, row.replayed);
            Row { target, tally: TenantTally { tenant, replayed, ..TenantTally::default() } }
        });
        let rows = rows.collect();
        let open = records.len();
        let _none = self.loads.insert(number, Load::new(receipt, rows, open));
        let bytes = records.bytes() + request.body().len();
        let source = self.number();
        // Held until all documents are where they belong; those refused already keep it a moment.
        let _none =
            self.sources.insert(source, Source { load: number, records, row_of, bytes, traced, open });
        let (tags, errors) = refused.into_iter().unzip();
        self.dead_letter(source, tags, errors);
        if !request.is_empty() {
            self.ready.push_back(Part::new(source, request, self.backoff));
        }
        if open == 0 {
            self.release(source, 0);
            self.finish_if_done(number);
        }
    }

    /// What to do now. Ask again until it answers [`Next::WaitUntil`] or [`Next::Idle`].
    pub fn next(&mut self, now: Duration) -> Next<B> {
        self.review_targets(now);
        if let Some(letters) = self.next_letters(now) {
            return Next::Letters(letters);
        }
        if self.under_way < self.pace.requests() && self.cluster.may_send(now) {
            let sending = self.next_probe(now).or_else(|| self.next_request(now));
            // Looking for a request may have found documents to probe with ...
            let sending = sending.or_else(|| self.next_probe(now));
            if let Some(mut sending) = sending {
                sending.traces = self.traces_of(&sending.parts);
                self.under_way += 1;
                return Next::Send(sending);
            }
        }
        // ... or such that are diverted.
        if let Some(letters) = self.next_letters(now) {
            return Next::Letters(letters);
        }
        self.next_time(now).map_or(Next::Idle, Next::WaitUntil)
    }

    /// The loads that are done since the last call.
    pub fn finished(&mut self) -> Vec<Finished> {
        std::mem::take(&mut self.finished)
    }

    /// What the store has confirmed for the first time since the last call: documents that it already had aren't among them.
    pub fn confirmed(&mut self) -> Vec<Confirmed> {
        std::mem::take(&mut self.confirmed)
    }

    /// What happened since the last call.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The brokers have these letters.
    pub fn letters_sent(&mut self, letters: Letters<B>, ack: BrokerAck) {
        self.letters_under_way = self.letters_under_way.saturating_sub(1);
        self.letters_backoff.succeeded();
        if let Some(load) = self.loads.get_mut(&letters.load) {
            load.dead_lettered(&letters.rows, ack);
            load.resize(0, letters.records.bytes());
            self.finish_if_done(letters.load);
        }
    }

    /// The brokers don't have all of these letters: all are sent again, after the pause that is answered.
    pub fn letters_failed(&mut self, letters: Letters<B>, now: Duration, random: u64) -> Duration {
        self.letters_under_way = self.letters_under_way.saturating_sub(1);
        let pause = self.letters_backoff.refused(random, None);
        self.letters_at = self.letters_at.max(now + pause);
        if self.loads.contains_key(&letters.load) {
            self.letters.push_front(letters);
        }
        pause
    }

    /// Whether another load may be taken, apart from its bytes.
    #[must_use]
    pub fn gate(&self, now: Duration) -> Gate {
        // What waits for a pause to end is bounded by its bytes alone.
        let waiting = self.ready.len();
        let most = self.options.pace.requests;
        if waiting >= most || self.is_stalled(now) {
            Gate::Shut
        } else if waiting * 2 > most {
            Gate::Ajar
        } else {
            Gate::Open
        }
    }

    /// Loads for which this holds no longer are let go, since their records are somebody else's now. Their receipts come
    /// back; what is under way for them changes nothing any more.
    pub fn abandon(&mut self, keep: impl Fn(&Receipt) -> bool) -> Vec<Receipt> {
        let gone: Vec<u64> =
            self.loads.iter().filter(|(_, load)| !keep(&load.receipt)).map(|(number, _)| *number).collect();
        if gone.is_empty() {
            return Vec::new();
        }
        let receipts = gone.iter().filter_map(|number| self.leave(*number)).collect();
        let loads = &self.loads;
        self.sources.retain(|_, source| loads.contains_key(&source.load));
        self.letters.retain(|letters| loads.contains_key(&letters.load));
        let sources = &self.sources;
        self.ready.retain(|part| sources.contains_key(&part.source));
        self.delayed.retain(|_, part| sources.contains_key(&part.source));
        self.forget_held();
        receipts
    }

    /// The pace at the moment.
    #[must_use]
    pub const fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Loads that aren't done.
    #[must_use]
    pub fn loads(&self) -> usize {
        self.loads.len()
    }

    /// Bytes that the loads hold. With documents that are sent again it can be more than the records and one request each:
    /// a document may be copied before the memory that it came with is free, at most twice as much altogether.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.loads.values().map(|load| load.bytes).sum()
    }

    /// Bytes that are set aside for shut targets, of all that is held.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// The targets that aren't written as they should be.
    #[must_use]
    pub fn targets(&self) -> Vec<TargetStatus> {
        self.shut.iter().filter_map(|number| self.targets.get(*number)?.status()).collect()
    }

    /// What the store as a whole refused with last, while it refuses.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        self.cluster.refusal()
    }

    /// Asked by other means, the store answers again: to be told when nothing is left to write.
    pub fn store_answers(&mut self) {
        if let Some(refusals) = self.cluster.passed() {
            self.events.push(Event::Recovered { refusals });
        }
    }

    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn finish_if_done(&mut self, number: u64) {
        if self.loads.get(&number).is_some_and(|load| load.open == 0)
            && let Some(load) = self.remove(number)
        {
            self.finished.push(load.finish());
        }
    }

    fn leave(&mut self, number: u64) -> Option<Receipt> {
        self.remove(number).map(|load| load.receipt)
    }

    fn remove(&mut self, number: u64) -> Option<Load> {
        let load = self.loads.remove(&number)?;
        load.rows.iter().for_each(|row| self.targets.leave(row.target));
        Some(load)
    }
}

/// A stable name for the failure of a whole request.
#[must_use]
pub const fn failure_name(failure: &RequestFailure) -> &'static str {
    match failure {
        RequestFailure::TooLarge => "too_large",
        RequestFailure::Rejected { .. } => "rejected",
        RequestFailure::Unreachable { .. } => "unreachable",
        RequestFailure::Answer(_) => "unreadable_answer",
        RequestFailure::Busy { status, .. } => reason_of_status(*status),
    }
}

/// A stable name for what a status that passes means.
const fn reason_of_status(status: u16) -> &'static str {
    match status {
        401 => "unauthorized",
        403 => "forbidden",
        429 => "busy",
        500..=599 => "server_error",
        _ => "blocked",
    }
}

#[cfg(test)]
mod tests;
