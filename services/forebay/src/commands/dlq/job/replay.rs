//! `forebay dlq replay`.

use std::num::NonZeroU32;

use forebay_deadletters::{DEFAULT_MAX_REPLAYS, Destination, Job, Task, arguments};

use super::super::topic;
use super::{JobArgs, conclude, make_sure, store, work};
use crate::exit::{Exit, Outcome};
use crate::output::note;
use crate::target::Target;

/// Sends what matches back to where it failed, with its id: an event that was indexed meanwhile is not indexed twice. A letter
/// is replayed once: killed and started again, this goes on where it was. Of several letters about one event one is taken. One
/// that was replayed too often is parked in a topic of its own.
#[derive(Clone, Debug, clap::Args)]
pub(in super::super) struct Args {
    #[command(flatten)]
    job: JobArgs,

    /// Those in the parked topic, however often they were replayed
    #[arg(long)]
    parked: bool,

    /// Not to where it failed but `raw` (through the parser again) or `events` (parsed here, straight to the indexer)
    #[arg(long, value_parser = arguments::destination)]
    to: Option<Destination>,

    /// Leave those open that the parser, with its current settings, would refuse again
    #[arg(long)]
    passing: bool,

    /// At most so many events a second
    #[arg(long, value_name = "NUMBER", value_parser = arguments::rate)]
    rate: Option<NonZeroU32>,

    /// How often an event is replayed before it is parked
    #[arg(long, value_name = "TIMES", default_value_t = DEFAULT_MAX_REPLAYS)]
    max_replays: u32,
}

pub(in super::super) async fn run(target: &Target, args: Args, words: &str) -> Outcome {
    let to = args.to.unwrap_or_default();
    let task = Task::Replay { to, max_replays: args.max_replays };
    let job = Job { topic: topic(args.parked), rate: args.rate, passing: args.passing, ..Job::new(task, "") };
    let job = args.job.fill(job, target);
    let job = Job { store: store(target, job.dry_run), ..job };
    if !make_sure(target, &job, &args.job, "replay").await? {
        note("nothing was replayed");
        return Ok(Exit::Done);
    }
    let report = work(target, job.clone(), if job.dry_run { "trying" } else { "replaying" }).await?;
    conclude(&report, &job, args.job.json, words)
}
