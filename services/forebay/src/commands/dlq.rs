//! `forebay dlq`: dead letters, looked at and sent through the pipeline again.

mod list;
mod replay;
mod show;

use forebay_deadletters::{DeadLettersError, Filter, Pattern};
use forebay_kafka::KafkaError;
use forebay_record::Stage;

use crate::exit::{Failure, Outcome};
use crate::target::TargetArgs;
use crate::when;

/// Events that could not be processed wait in the dead-letter topic, with the reason, until they are replayed or the
/// topic's retention ends.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List dead letters, in the order of the topic
    List(list::Args),
    /// Show one dead letter with the event that failed
    Show(show::Args),
    /// Send events through the pipeline again
    Replay(replay::Args),
}

/// Which dead letters are meant; all conditions must hold.
#[derive(Clone, Debug, clap::Args)]
struct FilterArgs {
    /// This text, or /regular expression/, stands in the reason or in the error's type
    #[arg(long, value_name = "TEXT", value_parser = pattern)]
    reason: Option<Pattern>,

    /// The error's type, such as document_parsing_exception
    #[arg(long, value_name = "TYPE")]
    error_type: Option<String>,

    /// The tenant
    #[arg(long)]
    tenant: Option<String>,

    /// The stage that refused it: decode, parse, index or oversize
    #[arg(long, value_parser = stage)]
    stage: Option<Stage>,

    /// It failed last at or after then: a length of time before now (1h, 7d), a day or a moment
    #[arg(long, value_name = "TIME", value_parser = when::argument)]
    since: Option<i64>,

    /// It failed last before then
    #[arg(long, value_name = "TIME", value_parser = when::argument)]
    until: Option<i64>,

    /// The event's id
    #[arg(long)]
    id: Option<String>,
}

fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(text).map_err(|error| error.to_string())
}

fn stage(text: &str) -> Result<Stage, String> {
    text.parse().map_err(|()| {
        let names: Vec<&str> = Stage::ALL.into_iter().map(Stage::name).collect();
        format!("the stages are {}", names.join(", "))
    })
}

impl From<FilterArgs> for Filter {
    fn from(args: FilterArgs) -> Self {
        let FilterArgs { reason, error_type, tenant, stage, since, until, id } = args;
        Self { reason, error_type, tenant, stage, since_ms: since, until_ms: until, id }
    }
}

pub(crate) async fn run(target: &TargetArgs, args: Args) -> Outcome {
    let target = target.find()?;
    match args.action {
        Action::List(args) => list::run(target, args).await,
        Action::Show(args) => show::run(target, args).await,
        Action::Replay(args) => replay::run(target, args).await,
    }
}

/// What a person is told when the topic can't be worked with.
fn explain(error: &DeadLettersError) -> Failure {
    match error {
        DeadLettersError::Kafka(KafkaError::Unreachable(_) | KafkaError::Timeout(_)) => {
            Failure::unreachable(error).hint("`forebay status` says what is reachable, and at which address")
        }
        DeadLettersError::Kafka(KafkaError::Settings(_)) => Failure::settings(error),
        DeadLettersError::NotFound(_) => {
            Failure::failed(error).hint("`forebay dlq list` shows what is there")
        }
        DeadLettersError::Kafka(_) | DeadLettersError::Broken(_) => Failure::failed(error),
    }
}
