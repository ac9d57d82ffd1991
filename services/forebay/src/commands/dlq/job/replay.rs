//! `forebay dlq replay`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use forebay_access::Operator;
use forebay_deadletters::{DEFAULT_MAX_REPLAYS, Destination, Job, Task, arguments};
use forebay_rule_files::configured;
use forebay_rules::Edit;

use super::super::topic;
use super::{JobArgs, conclude, make_sure, store, work};
use crate::exit::{Exit, Failure, Outcome};
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

    /// A program in VRL that mends raw events first: `.body`, `.format`, `.source` and `.attributes` are its to change;
    /// --dry-run shows what it does
    #[arg(long, value_name = "VRL", conflicts_with = "edit_file")]
    edit: Option<String>,

    /// The same from a file
    #[arg(long, value_name = "FILE")]
    edit_file: Option<PathBuf>,

    /// At most so many events a second
    #[arg(long, value_name = "NUMBER", value_parser = arguments::rate)]
    rate: Option<NonZeroU32>,

    /// How often an event is replayed before it is parked
    #[arg(long, value_name = "TIMES", default_value_t = DEFAULT_MAX_REPLAYS)]
    max_replays: u32,
}

impl Args {
    /// Whether it only says what it would do.
    pub(in super::super) const fn is_dry(&self) -> bool {
        self.job.dry_run
    }
}

pub(in super::super) async fn run(target: &Target, args: Args, operator: &Operator, words: &str) -> Outcome {
    let to = args.to.unwrap_or_default();
    let task = Task::Replay { to, max_replays: args.max_replays };
    let edit = edit(&args, target)?;
    let (rate, passing) = (args.rate, args.passing);
    let job = Job { topic: topic(args.parked), rate, passing, edit, ..Job::new(task, "") };
    let job = args.job.fill(job, target, operator)?;
    let job = Job { store: store(target, job.dry_run), ..job };
    if !make_sure(target, &job, &args.job, "replay").await? {
        note("nothing was replayed");
        return Ok(Exit::Done);
    }
    let report = work(target, job.clone(), if job.dry_run { "trying" } else { "replaying" }).await?;
    conclude(&report, &job, args.job.json, words)
}

/// The correction that is asked for.
fn edit(args: &Args, target: &Target) -> Result<Option<Arc<Edit>>, Failure> {
    let limits = configured::options(&target.settings.parser).limits;
    let edit = match (&args.edit, &args.edit_file) {
        (Some(source), _) => Edit::compile(source, limits)
            .map_err(|message| Failure::usage(format!("the correction does not compile: {message}")))?,
        (None, Some(file)) => {
            let source = std::fs::read_to_string(file)
                .map_err(|error| Failure::usage(format!("can't read {}: {error}", file.display())))?;
            // It isn't quoted: this may run as somebody who can read more than who typed the name.
            Edit::compile_unseen(&source, limits).map_err(|place| {
                Failure::usage(format!("the correction in {} does not compile: {place}", file.display()))
                    .hint("give it with --edit to see what is wrong there")
            })?
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(Arc::new(edit)))
}
