//! An intake whose client has failed for good: what can be mended by a new client, and what can't.
//!
//! Some are part of normal operation. Brokers that don't have the new group protocol refuse it, and the classic one is
//! spoken instead. A process that was killed comes back under the instance id of a member whose session is not over; the
//! new protocol refuses it until then, so it waits, polled as ever. It waits too where it may not enter the group, since
//! somebody may allow it. And librdkafka 2.12 may ask wrongly when it joins the new protocol again after a poll that came too
//! late: the broker calls the request invalid. All others are the caller's business.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode as Code};

use super::joining::Joining;
use super::protocol::{Protocol, Remedy, may_fall_back};
use super::{Intake, RecordBatch};
use crate::error::KafkaError;

/// How long to wait before trying again what time or an operator may have mended.
const WAIT: Duration = Duration::from_secs(2);

impl Intake {
    /// What an error of a poll means: it is waited out, or the client is made anew, or nothing helps.
    pub(super) fn overcome(
        &mut self,
        error: &ClientError,
        batch: &mut RecordBatch,
    ) -> Result<(), KafkaError> {
        let error = KafkaError::of(error, &self.setup.options.topic);
        if !error.is_fatal() {
            self.consumer.context().connection.troubled(error);
            return Ok(());
        }
        let Some((code, reason)) = self.consumer.client().fatal_error() else { return Err(error) };
        let topic = self.setup.options.topic.as_str();
        match Remedy::of(code, self.protocol, &self.setup.settings) {
            Remedy::Classic => {
                tracing::info!(
                    topic,
                    reason,
                    "the brokers don't have the new group protocol, the classic one is used"
                );
                self.protocol = Protocol::Classic;
                self.make_anew(batch)
            }
            Remedy::Wait => {
                let trouble = match code {
                    Code::UnreleasedInstanceId => self.fenced(&reason),
                    _ => KafkaError::because(code, topic, reason),
                };
                self.consumer.context().connection.troubled(trouble);
                self.anew_at = Some(Instant::now() + WAIT);
                Ok(())
            }
            Remedy::Fenced => Err(self.fenced(&reason)),
            Remedy::None => Err(KafkaError::Fatal(reason)),
        }
    }

    /// Falls back to the classic protocol where the group can't be joined by the new one, or says so where it may not.
    pub(super) fn look_whether_kept_out(&mut self, batch: &mut RecordBatch) -> Result<(), KafkaError> {
        let group = self.setup.options.group.as_str();
        if self.protocol != Protocol::Consumer || !self.joining.is_kept_out(&self.consumer, group) {
            return Ok(());
        }
        if may_fall_back(&self.setup.settings) {
            tracing::info!(
                group,
                "the group can't be joined by the new group protocol, the classic one is used"
            );
            self.protocol = Protocol::Classic;
            return self.make_anew(batch);
        }
        self.consumer.context().connection.troubled(KafkaError::Busy(format!(
            "group `{group}` can't be joined by the protocol `consumer`: the brokers don't have it, or members of the protocol \
             `classic` are there that can't be moved"
        )));
        Ok(())
    }

    fn fenced(&self, reason: &str) -> KafkaError {
        KafkaError::Fenced(format!(
            "`{instance}`: {reason}",
            instance = self.setup.instance().unwrap_or_default()
        ))
    }

    /// Waits while there is no client, and makes one when it is time. Answers whether there is one.
    pub(super) fn is_made_anew(
        &mut self,
        batch: &mut RecordBatch,
        wait: Duration,
    ) -> Result<bool, KafkaError> {
        let Some(at) = self.anew_at else { return Ok(true) };
        let left = at.saturating_duration_since(Instant::now());
        if left > wait {
            thread::park_timeout(wait);
            return Ok(false);
        }
        thread::park_timeout(left);
        self.make_anew(batch)?;
        Ok(true)
    }

    fn make_anew(&mut self, batch: &mut RecordBatch) -> Result<(), KafkaError> {
        let fresh = self.setup.consumer(self.protocol, self.is_paused())?;
        let old = std::mem::replace(&mut self.consumer, fresh);
        let context = Arc::clone(old.context());
        // The end of the old one takes away what it still had, on this thread; unless it couldn't even end properly.
        drop(old);
        context.abandon();
        let given_up = context.take_given_up();
        batch.remove_partitions(&given_up);
        self.rewind.forget(&given_up);
        self.anew_at = None;
        self.joining = Joining::new();
        Ok(())
    }
}
