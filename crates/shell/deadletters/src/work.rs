//! Doing a job: what is meant and open, one letter of each event, batch by batch.
//!
//! The topic is read two or three times: to learn which events have several letters, to look at those if there are any, and
//! to deal with what is meant. Only letters that were there the first time are dealt with.
//!
//! The order at the beginning matters: first the transactional id is taken, which ends what a run before this one left open,
//! and only then the marks are read.

mod letter;
mod passes;

use std::ops::ControlFlow;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use forebay_record::id;
use forebay_settings::Settings;
use forebay_telemetry::{CounterName, Label, counter};
use tokio::runtime::Handle;

use self::passes::within;
use crate::DeadLettersError;
use crate::audit::AuditLine;
use crate::audited::Audited;
use crate::filter::Filter;
use crate::forecast::{Asking, Forecast};
use crate::job::{Delivery, Job, Progress, Report, Task, count};
use crate::marks::Mark;
use crate::outlet::{Committed, Outlet};
use crate::pace::Pace;
use crate::prune;
use crate::rules::Rules;
use crate::scan::{self, Letters};
use crate::state::State;

/// How many letters are closed together. A kill loses at most this much work, and no letter.
const BATCH: u64 = 1000;

/// How many bytes of records a batch has at most, about.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// How long a batch stays open: readers of committed records wait for it.
const BATCH_TIME: Duration = Duration::from_secs(1);

/// How many records are read between two reports of progress.
const PROGRESS_EVERY: u64 = 1000;

/// Why nothing is deleted on a broker without transactions. The embedded one breaks down when it is asked to.
const NEVER_ASKED: &str = "a broker without transactions is not asked to; it goes when its retention ends";

/// How long a wait for the rate lasts before it is looked at again whether to stop.
const WAIT: Duration = Duration::from_millis(100);

/// Does a job. `progress` hears from it now and then and may break it off; what was done until then stays done, and is in the
/// report.
///
/// # Errors
/// When it can't begin: Kafka can't be read, the audit topic can't be written, another run has taken over, the state can't be understood. What stops it later is
/// in the report, with what was done before.
pub async fn run(
    settings: &Settings,
    mut job: Job,
    progress: impl FnMut(Progress) -> ControlFlow<()> + Send + 'static,
) -> Result<Report, DeadLettersError> {
    let run = job.run.get_or_insert_with(new_name).clone();
    let audited = Audited::begin(&settings.kafka, &job, &run, now_ms()).await?;
    let settings = settings.clone();
    let handle = Handle::current();
    let work = move || Work::new(settings, job, progress, handle)?.run();
    let outcome = tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(DeadLettersError::Broken(error.to_string())));
    if let Some(audited) = audited {
        audited.end(&outcome).await;
    }
    outcome
}

struct Work<P> {
    settings: Settings,
    job: Job,
    name: String,
    rules: Rules,
    asking: Asking,
    progress: P,
    handle: Handle,
    report: Report,
    read: u64,
    /// When the sending began, and how much was sent since.
    sending: Instant,
    taken: u64,
    batch_began: Instant,
}

// === impl Work ===

impl<P: FnMut(Progress) -> ControlFlow<()>> Work<P> {
    fn new(settings: Settings, job: Job, progress: P, handle: Handle) -> Result<Self, DeadLettersError> {
        let rules = Rules::new(&settings).map_err(|error| DeadLettersError::Rules(error.to_string()))?;
        let name = job.run.clone().unwrap_or_else(new_name);
        let mut report = Report { run: name.clone(), ..Report::default() };
        if job.dry_run && matches!(job.task, Task::Replay { .. }) {
            report.forecast = Some(Forecast::default());
        }
        let asking = Asking::new(job.store.clone().filter(|_| job.dry_run), handle.clone());
        let now = Instant::now();
        Ok(Self {
            settings,
            job,
            name,
            rules,
            asking,
            progress,
            handle,
            report,
            read: 0,
            sending: now,
            taken: 0,
            batch_began: now,
        })
    }

    fn run(mut self) -> Result<Report, DeadLettersError> {
        let kafka = &self.settings.kafka;
        scan::resolve(kafka, self.job.topic, &mut self.job.filter)?;
        let mut outlet = match self.job.dry_run {
            true => None,
            false => Some(Outlet::open(kafka, self.job.delivery, &self.name, self.handle.clone())?),
        };
        let mut known = State::read_for(kafka, Some(&self.name))?;
        self.taken = known.of_run();
        let line = AuditLine::begin(&self.job, &self.name, now_ms());
        if let Some(outlet) = &mut outlet {
            note(outlet, &line)?;
        }
        let outcome = match self.job.task {
            Task::Free => Ok(()),
            _ => self.deal(&mut known, outlet.as_mut()),
        };
        if let Err(error) = outcome {
            self.report.went_wrong(&error);
        }
        if let Some(forecast) = &mut self.report.forecast {
            forecast.cluster = self.asking.finish();
        }
        if let Some(outlet) = &mut outlet {
            self.finish(&known, outlet, line);
        }
        Ok(self.report)
    }

    /// Makes room, and says in the audit line how it ended.
    fn finish(&mut self, known: &State, outlet: &mut Outlet, line: AuditLine) {
        if self.report.error.is_none() {
            let wanted = self.job.frees() && !self.report.stopped;
            let purge = wanted && self.job.delivery == Delivery::ExactlyOnce;
            if wanted && !purge {
                self.report.not_deleted = Some(NEVER_ASKED.to_owned());
            }
            match prune::prune(&self.settings.kafka, &self.handle, known, self.job.topic, purge, outlet) {
                Ok(deleted) => self.report.deleted = deleted,
                Err(error) => self.report.not_deleted = Some(error.to_string()),
            }
        }
        if let Err(error) = note(outlet, &line.end(&self.report, now_ms())) {
            self.report.went_wrong(&error);
        }
    }

    fn deal(&mut self, known: &mut State, mut outlet: Option<&mut Outlet>) -> Result<(), DeadLettersError> {
        let Some((siblings, ends)) = self.census(known)? else { return Ok(()) };
        if self.report.matched == 0 {
            return Ok(());
        }
        let Some(superseded) = self.look_closely(siblings, known, &ends)? else { return Ok(()) };
        let since = Filter { since_ms: self.job.filter.since_ms, ..Filter::default() };
        let mut letters = Letters::open(&self.settings.kafka, self.job.topic, since)?;
        self.sending = Instant::now();
        let before = self.taken;
        while let Some(entry) = letters.next_entry()? {
            self.read += 1;
            if self.tell(letters.remaining()).is_break() {
                break;
            }
            if !within(&ends, &entry)
                || !self.job.filter.matches(&entry.letter)
                || entry.mark(&known.marks).is_some()
            {
                continue;
            }
            if superseded.contains(entry.place()) {
                match outlet.as_deref_mut() {
                    Some(outlet) => outlet.close(&entry, Mark::Superseded),
                    None => self.report.superseded += 1,
                }
            } else {
                if self.job.limit.is_some_and(|limit| self.taken >= limit) {
                    break;
                }
                if self.wait(self.taken - before, letters.remaining()).is_break() {
                    break;
                }
                match self.take(&entry, outlet.as_deref_mut()) {
                    Ok(taken) => self.taken += u64::from(taken),
                    Err(error) => {
                        self.report.failed += 1;
                        match outlet.as_deref() {
                            Some(outlet) => self.report.went_wrong(&outlet.broken(error)),
                            None => self.report.error = Some(error.to_string()),
                        }
                        break;
                    }
                }
            }
            if let Some(outlet) = outlet.as_deref_mut()
                && self.is_full(outlet)
                && !self.commit(outlet, known)
            {
                break;
            }
        }
        if let Some(outlet) = outlet {
            let _done = self.commit(outlet, known);
        }
        Ok(())
    }

    fn is_full(&mut self, outlet: &Outlet) -> bool {
        if outlet.len() <= 1 {
            self.batch_began = Instant::now();
        }
        outlet.len() >= Pace::new(self.job.rate).batch(BATCH)
            || outlet.bytes() >= BATCH_BYTES
            || self.batch_began.elapsed() >= BATCH_TIME
    }

    /// Ends the batch that is under way; answers whether to go on.
    fn commit(&mut self, outlet: &mut Outlet, known: &mut State) -> bool {
        let Committed { closed, failed, error } = outlet.commit();
        for closing in &closed {
            known.marks.set(closing.topic, closing.place, closing.mark, closing.timestamp_ms);
            *self.report.counter(closing.mark) += 1;
            if closing.mark != Mark::Superseded {
                count(&mut self.report.by_error_type, &closing.error_type, 1);
            }
        }
        for mark in Mark::ALL {
            let number = closed.iter().filter(|closing| closing.mark == mark).count();
            counter(CounterName::Replayed, &[(Label::Outcome, mark.name())]).increment(number as u64);
        }
        self.report.failed += failed;
        if let Some(error) = error {
            self.report.went_wrong(&error);
        }
        self.report.error.is_none()
    }

    /// Waits as long as the rate wants it.
    fn wait(&mut self, sent: u64, remaining: u64) -> ControlFlow<()> {
        loop {
            let left = Pace::new(self.job.rate).wait(sent, self.sending.elapsed());
            if left.is_zero() {
                return ControlFlow::Continue(());
            }
            std::thread::park_timeout(left.min(WAIT));
            self.say(remaining)?;
        }
    }

    fn tell(&mut self, remaining: u64) -> ControlFlow<()> {
        if self.read.is_multiple_of(PROGRESS_EVERY) { self.say(remaining) } else { ControlFlow::Continue(()) }
    }

    fn say(&mut self, remaining: u64) -> ControlFlow<()> {
        let answer = (self.progress)(Progress { read: self.read, remaining, done: self.report.done() });
        self.report.stopped |= answer.is_break();
        answer
    }
}

impl Report {
    fn counter(&mut self, mark: Mark) -> &mut u64 {
        match mark {
            Mark::Replayed => &mut self.replayed,
            Mark::Parked => &mut self.parked,
            Mark::Purged => &mut self.purged,
            Mark::Superseded => &mut self.superseded,
        }
    }
}

fn note(outlet: &mut Outlet, line: &AuditLine) -> Result<(), DeadLettersError> {
    let value = serde_json::to_vec(line).map_err(|error| DeadLettersError::Broken(error.to_string()))?;
    outlet.note(&[(line.key(), value)])
}

/// A name that sorts by time.
fn new_name() -> String {
    let unix_ms = u64::try_from(now_ms()).unwrap_or(0);
    String::from_utf8_lossy(&id::uuid_v7(unix_ms, rand::random())).into_owned()
}

/// Now, in milliseconds since the Unix epoch.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
