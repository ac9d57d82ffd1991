//! Does what is due, each with a record of it in the audit trail, before and after.

use forebay_audit::{Action, Entry, State};
use forebay_audit_log::Writer;
use forebay_kafka::KafkaError;
use forebay_settings::sections::KafkaSettings;
use forebay_store::{RequestFailure, Store};
use jiff::Timestamp;

use super::{Due, Task};
use crate::output::warn;
use crate::target::chain;

/// What became of one target.
pub(crate) type Ended = Result<(), RequestFailure>;

/// Where it is recorded that targets are closed and deleted, and by whom.
pub(crate) struct Book(Option<(Writer, String)>);

// === impl Book ===

impl Book {
    /// Nothing is recorded.
    pub(crate) const NONE: Self = Self(None);

    /// Records with this actor, by a writer of this kind.
    pub(crate) async fn open(kafka: &KafkaSettings, kind: &str, actor: &str) -> Result<Self, KafkaError> {
        Ok(Self(Some((Writer::open(kafka, kind).await?, actor.to_owned()))))
    }

    /// Does what is due for one target. An error means that it can't be recorded, and was not done.
    pub(crate) async fn carry_out(&mut self, store: &dyn Store, due: &Due) -> Result<Ended, KafkaError> {
        let Some((writer, actor)) = &mut self.0 else { return Ok(due.carry_out(store).await) };
        writer.write(&entry(due, actor).in_state(State::Planned)).await?;
        let ended = due.carry_out(store).await;
        let end = match &ended {
            Ok(()) => entry(due, actor),
            Err(error) => entry(due, actor).in_state(State::Failed).detail("error", &chain(error)),
        };
        if let Err(error) = writer.write(&end).await {
            let name = &due.target.name;
            warn(format!("the audit topic has that `{name}` was begun, and not how it ended: {error}"));
        }
        Ok(ended)
    }
}

fn entry(due: &Due, actor: &str) -> Entry {
    let action = match due.task {
        Task::Close => Action::TargetClose,
        Task::Delete => Action::TargetDelete,
    };
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    Entry::new(actor, action, &due.target.name)
        .detail("tenant", &due.tenant)
        .detail("ended", &moment(due.ended_ms))
        .detail("documents", &number(due.target.documents))
        .detail("bytes", &number(due.target.bytes))
}

/// A time in milliseconds since the Unix epoch, as people and records read it.
pub(crate) fn moment(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |moment| moment.to_string())
}
