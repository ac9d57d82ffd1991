//! What a job does to one letter.

use std::borrow::Cow;
use std::ops::ControlFlow;

use forebay_convert::{Decision, Refusal};
use forebay_kafka::SendError;

use super::{Work, now_ms};
use crate::decide::{ReplayDecision, Return, Terms, decide};
use crate::job::{Progress, Task, count};
use crate::marks::Mark;
use crate::outlet::Outlet;
use crate::place::LetterTopic;
use crate::scan::Entry;
use crate::wording::kind;

impl<P: FnMut(Progress) -> ControlFlow<()>> Work<P> {
    /// Does what is to be done about one letter; answers whether it was dealt with.
    pub(super) fn take(&mut self, entry: &Entry, outlet: Option<&mut Outlet>) -> Result<bool, SendError> {
        let sent = match self.job.task {
            Task::Purge | Task::Free => outlet.map(|outlet| {
                outlet.close(entry, Mark::Purged);
                Ok(())
            }),
            Task::Park => outlet.map(|outlet| outlet.park(entry)),
            Task::Replay { to, max_replays } => {
                self.foresee_edit(entry);
                let max_replays = (self.job.topic == LetterTopic::DeadLetters).then_some(max_replays);
                let topics = &self.settings.kafka.topics;
                let edit = self.job.edit.as_deref();
                let terms = Terms { topics, to, max_replays, now_ms: now_ms(), edit };
                let Entry { letter, record, .. } = entry;
                match decide(letter, &record.key, &record.value, &terms, &mut self.rules) {
                    ReplayDecision::Skip(reason) => {
                        count(&mut self.report.skipped, &reason, 1);
                        return Ok(false);
                    }
                    ReplayDecision::Park => match outlet {
                        None => {
                            self.foresee_done(entry, Mark::Parked);
                            return Ok(true);
                        }
                        Some(outlet) => Some(outlet.park(entry)),
                    },
                    ReplayDecision::Replay(back) => {
                        if let Some(reason) = self.foresee(entry, &back) {
                            count(&mut self.report.kept, &reason, 1);
                            return Ok(false);
                        }
                        outlet.map(|outlet| outlet.send_back(entry, &back))
                    }
                }
            }
        };
        match sent {
            Some(Ok(())) => Ok(true),
            Some(Err(SendError::TooLarge { .. })) => {
                count(&mut self.report.skipped, "too_large", 1);
                Ok(false)
            }
            Some(Err(error)) => Err(error),
            None => {
                self.foresee_done(entry, self.job.task.mark());
                Ok(true)
            }
        }
    }

    /// A dry run: what a correction does.
    fn foresee_edit(&mut self, entry: &Entry) {
        let Some(edit) = self.job.edit.clone().filter(|_| self.job.dry_run) else {
            return;
        };
        if entry.letter.source_topic == self.settings.kafka.topics.raw {
            self.report.edits.get_or_insert_default().add(entry, &edit);
        }
    }

    /// A dry run: it counts as done.
    fn foresee_done(&mut self, entry: &Entry, mark: Mark) {
        *self.report.counter(mark) += 1;
        count(&mut self.report.by_error_type, &entry.letter.error_type, 1);
    }

    /// What the rules would say to a record that goes back; answers why it is to stay, if it is.
    fn foresee(&mut self, entry: &Entry, back: &Return) -> Option<Cow<'static, str>> {
        if self.report.forecast.is_none() && !self.job.passing {
            return None;
        }
        let forecast = &mut self.report.forecast;
        if back.topic != self.settings.kafka.topics.raw {
            forecast.iter_mut().for_each(|forecast| forecast.needs_cluster += 1);
            for record in &back.records {
                self.asking.add(&kind(&entry.letter), &record.key, &record.value);
            }
            return None;
        }
        // A raw event goes back as one record.
        let value = back.records.first().map_or(&[][..], |record| &record.value);
        match self.rules.apply(value, 0, now_ms()) {
            Decision::Documents(made) => {
                forecast.iter_mut().for_each(|forecast| forecast.pass += 1);
                for document in made.documents() {
                    self.asking.add(&kind(&entry.letter), document.key.as_bytes(), document.body);
                }
                None
            }
            Decision::Dropped { reason, .. } => {
                forecast.iter_mut().for_each(|forecast| count(&mut forecast.dropped, &reason, 1));
                None
            }
            Decision::Refused(refused) => {
                let Refusal { error_type, reason, .. } = refused.refusal;
                if let Some(forecast) = forecast {
                    count(&mut forecast.fail, &error_type, 1);
                    let _first_stays = forecast.reasons.entry(error_type.to_string()).or_insert(reason);
                }
                self.job.passing.then_some(error_type)
            }
        }
    }
}

impl Task {
    /// What closes a letter that was dealt with.
    const fn mark(self) -> Mark {
        match self {
            Self::Replay { .. } => Mark::Replayed,
            Self::Park => Mark::Parked,
            Self::Purge | Self::Free => Mark::Purged,
        }
    }
}
