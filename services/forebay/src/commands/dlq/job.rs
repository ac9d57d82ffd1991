//! What `replay`, `park` and `purge` have in common: who is meant, whether that is sure, how far it is, what came of it.

pub(super) mod park;
pub(super) mod purge;
pub(super) mod replay;
mod report;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use forebay_access::Operator;
use forebay_deadletters::{Delivery, Filter, Job, Progress as SoFar, Report, run};
use forebay_store::Store;

use super::{FilterArgs, count, explain, json, narrow};
use crate::audit::warn_unaudited;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::progress::Progress;
use crate::output::{Data, ask, note, table, warn};
use crate::target::{Target, elastic};

/// Which letters, and how to answer for it.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct JobArgs {
    #[command(flatten)]
    filter: FilterArgs,

    /// All that are open: needed where no other condition is given and nobody can be asked
    #[arg(long)]
    all: bool,

    /// The most letters; 0 means all that match
    #[arg(long, default_value_t = 0)]
    limit: u64,

    /// The name of the run: started again under its name, one that was broken off goes on, its limit included
    #[arg(long, value_name = "NAME")]
    run: Option<String>,

    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,

    /// For a broker without transactions: a batch that was under way at a kill is sent again. `forebay dev` has none, so
    /// that it is meant there
    #[arg(long)]
    at_least_once: bool,

    /// Leave no audit record, for when the audit topic can't be written
    #[arg(long)]
    unaudited: bool,

    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

impl JobArgs {
    /// Whether nothing says which letters are meant.
    fn is_unconditional(&self) -> bool {
        Filter::from(self.filter.clone()).is_empty() && !self.all
    }

    /// Adds what these arguments say to a job, on the letters that are the operator's.
    fn fill(&self, job: Job, target: &Target, operator: &Operator) -> Result<Job, Failure> {
        let mut filter = self.filter.clone();
        narrow(&mut filter, operator)?;
        let tenant = filter.tenant.clone();
        Ok(Job {
            filter: Filter::from(filter),
            limit: (self.limit > 0).then_some(self.limit),
            dry_run: self.dry_run,
            delivery: delivery(target, self.at_least_once),
            actor: operator.actor.to_string(),
            unaudited: self.unaudited,
            run: self.run.as_ref().map(|run| operator.scope.name_work(tenant.as_deref(), run)),
            ..job
        })
    }
}

/// How sure it is that nothing is sent twice: the broker of `forebay dev` has no transactions worth the name.
pub(super) fn delivery(target: &Target, at_least_once: bool) -> Delivery {
    if at_least_once || target.dev.is_some() { Delivery::AtLeastOnce } else { Delivery::ExactlyOnce }
}

/// The search cluster that a dry run asks about documents. The store of `forebay dev` can't tell.
pub(super) fn store(target: &Target, dry_run: bool) -> Option<Arc<dyn Store>> {
    if !dry_run || target.dev.is_some() {
        return None;
    }
    match elastic(&target.settings) {
        Ok(store) => Some(Arc::from(store)),
        Err(error) => {
            warn(format!("the search cluster is not asked: {error}"));
            None
        }
    }
}

/// Does a job, and tells a person what came of it.
pub(super) async fn work_and_conclude(target: &Target, job: Job, words: &str) -> Outcome {
    let report = work(target, job.clone(), "working").await?;
    conclude(&report, &job, false, words)
}

/// Makes sure that a job on every letter there is is what was meant. `verb` is what would be done.
async fn make_sure(target: &Target, job: &Job, args: &JobArgs, verb: &str) -> Result<bool, Failure> {
    if !args.is_unconditional() || job.dry_run {
        return Ok(true);
    }
    if !ask::is_possible() {
        return Err(Failure::usage(format!("no condition is given, so that this would {verb} every open letter"))
            .hint("say which are meant (--error-type, --tenant, --since, ...), or --all; --dry-run shows what it would do"));
    }
    let open = count(&target.settings.kafka, job.topic, job.filter.clone()).await?.open();
    ask::confirm(&format!("No condition is given. {verb} all {} open letters?", table::count(open)))
}

/// Does the job, with a bar on a terminal. The first Ctrl-C ends it after the batch that is under way, the second at once.
async fn work(target: &Target, job: Job, what: &'static str) -> Result<Report, Failure> {
    if job.delivery == Delivery::AtLeastOnce && !job.dry_run {
        note(
            "without transactions: should this be killed, some events may be sent again, which their ids make harmless",
        );
    }
    if job.unaudited && !job.dry_run {
        warn_unaudited();
    }
    let is_of_one = job.filter.tenant.is_some();
    let unit = if is_of_one { "letters done" } else { "records read" };
    let progress = Arc::new(Mutex::new(Progress::new(what, unit, None)));
    let shown = Arc::clone(&progress);
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    let running = run(&target.settings, job, move |so_far| {
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, detail) = told(so_far, is_of_one);
        shown.at(number, || detail);
        if stopping.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    tokio::pin!(running);
    let report = loop {
        tokio::select! {
            report = &mut running => break report,
            signal = tokio::signal::ctrl_c() => {
                if signal.is_err() || stop.swap(true, Ordering::Relaxed) {
                    return Err(Failure::new(Exit::Interrupted, "broken off: the batch under way was not finished")
                        .hint("run the same command again: it goes on where this one stopped"));
                }
                note("stopping after the batch that is under way; Ctrl-C again stops at once");
            }
        }
    };
    if let Some(progress) = Arc::into_inner(progress) {
        progress.into_inner().unwrap_or_else(PoisonError::into_inner).finish();
    }
    report.map_err(|error| explain(&error))
}

/// How far it is. How many records there are to be read says how others fare, so that a job on one tenant's letters doesn't tell.
fn told(so_far: SoFar, is_of_one: bool) -> (u64, String) {
    if is_of_one {
        return (so_far.done, String::new());
    }
    let (left, done) = (table::count(so_far.remaining), table::count(so_far.done));
    (so_far.read, format!("{left} to read, {done} letters done"))
}

/// Prints what came of it, and what to do next; answers how the command ends.
fn conclude(report: &Report, job: &Job, as_json: bool, words: &str) -> Outcome {
    let mut data = Data::new();
    if as_json {
        data.line(json(report)?)?;
    } else {
        report::lines(report, job).iter().try_for_each(|line| data.line(line))?;
    }
    data.flush()?;
    if !as_json {
        report::hints(report, job, words).iter().for_each(note);
    }
    let cannot_delete = job.delivery == Delivery::AtLeastOnce;
    Ok(match report {
        Report { stopped: true, .. } => Exit::Interrupted,
        report if report.is_complete() && (report.not_deleted.is_none() || cannot_delete) => Exit::Done,
        _ => Exit::Failed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_on_one_tenants_letters_tells_nothing_of_others() {
        let so_far = SoFar { read: 5_000, remaining: 70_000, done: 3 };
        assert_eq!(told(so_far, false), (5_000, "70,000 to read, 3 letters done".to_owned()));
        assert_eq!(told(so_far, true), (3, String::new()));
    }
}
