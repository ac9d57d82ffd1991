//! `forebay dlq`: dead letters, looked at, counted, and sent through the pipeline again.

mod export;
mod history;
mod job;
mod list;
mod picker;
mod show;
mod stats;

use forebay_access::{Operator, Role};
use forebay_deadletters::arguments::FilterArgs;
use forebay_deadletters::{DeadLettersError, Filter, LetterTopic, Letters, State, Stats};
use forebay_kafka::KafkaError;
use forebay_settings::sections::KafkaSettings;
use tokio::task::spawn_blocking;

use super::interruptible;
use crate::audit::refused;
use crate::exit::{Failure, Outcome};
use crate::operator::out_of_scope;
use crate::output::ask;
use crate::output::term::safe_json;
use crate::target::TargetArgs;

/// Events that could not be processed wait in the dead-letter topic, with the reason, until they are replayed or the
/// topic's retention ends. Without a subcommand: a tour, on a terminal; the counts, elsewhere.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Count dead letters by kind of failure, rule, tenant, hour
    Stats(stats::Args),
    /// List dead letters, in the order of the topic
    List(list::Args),
    /// Show one dead letter with the event that failed
    Show(show::Args),
    /// Write dead letters with their events as NDJSON
    Export(export::Args),
    /// Send events through the pipeline again
    Replay(job::replay::Args),
    /// Move dead letters out of the way, to the parked topic
    Park(job::park::Args),
    /// Give dead letters up, and free what can be freed
    Purge(job::purge::Args),
    /// Who replayed, parked and purged what, and when
    History(history::Args),
}

/// Which letters, among those that match.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
struct ScopeArgs {
    /// Also those that were dealt with
    #[arg(long)]
    all: bool,

    /// Those in the parked topic
    #[arg(long)]
    parked: bool,
}

impl ScopeArgs {
    const fn topic(self) -> LetterTopic {
        topic(self.parked)
    }
}

const fn topic(parked: bool) -> LetterTopic {
    if parked { LetterTopic::Parked } else { LetterTopic::DeadLetters }
}

pub(crate) async fn run(args: &TargetArgs, what: Args) -> Outcome {
    let words = args.words();
    let (target, operator) = args.ask(what.role())?;
    match what.action {
        Some(Action::Stats(mut args)) => {
            narrow(&mut args.filter, &operator)?;
            interruptible(stats::run(&target, args, &words)).await
        }
        Some(Action::List(mut args)) => {
            narrow(&mut args.filter, &operator)?;
            interruptible(list::run(target, args)).await
        }
        Some(Action::Export(mut args)) => {
            narrow(&mut args.filter, &operator)?;
            interruptible(export::run(target, args)).await
        }
        Some(Action::Show(args)) => interruptible(show::run(target, args, operator.scope)).await,
        Some(Action::History(args)) => interruptible(history::run(target, args, operator.scope)).await,
        // These listen for Ctrl-C themselves, to leave nothing half done.
        Some(Action::Replay(args)) => job::replay::run(&target, args, &operator, &words).await,
        Some(Action::Park(args)) => job::park::run(&target, args, &operator, &words).await,
        Some(Action::Purge(args)) => job::purge::run(&target, args, &operator, &words).await,
        None if ask::is_possible() => picker::run(&target, args, &operator, &words).await,
        None => {
            let mut args = stats::Args::default();
            narrow(&mut args.filter, &operator)?;
            interruptible(stats::run(&target, args, &words)).await
        }
    }
}

impl Args {
    /// What somebody has to be for this. What only says what it would do changes nothing; the tour asks again before it does.
    const fn role(&self) -> Role {
        let changes = match &self.action {
            Some(Action::Replay(args)) => !args.is_dry(),
            Some(Action::Park(args)) => !args.is_dry(),
            Some(Action::Purge(args)) => !args.is_dry(),
            Some(
                Action::Stats(_) | Action::List(_) | Action::Show(_) | Action::Export(_) | Action::History(_),
            )
            | None => false,
        };
        if changes { Role::Admin } else { Role::Read }
    }
}

/// Keeps a filter to the letters that are the operator's.
fn narrow(filter: &mut FilterArgs, operator: &Operator) -> Result<(), Failure> {
    let tenant = operator.scope.narrow(filter.tenant.as_deref());
    filter.tenant = tenant.map_err(|error| out_of_scope(&error))?;
    Ok(())
}

/// Reads the topic once and counts.
async fn count(settings: &KafkaSettings, topic: LetterTopic, filter: Filter) -> Result<Stats, Failure> {
    let settings = settings.clone();
    let counting = move || -> Result<Stats, DeadLettersError> {
        let state = State::read(&settings)?;
        let mut letters = Letters::open(&settings, topic, filter)?;
        let mut stats = Stats::default();
        while let Some(entry) = letters.next_entry()? {
            stats.add(&entry, entry.mark(&state.marks));
        }
        stats.malformed = letters.malformed();
        Ok(stats)
    };
    joined(spawn_blocking(counting).await)
}

/// What work on another thread came to.
fn joined<T>(answer: Result<Result<T, DeadLettersError>, tokio::task::JoinError>) -> Result<T, Failure> {
    answer.map_err(|error| Failure::failed(error.to_string()))?.map_err(|error| explain(&error))
}

/// A value as one line of JSON.
fn json(view: &impl serde::Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(view).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(safe_json(&text).into_owned())
}

/// What to do about a run that was taken over.
const ONE_AT_A_TIME: &str = "one run at a time: if another has begun since, `forebay dlq history` names it. What this one had not finished is \
                             open still";

/// What a person is told when the topic can't be worked with.
pub(crate) fn explain(error: &DeadLettersError) -> Failure {
    match error {
        DeadLettersError::Kafka(KafkaError::Unreachable(_) | KafkaError::Timeout(_) | KafkaError::Busy(_)) => {
            Failure::unreachable(error).hint("`forebay status` says what is reachable, and at which address")
        }
        DeadLettersError::Kafka(KafkaError::Settings(_)) | DeadLettersError::Rules(_) => Failure::settings(error),
        DeadLettersError::Kafka(KafkaError::Denied(_)) => Failure::failed(error).hint(
            "this needs Read on the dead-letter topics; replay, park and purge also Write on raw, events, parked and \
             the state topic, Write on the transactional id `forebay-dlq-*`, and purge Delete on the topics",
        ),
        DeadLettersError::Audit(error) => refused(error),
        DeadLettersError::NotFound(_) => {
            Failure::failed(error).hint("`forebay dlq list --all` shows what is there")
        }
        DeadLettersError::State { .. } => Failure::failed(error).hint(
            "a newer forebay may have written it: use that one. Nothing was sent",
        ),
        DeadLettersError::TakenOver(_) => Failure::failed(error).hint(ONE_AT_A_TIME),
        DeadLettersError::Kafka(_) | DeadLettersError::Unmarked(_) | DeadLettersError::Broken(_) => Failure::failed(error),
    }
}
