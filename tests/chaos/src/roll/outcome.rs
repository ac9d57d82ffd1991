//! What a rolling restart has shown.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Options;
use crate::audit::Findings;
use crate::ledger::{Counts, Owed};
use crate::tier::Tier;

/// What a rolling restart has shown.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What it was to be.
    pub options: Options,
    /// Each restart, in its order.
    pub restarts: Vec<Restart>,
    /// From the first one's beginning until everything that was sent meanwhile was acknowledged.
    pub took: Duration,
    /// Events that were acknowledged in that time.
    pub acknowledged: u64,
    /// How long the pipeline took to empty after it.
    pub drained_in: Duration,
    /// The client's answers.
    pub answers: BTreeMap<String, u64>,
    /// The longest time from a batch's first request to its acknowledgement.
    pub slowest: Duration,
    /// What the tiers counted, as far as it could be read.
    pub counts: Counts,
    /// How often the store was given a document that it had, as far as it tells.
    pub conflicts: Option<u64>,
    /// What was acknowledged in all, and what had to become of it.
    pub owed: Owed,
    /// What the search for every event found.
    pub findings: Findings,
    /// The last words of processes that ended by themselves.
    pub surprises: Vec<String>,
}

/// One process and its successor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Restart {
    /// Of which tier.
    pub tier: Tier,
    /// Which of its processes.
    pub number: usize,
    /// Whether the old one ended with success and in time.
    pub clean: bool,
    /// From SIGTERM to its end.
    pub stopped_in: Duration,
    /// From then until the new one was ready.
    pub ready_in: Duration,
    /// The most records that may have been done twice for it; 0 for an ingest, whose clients repeat what wasn't acknowledged.
    pub in_flight: u64,
}

/// Records and documents that were written a second time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Repeated {
    /// In the topic of raw events: a client sent them again.
    pub raw: u64,
    /// In the topic of documents, or of dead letters: a parser did them again.
    pub handed_on: u64,
    /// In the store, which had them and kept the first: those copies, and what an indexer did again.
    pub indexed: u64,
}

// === impl Outcome ===

impl Outcome {
    /// What was written a second time.
    #[must_use]
    pub fn repeated(&self) -> Repeated {
        let raw = self.findings.contents.raw;
        Repeated {
            raw: raw.saturating_sub(self.owed.events),
            handed_on: self.findings.handed_on.saturating_sub(raw),
            indexed: self.conflicts.unwrap_or(self.counts.duplicate),
        }
    }

    /// The most records that may have been done twice, over all restarts.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.restarts.iter().map(|restart| restart.in_flight).sum()
    }

    /// What clients saw that is neither success nor a request to come again.
    #[must_use]
    pub fn errors(&self) -> BTreeMap<&str, u64> {
        let answers = self.answers.iter().map(|(answer, count)| (answer.as_str(), *count));
        answers.filter(|(answer, _)| is_error(answer)).collect()
    }

    /// What went wrong, in words; nothing if all promises were kept.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        let mut failures = self.findings.failures();
        failures.extend(self.counts.beyond(&self.findings.contents));
        failures.extend(self.surprises.iter().cloned());
        let errors = self.errors();
        if !errors.is_empty() {
            failures.push(format!("clients saw {errors:?}"));
        }
        for Restart { tier, number, .. } in self.restarts.iter().filter(|restart| !restart.clean) {
            failures.push(format!("{tier} {number} ended with an error, or not in time"));
        }
        let (repeated, in_flight) = (self.repeated(), self.in_flight());
        // A copy from a topic before shows in the store too.
        if repeated.handed_on > in_flight || repeated.indexed > in_flight + repeated.raw {
            failures.push(format!("{repeated:?}, though only {in_flight} records were in flight"));
        }
        failures
    }
}

/// Whether an answer is neither success nor a request to come again.
fn is_error(answer: &str) -> bool {
    answer != "200" && !answer.starts_with("503 ") && !answer.starts_with("429 ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_be_put_off_is_no_error_and_to_be_cut_off_is() {
        let answers = [
            "200",
            "503 kafka_timeout",
            "429 kafka_slow",
            "connection lost",
            "200 for a part",
            "400 bad_request",
        ];
        assert_eq!(answers.map(is_error), [false, false, false, true, true, true]);
    }
}
