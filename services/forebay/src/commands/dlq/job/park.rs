//! `forebay dlq park`.

use forebay_access::Operator;
use forebay_deadletters::{Job, Task};

use super::{JobArgs, conclude, make_sure, work};
use crate::exit::{Exit, Outcome};
use crate::output::note;
use crate::target::Target;

/// Moves what matches to the parked topic: out of the way of replays, kept as long as dead letters are. `--parked` lists and
/// replays it from there.
#[derive(Clone, Debug, clap::Args)]
pub(in super::super) struct Args {
    #[command(flatten)]
    job: JobArgs,
}

impl Args {
    /// Whether it only says what it would do.
    pub(in super::super) const fn is_dry(&self) -> bool {
        self.job.dry_run
    }
}

pub(in super::super) async fn run(target: &Target, args: Args, operator: &Operator, words: &str) -> Outcome {
    let job = args.job.fill(Job::new(Task::Park, ""), target, operator)?;
    if !make_sure(target, &job, &args.job, "park").await? {
        note("nothing was parked");
        return Ok(Exit::Done);
    }
    let report = work(target, job.clone(), "parking").await?;
    conclude(&report, &job, args.job.json, words)
}
