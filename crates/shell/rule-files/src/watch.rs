//! Looking at the folder again and again.
//!
//! A change counts once the folder looks the same twice, so that a file that is being written isn't taken half. What
//! doesn't compile is logged and counted, and the rules in force stay. With a trial, what compiles is tried first (`trial`).

mod change;
mod trial;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use forebay_rules::{CompileOptions, Problem, Rules, Trial, Verdict, compile};
use forebay_telemetry::{CounterName, GaugeName, Label, counter, gauge};
use thiserror::Error;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::folder::{FolderError, Signature, read, signature};
use crate::published::{InForce, Published};
pub use change::Change;
use change::Tell;
use trial::OnTrial;

/// The stack of the thread that compiles, in bytes of address space.
const COMPILER_STACK: usize = 64 << 20;

/// A folder of rules, and what they are compiled with.
#[derive(Clone, Debug)]
pub struct Source {
    /// The folder.
    pub folder: PathBuf,
    /// What the rules are compiled with.
    pub options: CompileOptions,
}

/// A folder whose rules can't be used.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The folder can't be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There is no thread to compile on.
    #[error("the rules can't be compiled: {0}")]
    Thread(std::io::Error),
    /// The compiler panicked: a fault of Forebay's.
    #[error("the compiler panicked on the rules")]
    Panicked,
    /// The rules don't compile.
    #[error("the rules don't compile:\n{}", lines(.0))]
    Rules(Vec<Problem>),
}

/// Keeps what is published up to date with a folder.
#[derive(Debug)]
pub struct Watcher {
    source: Source,
    published: Arc<Published>,
    trial: Option<Trial>,
    /// What was last compiled, whether it could be or not.
    compiled: Option<Signature>,
    /// What the folder looked like at the last look.
    seen: Signature,
    /// Why the folder can't be read, as it was last said.
    unreadable: String,
    on_trial: Option<OnTrial>,
    tell: Tell,
}

// === impl Source ===

impl Source {
    /// Reads and compiles the folder; warnings are answered beside the rules.
    ///
    /// # Errors
    /// When it can't be read, or doesn't compile.
    pub fn load(&self) -> Result<(Rules, Vec<Problem>), SourceError> {
        let files = read(&self.folder)?;
        // Compilers go as deep as programs nest, and the threads of a runtime have little room.
        let compiled = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("rules".to_owned()).stack_size(COMPILER_STACK);
            let run = thread.spawn_scoped(scope, || compile(&files, &self.options));
            run.map_err(SourceError::Thread)?.join().map_err(|_| SourceError::Panicked)
        })?;
        compiled.map_err(SourceError::Rules)
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

// === impl Watcher ===

impl Watcher {
    /// Loads a folder for the first time. With a `trial`, later revisions are tried before they are in force.
    ///
    /// # Errors
    /// When the rules can't be used: there are no older ones that could stay.
    pub fn start(source: Source, trial: Option<Trial>) -> Result<(Self, Arc<Published>), SourceError> {
        let compiled = signature(&source.folder)?;
        let (rules, warnings) = source.load()?;
        warn(&warnings);
        tracing::info!(revision = rules.revision(), rules = rules.len(), "rules are in force");
        in_force();
        let published = Arc::new(Published::new(rules));
        let seen = compiled.clone();
        let compiled = Some(compiled);
        let (unreadable, on_trial, tell) = Default::default();
        let known = Arc::clone(&published);
        let watcher = Self { source, published: known, trial, compiled, seen, unreadable, on_trial, tell };
        Ok((watcher, published))
    }

    /// The same, and `tell` hears of each change from now on.
    #[must_use]
    pub fn telling(self, tell: impl Fn(&Change<'_>) + Send + 'static) -> Self {
        Self { tell: Tell::new(tell), ..self }
    }

    /// Looks at the folder every so often until `shutdown` is cancelled.
    pub async fn run(mut self, every: Duration, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
            }
            // Reading and compiling take their time, and no runtime thread.
            let looked = tokio::task::spawn_blocking(move || {
                self.look();
                self
            });
            match looked.await {
                Ok(watcher) => self = watcher,
                Err(error) => {
                    failed();
                    tracing::error!(%error, "rules are not watched any more: restart the parser");
                    return;
                }
            }
        }
    }

    /// One look.
    pub fn look(&mut self) {
        self.judge(Instant::now());
        let now = match signature(&self.source.folder) {
            Ok(now) => now,
            Err(error) => return self.cannot_read(&error),
        };
        if !std::mem::take(&mut self.unreadable).is_empty() {
            // Whatever it holds now, it is to be said whether that can be used.
            self.compiled = None;
        }
        let settled = now == self.seen;
        self.seen = now;
        if settled && Some(&self.seen) != self.compiled.as_ref() {
            self.compiled = Some(self.seen.clone());
            self.reload();
        }
    }

    fn reload(&mut self) {
        let (rules, warnings) = match self.source.load() {
            Ok(loaded) => loaded,
            Err(SourceError::Folder(error)) => {
                // It may be there again at the next look.
                self.compiled = None;
                return self.cannot_read(&error);
            }
            Err(error) => {
                let kept = self.published.load();
                tracing::error!(kept = kept.rules.revision(), "{error}");
                self.tell.rejected(None, &error.to_string());
                return failed();
            }
        };
        warn(&warnings);
        let in_force = Arc::clone(&self.published.load().rules);
        if rules.is_empty() && !in_force.is_empty() {
            // Nobody turns all masks off by an empty folder: it isn't mounted, or is being filled.
            let folder = self.source.folder.display();
            tracing::error!(
                kept = in_force.revision(),
                "there is no rule left in {folder}, the rules in force stay: put one there with `steps: []` if none is wanted"
            );
            self.tell.rejected(Some(rules.revision()), "no rule is left in the folder");
            return failed();
        }
        gauge(GaugeName::RulesBroken, &[]).set(0.0);
        if self.on_trial.as_ref().is_some_and(|trial| trial.rules().revision() == rules.revision()) {
            return;
        }
        if rules.revision() == in_force.revision() {
            self.on_trial = None;
            self.published.store(InForce { rules: in_force, candidate: None });
            return;
        }
        let rules = Arc::new(rules);
        match &self.trial {
            None => self.promote(rules, "ok"),
            Some(trial) => {
                let on_trial = self.on_trial.insert(OnTrial::begin(rules, &in_force, trial));
                let candidate = Some(on_trial.candidate());
                self.published.store(InForce { rules: in_force, candidate });
            }
        }
    }

    fn promote(&mut self, rules: Arc<Rules>, outcome: &'static str) {
        tracing::info!(revision = rules.revision(), rules = rules.len(), "rules are in force");
        self.tell.in_force(&rules, &self.published.load().rules);
        self.on_trial = None;
        self.published.store(InForce { rules, candidate: None });
        counter(CounterName::RulesReloads, &[(Label::Outcome, outcome)]).increment(1);
        in_force();
    }

    /// Carries out what is decided about the revision on trial.
    fn judge(&mut self, now: Instant) {
        let (Some(on_trial), Some(trial)) = (&mut self.on_trial, &self.trial) else { return };
        match on_trial.judge(trial, now) {
            Verdict::TryOn => {}
            Verdict::Promote => {
                let rules = Arc::clone(on_trial.rules());
                self.promote(rules, "promoted");
            }
            Verdict::Reject => {
                self.tell.rejected(Some(on_trial.rules().revision()), "it refused too much in its trial");
                self.on_trial = None;
                let rules = Arc::clone(&self.published.load().rules);
                self.published.store(InForce { rules, candidate: None });
                counter(CounterName::RulesReloads, &[(Label::Outcome, "rejected")]).increment(1);
            }
        }
    }

    /// Says so once.
    fn cannot_read(&mut self, error: &FolderError) {
        let message = error.to_string();
        if message != self.unreadable {
            tracing::error!(%error, "the folder of rules can't be read, the rules in force stay");
            self.tell.rejected(None, &message);
            failed();
            self.unreadable = message;
        }
    }
}

fn failed() {
    counter(CounterName::RulesReloads, &[(Label::Outcome, "failed")]).increment(1);
    gauge(GaugeName::RulesBroken, &[]).set(1.0);
}

fn in_force() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    gauge(GaugeName::RulesLoadedAt, &[]).set(now.as_secs_f64());
    gauge(GaugeName::RulesBroken, &[]).set(0.0);
}

fn warn(warnings: &[Problem]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}

#[cfg(test)]
mod tests;
