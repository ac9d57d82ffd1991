//! What can be done to dead letters, and what came of it.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use forebay_rules::Edit;
use forebay_store::Store;
use serde::{Deserialize, Serialize};

use crate::DeadLettersError;
use crate::decide::{DEFAULT_MAX_REPLAYS, Destination};
use crate::edits::Edits;
use crate::filter::Filter;
use crate::forecast::Forecast;
use crate::place::LetterTopic;

/// How many different names a count in a report has; the rest is summed up as `other`.
const MAX_NAMES: usize = 100;

/// What to do to each letter that is meant and still open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Task {
    /// Send its event through the pipeline again.
    Replay {
        /// Where to.
        to: Destination,
        /// How often an event is replayed before it is parked instead. Letters of the parked topic go back all the same.
        max_replays: u32,
    },
    /// Move it to the parked topic.
    Park,
    /// Give it up. One that is not of a single tenant deletes what was dealt with, too: see [`Job::frees`].
    Purge,
    /// Nothing: only delete the beginnings of partitions where every letter was dealt with, as a purge does at its end.
    Free,
}

/// How sure it is that nothing is sent twice when the work is killed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Delivery {
    /// Records and marks in one Kafka transaction: nothing is sent twice.
    #[default]
    ExactlyOnce,
    /// For brokers without transactions: a batch that was under way at a kill is sent again.
    AtLeastOnce,
}

/// A piece of work on the letters.
#[derive(Clone, Debug)]
pub struct Job {
    /// What to do.
    pub task: Task,
    /// To which letters.
    pub filter: Filter,
    /// In which topic.
    pub topic: LetterTopic,
    /// At most so many, since the run of this name began; `None` for all.
    pub limit: Option<u64>,
    /// At most so many a second; `None` for as fast as it goes.
    pub rate: Option<NonZeroU32>,
    /// Leave raw events open that the current rules would refuse again.
    pub passing: bool,
    /// Mend raw events with this first.
    pub edit: Option<Arc<Edit>>,
    /// Only tell what would be done.
    pub dry_run: bool,
    /// How sure it is that nothing is sent twice.
    pub delivery: Delivery,
    /// Who has it done: for the audit line, and the audit record.
    pub actor: String,
    /// Leave no audit record: for when the audit topic can't be written, and the work can't wait.
    pub unaudited: bool,
    /// What a dry run asks whether it would take the documents; `None` for nobody.
    pub store: Option<Arc<dyn Store>>,
    /// The name of the run; `None` makes one. Work that was broken off goes on under its name, its limit included.
    pub run: Option<String>,
}

/// What a job did, or would have done.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Report {
    /// The name of the run.
    pub run: String,
    /// Open letters that match.
    pub matched: u64,
    /// Letters that match and were dealt with before, by what closed them.
    pub closed_before: BTreeMap<String, u64>,
    /// Letters passed over, since another one of the same event stands for them; they are closed now.
    pub superseded: u64,
    /// Events sent back into the pipeline, and acknowledged.
    pub replayed: u64,
    /// Letters that are in the parked topic now.
    pub parked: u64,
    /// Letters that were given up.
    pub purged: u64,
    /// Letters that can't be sent back, by the reason. They stay open.
    pub skipped: BTreeMap<String, u64>,
    /// Letters left open as was asked, since the current rules would refuse their events again, by the type of the error.
    pub kept: BTreeMap<String, u64>,
    /// Records in the topic that are no letters, or damaged ones; not told of a job on one tenant's letters.
    pub malformed: u64,
    /// Letters that the brokers did not take: they are where they were, and open.
    pub failed: u64,
    /// What was replayed, parked or purged, by the type of the error that it had failed with.
    pub by_error_type: BTreeMap<String, u64>,
    /// What is foretold of the events of a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// What a correction does to events, of a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edits: Option<Edits>,
    /// Whether somebody broke it off.
    pub stopped: bool,
    /// Why it ended early, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether that is since another run has begun, or the client has failed for good: the same command again would end the other one.
    pub taken_over: bool,
    /// Records at the beginning of partitions that Kafka was told to delete.
    pub deleted: u64,
    /// Why it deleted nothing, if it should have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_deleted: Option<String>,
}

/// How far the work is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Records read, in all passes.
    pub read: u64,
    /// Records still to be read, about.
    pub remaining: u64,
    /// Letters dealt with.
    pub done: u64,
}

// === impl Job ===

impl Job {
    /// A job on all letters of the dead-letter topic, without limits.
    #[must_use]
    pub fn new(task: Task, actor: impl Into<String>) -> Self {
        Self {
            task,
            filter: Filter::default(),
            topic: LetterTopic::DeadLetters,
            limit: None,
            rate: None,
            passing: false,
            edit: None,
            dry_run: false,
            delivery: Delivery::default(),
            actor: actor.into(),
            unaudited: false,
            store: None,
            run: None,
        }
    }

    /// Whether it ends with the deletion of letters that were dealt with, from the beginnings of partitions. Tenants stand there side
    /// by side, so that a purge of one tenant's letters deletes none: what is kept of the others is not its to decide.
    #[must_use]
    pub fn frees(&self) -> bool {
        match self.task {
            Task::Free => true,
            Task::Purge => self.filter.tenant.is_none(),
            Task::Replay { .. } | Task::Park => false,
        }
    }
}

impl Task {
    /// A replay to where the events came from.
    pub const REPLAY: Self = Self::Replay { to: Destination::Origin, max_replays: DEFAULT_MAX_REPLAYS };

    /// Its name on the command line and in the audit line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Replay { .. } => "replay",
            Self::Park => "park",
            Self::Purge => "purge",
            Self::Free => "purge --done",
        }
    }
}

// === impl Report ===

impl Report {
    /// How many letters were dealt with.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.replayed + self.parked + self.purged
    }

    /// Whether all that matched was dealt with.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed == 0 && self.error.is_none() && self.skipped.is_empty() && !self.stopped
    }

    /// Notes why it ends early. The first error is the one to tell, and beside it that the run was taken over, which is often behind it and
    /// known only later.
    pub(crate) fn went_wrong(&mut self, error: &DeadLettersError) {
        let is_taken_over = matches!(error, DeadLettersError::TakenOver(_));
        self.error = match self.error.take() {
            None => Some(error.to_string()),
            Some(first) if is_taken_over && !self.taken_over => Some(format!("{first}; {error}")),
            Some(first) => Some(first),
        };
        self.taken_over |= is_taken_over;
    }
}

/// Counts under a name, of which there are only so many.
pub(crate) fn count(counts: &mut BTreeMap<String, u64>, name: &str, number: u64) {
    let name = if counts.len() < MAX_NAMES || counts.contains_key(name) { name } else { "other" };
    *counts.entry(name.to_owned()).or_default() += number;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a letter isn't taken, then another run begins; or that is all there is.
    /// Guarantees: neither hides the other, and what is said once isn't said again.
    #[test]
    fn what_went_wrong_first_is_told_and_a_takeover_too() {
        let failed = DeadLettersError::Broken("x".to_owned());
        let taken_over = DeadLettersError::TakenOver("fenced".to_owned());
        let told = |errors: &[&DeadLettersError]| {
            let mut report = Report::default();
            errors.iter().for_each(|error| report.went_wrong(error));
            (report.error.unwrap(), report.taken_over)
        };
        let (first, second) = (failed.to_string(), taken_over.to_string());
        assert_eq!(told(&[&failed, &failed]), (first.clone(), false));
        assert_eq!(told(&[&taken_over, &taken_over, &failed]), (second.clone(), true));
        assert_eq!(told(&[&failed, &taken_over, &taken_over]), (format!("{first}; {second}"), true));
    }

    #[test]
    fn a_report_names_only_so_many_types() {
        let mut counts = BTreeMap::new();
        for n in 0..300 {
            count(&mut counts, &format!("type {n}"), 1);
        }
        count(&mut counts, "type 7", 1);
        assert_eq!(counts.len(), MAX_NAMES + 1);
        assert_eq!((counts["other"], counts["type 7"]), (200, 2));
    }

    /// Guarantees: what is everybody's is deleted only by who purges everybody's letters.
    #[test]
    fn a_purge_of_one_tenant_frees_nothing() {
        let filter = Filter { tenant: Some("acme".to_owned()), ..Filter::default() };
        let frees = |task| {
            let all = Job::new(task, "ann@ops");
            let own = Job { filter: filter.clone(), ..all.clone() };
            [all.frees(), own.frees()]
        };
        assert_eq!(frees(Task::Purge), [true, false]);
        assert_eq!(frees(Task::Free), [true, true]);
        assert_eq!([frees(Task::Park), frees(Task::REPLAY)], [[false; 2]; 2]);
    }

    #[test]
    fn what_is_left_over_makes_a_report_incomplete() {
        assert!(Report { replayed: 3, ..Report::default() }.is_complete());
        assert!(
            !Report { skipped: [("unreadable_key".to_owned(), 1)].into(), ..Report::default() }.is_complete()
        );
        assert!(!Report { stopped: true, ..Report::default() }.is_complete());
    }
}
