//! `forebay audit`: who did what, and whether somebody touched the records of it.

mod show;
mod verify;

use forebay_access::Role;
use forebay_kafka::KafkaError;

use crate::exit::{Failure, Outcome};
use crate::operator::out_of_scope;
use crate::target::TargetArgs;

/// Who made and revoked credentials, replayed, parked and purged dead letters, and which access files and rules came into
/// force: records in a topic that nobody can change unnoticed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the records, in the order of the topic
    Show(show::Args),
    /// Look whether a record was altered, removed, moved or forged; exit code 1 if one was
    Verify(verify::Args),
}

pub(crate) async fn run(target: &TargetArgs, args: Args) -> Outcome {
    let (target, operator) = target.ask(Role::Read)?;
    // The records are of all tenants, in one chain.
    operator.scope.everybody().map_err(|error| out_of_scope(&error))?;
    match args.action {
        Action::Show(args) => show::run(target, args).await,
        Action::Verify(args) => verify::run(target, args).await,
    }
}

/// What a person is told when the topic can't be read.
fn explain(error: &KafkaError) -> Failure {
    match error {
        KafkaError::Unreachable(_) | KafkaError::Timeout(_) | KafkaError::Busy(_) => {
            Failure::unreachable(error).hint("`forebay status` says what is reachable, and at which address")
        }
        KafkaError::Settings(_) => Failure::settings(error),
        KafkaError::Denied(_) => {
            Failure::failed(error).hint("this needs Read and Describe on the audit topic")
        }
        _ => Failure::failed(error),
    }
}
