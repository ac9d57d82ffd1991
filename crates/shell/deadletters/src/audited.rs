//! What is recorded of a job in the audit topic: what it is about to do, and what came of it.
//!
//! The audit line of the state topic (`audit`) belongs to the letters, and is compacted; records can't be changed unnoticed.

use forebay_audit::{Action, Entry, Hash, State};
use forebay_audit_log::Writer;
use forebay_settings::sections::KafkaSettings;

use crate::DeadLettersError;
use crate::audit::{AuditLine, EDIT};
use crate::job::{Job, Report, Task};

/// What the writers of these records are called.
const KIND: &str = "dead-letters";

/// A job that is recorded.
#[derive(Debug)]
pub(crate) struct Audited {
    writer: Writer,
    planned: Entry,
}

// === impl Audited ===

impl Audited {
    /// Records that a job begins, unless it changes nothing or is not to be recorded.
    ///
    /// # Errors
    /// When the record can't be written: the job must not begin.
    pub(crate) async fn begin(
        kafka: &KafkaSettings,
        job: &Job,
        run: &str,
        now_ms: i64,
    ) -> Result<Option<Self>, DeadLettersError> {
        if job.dry_run || job.unaudited {
            return Ok(None);
        }
        let planned = entry(job, &AuditLine::begin(job, run, now_ms), job.topic.name(&kafka.topics));
        let mut writer = Writer::open(kafka, KIND).await.map_err(DeadLettersError::Audit)?;
        let record = planned.clone().in_state(State::Planned);
        writer.write(&record).await.map_err(DeadLettersError::Audit)?;
        Ok(Some(Self { writer, planned }))
    }

    /// Records how it ended. What was done stays done: an error is told in the log.
    pub(crate) async fn end(mut self, outcome: &Result<Report, DeadLettersError>) {
        let entry = match outcome {
            Ok(report) => ended(self.planned, report),
            Err(error) => self.planned.in_state(State::Failed).detail("error", &error.to_string()),
        };
        if let Err(error) = self.writer.write(&entry).await {
            tracing::error!(%error, "the audit topic has that the work began, and not how it ended");
        }
    }
}

fn entry(job: &Job, line: &AuditLine, topic: &str) -> Entry {
    let action = match job.task {
        Task::Replay { .. } => Action::DlqReplay,
        Task::Park => Action::DlqPark,
        Task::Purge | Task::Free => Action::DlqPurge,
    };
    let entry = Entry::new(&line.actor, action, topic).detail("run", &line.run).detail("task", &line.task);
    let entry =
        line.filter.iter().fold(entry, |entry, (name, value)| entry.detail(&format!("filter.{name}"), value));
    line.options.iter().fold(entry, |entry, (name, value)| match name.as_str() {
        EDIT => entry.detail("option.edit", &digest(value)),
        _ => entry.detail(&format!("option.{name}"), value),
    })
}

/// What stands for a correction: it may hold what is to be in events, so that its text is no matter for records, which nobody can
/// delete. The state topic has it.
fn digest(program: &str) -> String {
    format!("sha256:{} ({} bytes)", Hash::of(program.as_bytes()), program.len())
}

fn ended(planned: Entry, report: &Report) -> Entry {
    let state = if report.is_complete() { State::Done } else { State::Failed };
    let counts = [
        ("matched", report.matched),
        ("replayed", report.replayed),
        ("parked", report.parked),
        ("purged", report.purged),
        ("superseded", report.superseded),
        ("failed", report.failed),
        ("deleted", report.deleted),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    let entry =
        counts.fold(planned.in_state(state), |entry, (name, count)| entry.detail(name, &count.to_string()));
    let entry = entry.detail("error", report.error.as_deref().unwrap_or_default());
    if report.stopped { entry.detail("stopped", "true") } else { entry }
}
