//! Who did what to dead letters: one line a run, in the state topic.
//!
//! It is written when the run begins and again, under the same key, when it ends: a run that was killed stays there without
//! an end. What it was asked for stands in it as on the command line; nothing of what the letters hold does.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::decide::Destination;
use crate::job::{Job, Report, Task};
use crate::place::LetterTopic;

/// What the keys of these records begin with.
pub const KEY_PREFIX: &str = "run/";

/// The option that holds a correction.
pub(crate) const EDIT: &str = "edit";

/// One run.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AuditLine {
    /// The name of the run.
    pub run: String,
    /// What was done: `replay`, `park`, `purge`, `purge --done`.
    pub task: String,
    /// Who did it.
    pub actor: String,
    /// When it began, as RFC 3339.
    pub started_at: String,
    /// When it ended, as RFC 3339; nothing when it is under way or was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// The letters that were meant, by the names of the command line.
    pub filter: BTreeMap<String, String>,
    /// The other options, by the names of the command line.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

impl AuditLine {
    /// The line of a job that begins now, at `now_ms` milliseconds since the Unix epoch.
    #[must_use]
    pub fn begin(job: &Job, run: &str, now_ms: i64) -> Self {
        let mut options = BTreeMap::new();
        let mut option = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                let _new = options.insert(name.to_owned(), value);
            }
        };
        option("limit", job.limit.map(|limit| limit.to_string()));
        option("rate", job.rate.map(|rate| rate.to_string()));
        option("passing", job.passing.then(|| "true".to_owned()));
        option(EDIT, job.edit.as_ref().map(|edit| edit.source().to_owned()));
        option("parked", (job.topic == LetterTopic::Parked).then(|| "true".to_owned()));
        if let Task::Replay { to, .. } = job.task {
            option(
                "to",
                match to {
                    Destination::Origin => None,
                    Destination::Raw => Some("raw".to_owned()),
                    Destination::Events => Some("events".to_owned()),
                },
            );
        }
        let conditions = job.filter.conditions().into_iter();
        Self {
            run: run.to_owned(),
            task: job.task.name().to_owned(),
            actor: job.actor.clone(),
            started_at: rfc3339(now_ms),
            ended_at: None,
            filter: conditions.map(|(name, value)| (name.to_owned(), value)).collect(),
            options,
            report: None,
        }
    }

    /// The line of a run that ends now.
    #[must_use]
    pub fn end(self, report: &Report, now_ms: i64) -> Self {
        Self { ended_at: Some(rfc3339(now_ms)), report: Some(report.clone()), ..self }
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{KEY_PREFIX}{}", self.run)
    }
}

/// A time in milliseconds since the Unix epoch as text; one that no calendar has stays a number.
pub(crate) fn rfc3339(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;

    #[test]
    fn says_who_did_what_and_what_came_of_it() {
        let filter = Filter { tenant: Some("acme".to_owned()), ..Filter::default() };
        let job = Job { filter, limit: Some(5), ..Job::new(Task::REPLAY, "ann@ops-1") };
        let begun = AuditLine::begin(&job, "r-1", 1000);
        assert_eq!((begun.key().as_str(), begun.ended_at.as_deref()), ("run/r-1", None));
        let ended = begun.end(&Report { replayed: 5, ..Report::default() }, 2000);
        let json = serde_json::to_value(&ended).unwrap();
        assert_eq!((&json["actor"], &json["filter"]["tenant"]), (&"ann@ops-1".into(), &"acme".into()));
        assert_eq!((&json["options"]["limit"], &json["report"]["replayed"]), (&"5".into(), &5.into()));
        assert_eq!(json["ended_at"], "1970-01-01T00:00:02Z");
        assert_eq!(serde_json::from_value::<AuditLine>(json).unwrap(), ended);
    }
}
