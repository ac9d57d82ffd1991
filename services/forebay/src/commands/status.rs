//! `forebay status`: what moves, what waits, what failed, per tier.

mod report;
mod sample;
mod targets;

use std::time::Duration;

use forebay_access::Role;

use crate::exit::{Exit, Failure, Outcome};
use crate::operator::out_of_scope;
use crate::output::Data;
use crate::target::TargetArgs;

/// Shows whether Kafka and the store answer, how many events pass each tier in a second, how many it has dealt with since
/// the topics were made (for the indexer: indexed, there already or dead-lettered), how many wait for it, how many
/// are dead letters, and which indices aren't written at the moment. Rates are measured over --interval.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// One JSON object instead of tables
    #[arg(long)]
    json: bool,

    /// Over how many seconds rates are measured
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,

    /// Where an indexer serves its metrics; several times for several (default: telemetry.listen.indexer)
    #[arg(long, value_name = "HOST:PORT")]
    indexer: Vec<String>,
}

pub(crate) async fn run(target: &TargetArgs, args: Args) -> Outcome {
    let (found, operator) = target.ask(Role::Read)?;
    operator.scope.everybody().map_err(|error| out_of_scope(&error))?;
    let token = target.token.shown(found.settings.operators_file())?;
    let (store, target) = (target.store(), found);
    let mut report = sample::take(&target, store, Duration::from_secs(args.interval)).await;
    report.targets = targets::ask(&target, &args.indexer, token.as_ref()).await;
    let mut data = Data::new();
    if args.json {
        data.line(serde_json::to_vec(&report).map_err(|error| Failure::failed(error.to_string()))?)?;
    } else {
        report.lines().iter().try_for_each(|line| data.line(line))?;
    }
    data.flush()?;
    Ok(if report.all_reachable() { Exit::Done } else { Exit::Unreachable })
}
