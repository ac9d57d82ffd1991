//! Is the process ready for work, and does its work move?
//!
//! A process is ready when all its parts are; it is alive unless a part has work and none of it has moved for a while.
//! So a process that waits for Kafka isn't ready, yet alive, and no orchestrator restarts it in vain; one that hangs is
//! restarted. A stage that is held up by back-pressure with good reason calls [`Component::progress`] when it tries
//! again: waiting in full control is not hanging.

mod verdict;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::names::{GaugeName, Label, gauge};

pub use verdict::{ComponentStatus, Failing, Remark, Verdict, livez, readyz};

/// The health of a process. Clones share it.
#[derive(Clone, Debug)]
pub struct Health {
    inner: Arc<Inner>,
}

/// A part of the process whose health is told, such as `kafka` or `parser`. Clones are the same part.
#[derive(Clone, Debug)]
pub struct Component {
    part: Arc<Part>,
}

#[derive(Debug)]
struct Inner {
    started: Instant,
    stall_after: Duration,
    parts: Mutex<Vec<Arc<Part>>>,
}

#[derive(Debug)]
struct Part {
    name: Box<str>,
    started: Instant,
    /// Why it isn't ready; `None` when it is.
    not_ready: Mutex<Option<String>>,
    /// What should be known of it, ready or not.
    remark: Mutex<Option<String>>,
    busy: AtomicBool,
    /// Nanoseconds since the start: atomics, since stages touch them for every batch.
    moved_at: AtomicU64,
}

// === impl Health ===

impl Health {
    /// A process without parts yet: ready and alive. `/livez` fails for a part that has been busy for `stall_after`
    /// without progress.
    #[must_use]
    pub fn new(stall_after: Duration) -> Self {
        let parts = Mutex::default();
        Self { inner: Arc::new(Inner { started: Instant::now(), stall_after, parts }) }
    }

    /// The part of this name; a new one starts as not ready. Where several tiers share a process, names say whose part
    /// it is: `parser.kafka`.
    #[must_use]
    pub fn component(&self, name: &str) -> Component {
        let mut parts = self.inner.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(part) = parts.iter().find(|part| &*part.name == name) {
            return Component { part: Arc::clone(part) };
        }
        let part = Arc::new(Part {
            name: name.into(),
            started: self.inner.started,
            not_ready: Mutex::new(Some("starting".to_owned())),
            remark: Mutex::default(),
            busy: AtomicBool::new(false),
            moved_at: AtomicU64::new(0),
        });
        parts.push(Arc::clone(&part));
        let component = Component { part };
        component.tell_ready(0.0);
        component
    }

    /// Whether the process can take work: all parts are ready.
    #[must_use]
    pub fn readyz(&self) -> Verdict {
        readyz(&self.statuses())
    }

    /// Whether the process's work moves.
    #[must_use]
    pub fn livez(&self) -> Verdict {
        livez(&self.statuses(), self.inner.started.elapsed(), self.inner.stall_after)
    }

    fn statuses(&self) -> Vec<ComponentStatus> {
        let parts = self.inner.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.iter().map(|part| part.status()).collect()
    }
}

// === impl Component ===

impl Component {
    /// It can do its work.
    pub fn ready(&self) {
        *self.part.not_ready.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.tell_ready(1.0);
    }

    /// It can't, and why: a phrase for the people who read `/readyz`, without secrets.
    pub fn not_ready(&self, reason: impl Into<String>) {
        *self.part.not_ready.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.into());
        self.tell_ready(0.0);
    }

    /// What people should know of it whether it is ready or not: it stands in `/readyz` and fails nothing. `None` for nothing.
    pub fn remark(&self, remark: Option<String>) {
        *self.part.remark.lock().unwrap_or_else(PoisonError::into_inner) = remark;
    }

    /// Work moved. Cheap enough for every batch, too much for every event.
    pub fn progress(&self) {
        let since_start = self.part.started.elapsed().as_nanos();
        self.part.moved_at.store(u64::try_from(since_start).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether there is work. The wait for progress starts when work comes up.
    pub fn busy(&self, busy: bool) {
        if busy && !self.part.busy.load(Ordering::Relaxed) {
            self.progress();
        }
        // Release, so that who sees the work also sees the time from which it counts.
        self.part.busy.store(busy, Ordering::Release);
    }

    fn tell_ready(&self, value: f64) {
        gauge(GaugeName::ComponentReady, &[(Label::Component, &self.part.name)]).set(value);
    }
}

// === impl Part ===

impl Part {
    fn status(&self) -> ComponentStatus {
        let busy = self.busy.load(Ordering::Acquire);
        ComponentStatus {
            name: self.name.to_string(),
            not_ready: self.not_ready.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            remark: self.remark.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            busy,
            moved_at: Duration::from_nanos(self.moved_at.load(Ordering::Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Health;

    /// Scenario: two parts start, come up one after the other, and one goes down again.
    /// Guarantees: the process is ready only while both are, and says who isn't and why.
    #[test]
    fn ready_when_all_parts_are() {
        let health = Health::new(Duration::from_secs(60));
        let (kafka, store) = (health.component("kafka"), health.component("store"));
        let names = |health: &Health| -> Vec<String> {
            health
                .readyz()
                .failing
                .iter()
                .map(|part| format!("{}: {}", part.component, part.reason))
                .collect()
        };
        assert_eq!(names(&health), ["kafka: starting", "store: starting"]);
        kafka.ready();
        store.ready();
        assert!(health.readyz().passes());
        store.not_ready("answers 503");
        assert_eq!(names(&health), ["store: answers 503"]);
        assert!(health.livez().passes(), "what waits is alive");
        store.ready();
        kafka.remark(Some("slow".to_owned()));
        let verdict = health.readyz();
        assert!(verdict.passes(), "a remark fails nothing");
        let expected = r#"{"remarks":[{"component":"kafka","remark":"slow"}],"status":"ok"}"#;
        assert_eq!(verdict.to_json().to_string(), expected);
    }

    /// Guarantees: a name asked for twice is one part, so that a restarted stage takes its place over.
    #[test]
    fn one_part_per_name() {
        let health = Health::new(Duration::ZERO);
        health.component("kafka").ready();
        health.component("kafka").ready();
        assert!(health.readyz().passes());
        let kafka = health.component("kafka");
        kafka.busy(true);
        assert_eq!(health.livez().failing.len(), 1, "no time without progress is allowed here");
        kafka.busy(false);
        assert!(health.livez().passes());
    }
}
