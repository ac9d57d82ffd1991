//! `forebay dlq purge`.

use forebay_access::Operator;
use forebay_deadletters::{Job, Task};

use super::super::{count, topic};
use super::{JobArgs, conclude, work};
use crate::exit::{Exit, Failure, Outcome};
use crate::operator::out_of_scope;
use crate::output::{ask, note, table};
use crate::target::Target;

/// Gives up what matches: it is not open any more, and won't be replayed. Then deletes the beginning of each partition as far
/// as every letter there was dealt with (replayed, parked or purged): Kafka can't delete single records, so that what was
/// given up behind a letter that is open stays on disk until that one is dealt with, or retention takes it. A purge of one
/// tenant's letters deletes nothing: those of others stand there as well.
#[derive(Clone, Debug, clap::Args)]
pub(in super::super) struct Args {
    #[command(flatten)]
    job: JobArgs,

    /// Give up nothing, only delete the beginnings of partitions where everything was dealt with
    #[arg(long, conflicts_with_all = ["all", "dry_run"])]
    done: bool,

    /// Those in the parked topic
    #[arg(long)]
    parked: bool,

    /// Don't ask
    #[arg(long)]
    yes: bool,
}

impl Args {
    /// Whether it only says what it would do.
    pub(in super::super) const fn is_dry(&self) -> bool {
        self.job.dry_run
    }
}

pub(in super::super) async fn run(target: &Target, args: Args, operator: &Operator, words: &str) -> Outcome {
    let mut job =
        args.job.fill(Job { topic: topic(args.parked), ..Job::new(Task::Purge, "") }, target, operator)?;
    if args.done {
        // What was dealt with is freed as it stands in the topic, whoever's it was.
        operator.scope.everybody().map_err(|error| out_of_scope(&error))?;
        job.task = Task::Free;
    } else if args.job.is_unconditional() && !job.dry_run {
        return Err(Failure::usage("no condition is given").hint(
            "say which letters to give up (--error-type, --tenant, --until, ...), --all, or --done to free only what was \
             dealt with",
        ));
    }
    if !args.yes && !job.dry_run && !agreed(target, &job, args.done).await? {
        note("nothing was purged");
        return Ok(Exit::Done);
    }
    let report = work(target, job.clone(), "purging").await?;
    conclude(&report, &job, args.job.json, words)
}

async fn agreed(target: &Target, job: &Job, done: bool) -> Result<bool, Failure> {
    if !ask::is_possible() {
        return Err(Failure::usage("this deletes, and nobody is here to be asked")
            .hint("give --yes; --dry-run shows how many letters match"));
    }
    let topic = job.topic.name(&target.settings.kafka.topics);
    if done {
        return ask::confirm(&format!(
            "Delete the letters of {topic} that were dealt with, where Kafka can?"
        ));
    }
    let open = count(&target.settings.kafka, job.topic, job.filter.clone()).await?.open();
    let most = job.limit.map_or(open, |limit| limit.min(open));
    ask::confirm(&format!(
        "Give up {} letters of {topic}? They can't be replayed afterwards.",
        table::count(most)
    ))
}
