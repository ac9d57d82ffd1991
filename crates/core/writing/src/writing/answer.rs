//! What came of a request.

use std::time::Duration;

use forebay_bulk::{BulkAnswer, ItemError, ItemOutcome, RequestFailure};
use forebay_record::key;

use super::review::unavailable;
use super::{NO_TARGET, Writing, reason_of_status};
use crate::batch::Batch;
use crate::event::{Event, Shut, Way};
use crate::load::{Confirmed, Load, Run};
use crate::options::ACTIVE;
use crate::part::{Part, Sending};
use crate::recent::Moment;

/// What an answer left of a part.
#[derive(Debug, Default)]
struct Rest {
    /// Refused for now.
    again: Vec<Left>,
    /// Refused for good.
    refused: Vec<Left>,
}

/// A document that isn't done.
#[derive(Debug)]
struct Left {
    index: usize,
    target: u32,
    error: Box<ItemError>,
}

/// When the documents of an answer were received, by the rows that they belong to.
#[derive(Debug, Default)]
struct Receipts(Vec<(u32, Runs)>);

/// Times of receipt, each with how many neighbours share it.
type Runs = Vec<(Option<i64>, u64)>;

// === impl Receipts ===

impl Receipts {
    /// A document was confirmed. Neighbours nearly always share row and time.
    fn add(&mut self, row: u32, received_ms: Option<i64>) {
        let known = self.0.iter().rposition(|(known, _)| *known == row);
        let runs = match known.and_then(|at| self.0.get_mut(at)) {
            Some((_, runs)) => runs,
            None => &mut self.0.push_mut((row, Vec::new())).1,
        };
        match runs.last_mut() {
            Some((last, count)) if *last == received_ms => *count += 1,
            _ => runs.push((received_ms, 1)),
        }
    }

    fn of(self, load: &Load) -> impl Iterator<Item = Confirmed> {
        self.0.into_iter().filter_map(|(row, received)| {
            let row = load.rows.get(row as usize)?;
            Some(Confirmed { tenant: row.tally.tenant.clone(), received })
        })
    }
}

// === impl Writing ===

impl<B: Batch> Writing<B> {
    /// A request was answered, or failed. `random` is for the pauses.
    pub fn answered(
        &mut self,
        sending: Sending,
        answer: Result<BulkAnswer, RequestFailure>,
        now: Duration,
        random: u64,
    ) {
        self.under_way = self.under_way.saturating_sub(1);
        let documents_answered = !matches!(
            answer,
            Err(RequestFailure::Busy { .. } | RequestFailure::Unreachable { .. } | RequestFailure::Answer(_))
        );
        self.cluster.note(documents_answered);
        match answer {
            Ok(answer) => self.read(sending, answer, now, random),
            Err(failure) => self.failed(sending, failure, now, random),
        }
    }

    fn read(&mut self, sending: Sending, answer: BulkAnswer, now: Duration, random: u64) {
        let moment = Moment { sent: sending.sent.at, answered: now };
        let total = answer.outcomes.len();
        let is_fresh = sending.parts.iter().any(|part| part.backoff.refusals() == 0);
        let mut outcomes = answer.outcomes.into_iter();
        let mut rests = Vec::with_capacity(sending.parts.len());
        for part in sending.parts {
            let mut own = outcomes.by_ref().take(part.request.len());
            let rest = self.count(&part, own.by_ref());
            // Of a part that nobody waits for any more they are still there; the next part must not get them.
            own.for_each(drop);
            rests.push((part, rest));
        }
        let again = || rests.iter().flat_map(|(_, rest)| &rest.again);
        let (refused_now, busy) = (again().count(), again().filter(|left| left.error.status >= 429).count());
        let first = again().next().map(|left| left.error.clone());
        for left in rests.iter().flat_map(|(_, rest)| rest.again.iter().chain(&rest.refused)) {
            if let Some(target) = self.targets.get_mut(left.target) {
                // The last one stands; their number is that of the refused.
                target.error.clone_from(&left.error);
            }
        }
        let is_probe = !sending.probes.is_empty();
        self.judge(&sending.probes, moment, random);
        if is_probe {
            // A few documents say nothing about the pace.
        } else if busy * 2 > total {
            self.pace.refused(sending.sent, now);
        } else {
            self.pace.taken(sending.sent, now);
        }
        // What was refused before has a pause of its own; it doesn't hold up the others, while these are taken.
        let holds_up = !is_probe
            && (is_fresh || !self.passed_lately(now))
            && again().any(|left| !self.is_shut(left.target));
        match first {
            Some(error) => {
                self.events
                    .push(Event::Retried { reason: reason_of_status(error.status), items: refused_now });
                if refused_now == total && holds_up {
                    let detail = format!("{}: {}", error.error_type, error.reason);
                    self.refused_by_all(sending.sent.at, now, random, None, detail);
                } else if refused_now < total {
                    self.store_answers();
                }
            }
            None => self.store_answers(),
        }
        for (part, rest) in rests {
            self.place(part, rest, now, random);
        }
    }

    /// Counts what is done, and says what isn't. Neighbours with the same row are counted at once.
    fn count(&mut self, part: &Part, outcomes: impl Iterator<Item = ItemOutcome>) -> Rest {
        let mut rest = Rest::default();
        let Some(source) = self.sources.get(&part.source) else { return rest };
        let (number, mut done) = (source.load, 0);
        let Some(load) = self.loads.get_mut(&number) else { return rest };
        let mut end = |row: Option<u32>, run: Run| {
            done += run.done();
            if let Some(target) = row.and_then(|row| load.count(row, &run))
                && self.targets.count(target, &run)
            {
                self.touched.push(target);
            }
        };
        let (mut run, mut run_row) = (Run::default(), None);
        let mut receipts = Receipts::default();
        for (index, outcome) in outcomes.enumerate() {
            let tag = part.request.tag(index);
            let row = tag.and_then(|tag| source.row_of.get(tag as usize).copied());
            if let (ItemOutcome::Indexed, Some(tag), Some(row)) = (&outcome, tag, row) {
                receipts.add(row, key::received_ms(source.records.key(tag as usize)));
            }
            if row != run_row {
                end(run_row, std::mem::take(&mut run));
                run_row = row;
            }
            match outcome {
                ItemOutcome::Indexed => run.indexed += 1,
                ItemOutcome::Duplicate => run.duplicate += 1,
                ItemOutcome::FailureStored => {
                    run.indexed += 1;
                    run.failure_stored += 1;
                }
                ItemOutcome::Retry(error) => {
                    run.again += 1;
                    rest.again.push(Left { index, target: row.unwrap_or(NO_TARGET), error });
                }
                ItemOutcome::Refused(error) => {
                    run.refused += 1;
                    rest.refused.push(Left { index, target: row.unwrap_or(NO_TARGET), error });
                }
            }
        }
        end(run_row, run);
        self.confirmed.extend(receipts.of(load));
        for left in rest.again.iter_mut().chain(&mut rest.refused) {
            // Until here it was the row.
            left.target = load.rows.get(left.target as usize).map_or(NO_TARGET, |row| row.target);
        }
        self.release(part.source, usize::try_from(done).unwrap_or(usize::MAX));
        self.finish_if_done(number);
        rest
    }

    /// Puts what isn't done where it belongs: dead letters, set aside, or sent again after a pause.
    fn place(&mut self, part: Part, rest: Rest, now: Duration, random: u64) {
        let Rest { again, refused } = rest;
        let mut letters: (Vec<u32>, Vec<ItemError>) = Default::default();
        let mut aside: Vec<(u32, usize)> = Vec::new();
        for Left { index, target, error } in refused {
            if self.holds_refused(target) {
                aside.push((target, index));
            } else if let Some(tag) = part.request.tag(index) {
                letters.0.push(tag);
                letters.1.push(*error);
            }
        }
        let mut later = Vec::new();
        let since = self.refused_since(&part, now);
        for Left { index, target, error } in again {
            if self.is_shut(target) {
                aside.push((target, index));
            } else if self.has_waited_enough(target, since, &error, now)
                && let Some(tag) = part.request.tag(index)
            {
                letters.0.push(tag);
                letters.1.push(unavailable(&error));
            } else {
                later.push(index);
            }
        }
        self.dead_letter(part.source, letters.0, letters.1);
        self.set_aside(&part, aside, true, now);
        if later.is_empty() {
            return;
        }
        let left = if later.len() == part.request.len() { Some(part) } else { self.copy_out(&part, &later) };
        if let Some(mut left) = left {
            let pause = left.backoff.refused(random, None);
            left.failures = 0;
            left.refused = Some((since, now));
            self.delay(left, now + pause);
        }
    }

    /// Whether documents that a target refuses for good wait, as the mapping is at fault rather than they.
    fn holds_refused(&self, target: u32) -> bool {
        self.targets.get(target).is_some_and(|target| {
            target.shut == Some(Shut::RefusedShare) && target.way == Way::Held && !target.breaker.is_closed()
        })
    }

    /// Since when documents of a part have been refused for now, while the store took others between any two refusals.
    fn refused_since(&self, part: &Part, now: Duration) -> Duration {
        part.refused.filter(|(_, last)| self.passed_since(*last)).map_or(now, |(since, _)| since)
    }

    fn passed_since(&self, then: Duration) -> bool {
        self.passes.anywhere().is_some_and(|pass| pass.sent >= then)
    }

    fn passed_lately(&self, now: Duration) -> bool {
        self.passes.anywhere().is_some_and(|pass| now.saturating_sub(pass.answered) <= ACTIVE)
    }

    /// Whether a document is dead-lettered though it may pass later: it, or a part of its target (a shard, say), has been
    /// refused for too long, while the rest was written. Too much to do passes by itself, so it is never a reason.
    fn has_waited_enough(&self, target: u32, since: Duration, error: &ItemError, now: Duration) -> bool {
        let after = self.options.divert_after;
        let partly = self.targets.get(target).and_then(|target| target.partly);
        let lasts = |last: Duration| now.saturating_sub(last) <= 2 * ACTIVE;
        let partly = partly.filter(|(_, last)| *last == now || (lasts(*last) && self.passed_since(*last)));
        let since = partly.map_or(since, |(partly, _)| partly.min(since));
        !after.is_zero() && since + after <= now && self.passed_lately(now) && error.status != 429
    }
}
