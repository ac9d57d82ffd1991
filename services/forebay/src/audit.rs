//! What a person does with this command, recorded before it is done, and how it ended.

use forebay_audit::{Entry, State};
use forebay_audit_log::Writer;
use forebay_kafka::KafkaError;
use forebay_settings::sections::KafkaSettings;

use crate::exit::{Exit, Failure};
use crate::output::warn;
use crate::target::chain;

/// What the writers of these records are called.
pub(crate) const KIND: &str = "cli";

/// Something that is about to be done, and is recorded unless nobody can or wants.
pub(crate) struct Audited(Option<(Writer, Entry)>);

/// Why nothing was done: it can't be recorded.
pub(crate) fn refused(error: &KafkaError) -> Failure {
    let exit = match error {
        KafkaError::Unreachable(_) | KafkaError::Timeout(_) | KafkaError::Busy(_) => Exit::Unreachable,
        KafkaError::Settings(_) => Exit::Settings,
        _ => Exit::Failed,
    };
    let what = format!("the audit topic can't be written, so that nothing was done: {}", chain(error));
    Failure::new(exit, what).hint("mend that, or give --unaudited to do it without a record")
}

/// Says that there will be no record.
pub(crate) fn warn_unaudited() {
    warn("--unaudited: no audit record says that this was done");
}

/// A writer of such records.
async fn writer(kafka: &KafkaSettings) -> Result<Writer, Failure> {
    Writer::open(kafka, KIND).await.map_err(|error| refused(&error))
}

// === impl Audited ===

impl Audited {
    /// Nothing is recorded.
    pub(crate) const NOT: Self = Self(None);

    /// Records what is about to be done. An error means that it must not be done.
    pub(crate) async fn plan(kafka: &KafkaSettings, entry: Entry) -> Result<Self, Failure> {
        let mut writer = writer(kafka).await?;
        writer.write(&entry.clone().in_state(State::Planned)).await.map_err(|error| refused(&error))?;
        Ok(Self(Some((writer, entry))))
    }

    /// Records how it ended.
    pub(crate) async fn end<T, E: std::error::Error>(self, outcome: &Result<T, E>) {
        let Some((mut writer, entry)) = self.0 else { return };
        let entry = match outcome {
            Ok(_) => entry,
            Err(error) => entry.in_state(State::Failed).detail("error", &chain(error)),
        };
        if let Err(error) = writer.write(&entry).await {
            warn(format!("the audit topic has that this was begun, and not how it ended: {error}"));
        }
    }
}
