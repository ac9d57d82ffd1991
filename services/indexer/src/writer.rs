//! The writer of one life: carries out what [`forebay_writing::Writing`] says.
//!
//! One task asks the machine what to do, and gives each request and each set of dead letters a task of its own. Whoever ends
//! tells the machine and settles what is done. The machine is locked for as long as it takes to read an answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_bulk::{BulkAnswer, RequestFailure};
use forebay_delivery::{BrokerAck, Gate, Receipt};
use forebay_service::clock::random;
use forebay_worker::Shared;
use forebay_writing::{Draft, Letters, Next, Sending, Writing, failure_name};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::letters;
use crate::records::Records;
use crate::report::Report;
use crate::tools::Tools;
use crate::traced::BulkTraces;

/// How often metrics and health are told.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How often a store that refused is asked whether it answers, when there is nothing to write.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// The machine, and what it is carried out with.
pub(crate) struct Writer {
    tools: Arc<Tools>,
    shared: Shared,
    writing: Mutex<Writing<Records>>,
    report: Mutex<Report>,
    /// There is another load.
    taken: Notify,
    /// Why it can't go on.
    failed: Mutex<Option<String>>,
}

// === impl Writer ===

impl Writer {
    pub(crate) fn new(tools: Arc<Tools>, shared: Shared) -> Self {
        let writing = Mutex::new(Writing::new(tools.config.options.clone()));
        let report = Mutex::new(Report::new(Arc::clone(&tools)));
        Self { tools, shared, writing, report, taken: Notify::new(), failed: Mutex::default() }
    }

    /// Whether another load may come.
    pub(crate) fn gate(&self) -> Gate {
        self.writing().gate(self.shared.now())
    }

    /// A load is to be written.
    pub(crate) fn take(&self, draft: Draft<Records>, receipt: Receipt) {
        self.writing().take(draft, receipt, self.shared.now());
        // A load without records is done at once.
        self.settle();
        self.taken.notify_one();
    }

    /// Lets go of loads whose partitions have gone.
    pub(crate) fn abandon(&self) {
        let gone = self.writing().abandon(|receipt| self.shared.lock().is_current(receipt));
        for receipt in gone {
            if self.shared.lock().forget_stale(receipt).is_err() {
                tracing::warn!("a load was let go unsettled, its records will be read again");
            }
        }
    }

    /// Why it can't go on, once.
    pub(crate) fn failed(&self) -> Option<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Works until it is aborted; what is under way is aborted with it.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut tasks = JoinSet::new();
        let mut tell = tokio::time::interval(TELL_EVERY);
        let mut asked = Instant::now();
        loop {
            let until = self.begin(&mut tasks);
            let pause = until.map_or(TELL_EVERY, |until| until.saturating_sub(self.shared.now()));
            tokio::select! {
                () = self.taken.notified() => {}
                Some(ended) = tasks.join_next() => {
                    if let Err(error) = ended {
                        // Its documents are nobody's now; a new life reads them again.
                        let reason = format!("a writer panicked: {error}");
                        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
                    }
                }
                () = tokio::time::sleep(pause) => {}
                _at = tell.tick() => {
                    self.tell();
                    if asked.elapsed() >= ASK_EVERY && self.refuses_idly() {
                        asked = Instant::now();
                        let _task = tasks.spawn(Arc::clone(&self).ask());
                    }
                }
            }
        }
    }

    /// Begins whatever can be done now; answers when to look again.
    fn begin(self: &Arc<Self>, tasks: &mut JoinSet<()>) -> Option<Duration> {
        loop {
            let next = self.writing().next(self.shared.now());
            match next {
                Next::Send(sending) => drop(tasks.spawn(Arc::clone(self).send(sending))),
                Next::Letters(letters) => drop(tasks.spawn(Arc::clone(self).post(letters))),
                Next::WaitUntil(at) => return Some(at),
                Next::Idle => return None,
            }
        }
    }

    async fn send(self: Arc<Self>, sending: Sending) {
        let metrics = &self.tools.metrics;
        let request = sending.request();
        let (documents, bytes) = (request.len(), request.body().len());
        let under_way = metrics.under_way();
        let began = Instant::now();
        // Of requests without traced documents nothing is copied.
        let writing = BulkTraces::begin(&self.tools.tracer, sending.traces());
        let answer = match &writing {
            Some(writing) => self.tools.store.write(&writing.header(request)).await,
            None => self.tools.store.write(request).await,
        };
        drop(under_way);
        metrics.request(
            answer.as_ref().map_or_else(failure_name, |_| "ok"),
            began.elapsed(),
            documents,
            bytes,
        );
        if let Some(writing) = writing {
            writing.end(&self.tools.tracer, documents, &answer);
        }
        self.answered(sending, answer);
    }

    fn answered(&self, sending: Sending, answer: Result<BulkAnswer, RequestFailure>) {
        self.writing().answered(sending, answer, self.shared.now(), random());
        self.tools.search.progress();
        self.tools.worker.progress();
        self.settle();
    }

    async fn post(self: Arc<Self>, letters: Letters<Records>) {
        match letters::post(&self.tools.producer, &self.tools.config.kafka, &letters).await {
            Ok(ack) => self.posted(letters, ack),
            Err(reason) => {
                let pause = self.writing().letters_failed(letters, self.shared.now(), random());
                self.report().not_posted(&reason, pause);
                self.tools.worker.progress();
            }
        }
    }

    fn posted(&self, letters: Letters<Records>, ack: BrokerAck) {
        self.report().posted(&letters.errors);
        self.writing().letters_sent(letters, ack);
        self.tools.worker.progress();
        self.settle();
    }

    /// Settles the loads that are done, and tells what happened.
    fn settle(&self) {
        let (finished, events, confirmed) = {
            let mut writing = self.writing();
            (writing.finished(), writing.events(), writing.confirmed())
        };
        self.tools.metrics.confirmed(&confirmed);
        if !events.is_empty() {
            self.report().happened(events);
        }
        if finished.is_empty() {
            return;
        }
        for load in finished {
            match self.shared.lock().settle(load.receipt, &load.tally) {
                Ok(()) => self.tools.metrics.settled(&load.tenants),
                // Each of a load's records has exactly one fate, so this is a fault of ours. The receipt goes, and its
                // records are read again.
                Err(error) => tracing::error!(%error, "a load could not be settled"),
            }
        }
        self.shared.wake();
    }

    fn tell(&self) {
        let now = self.shared.now();
        let writing = self.writing();
        let is_busy = writing.loads() > 0;
        let (pace, targets, is_stalled) = (*writing.pace(), writing.targets(), writing.is_stalled(now));
        drop(writing);
        self.tools.search.busy(is_busy);
        let mut report = self.report();
        report.tell(&pace, &targets, is_stalled, now);
        if !is_busy {
            report.no_letters();
        }
    }

    /// Whether the store refused last, and nothing is left that would tell when that is over.
    fn refuses_idly(&self) -> bool {
        let writing = self.writing();
        writing.loads() == 0 && writing.refusal().is_some()
    }

    async fn ask(self: Arc<Self>) {
        if self.tools.store.ping().await.is_ok() {
            self.writing().store_answers();
            self.settle();
        }
    }

    fn writing(&self) -> MutexGuard<'_, Writing<Records>> {
        // The machine is whole between any two calls.
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
