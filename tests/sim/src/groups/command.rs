//! What `make sim ARGS=groups` does.

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use super::figures::Figures;
use super::run::run;
use super::scenario::Scenario;
use super::setup::Setup;

/// How large the group is, and the world around it.
#[derive(Debug, Args)]
pub struct Options {
    /// How many workers: lanes of parsers, or indexers.
    #[arg(long, default_value_t = 500)]
    workers: usize,
    /// How many partitions.
    #[arg(long, default_value_t = 2_000)]
    partitions: i32,
    /// Records a second and partition.
    #[arg(long)]
    rate: Option<u64>,
    /// The brokers' `group.consumer.heartbeat.interval.ms`.
    #[arg(long)]
    heartbeat_ms: Option<u64>,
    /// The brokers' `group.consumer.session.timeout.ms`.
    #[arg(long)]
    session_ms: Option<u64>,
    /// For how many milliseconds a batch is under way, at most; a third of it at least.
    #[arg(long)]
    outcome_ms: Option<u64>,
    /// `parser.revoke_timeout`, in milliseconds: 0 shows what it is worth to wait.
    #[arg(long)]
    revoke_ms: Option<u64>,
    /// How many workers a rolling restart ends at once.
    #[arg(long)]
    at_once: Option<usize>,
    /// Only what has this in its first two columns.
    #[arg(long, default_value = "")]
    only: String,
}

/// Everything that may happen to a group, one after the other, as a table. Answers whether all is well.
///
/// # Errors
/// When the coordinator can't be run, or nothing can be written.
pub fn all(options: &Options, seed: u64, out: &mut impl Write) -> Result<bool> {
    let mut setup = Setup::new(seed, options.workers, options.partitions);
    setup.rate = options.rate.unwrap_or(setup.rate);
    setup.heartbeat = options.heartbeat_ms.map_or(setup.heartbeat, Duration::from_millis);
    setup.session = options.session_ms.map_or(setup.session, Duration::from_millis);
    setup.revoke_timeout = options.revoke_ms.map_or(setup.revoke_timeout, Duration::from_millis);
    setup.at_once = options.at_once.unwrap_or(setup.at_once);
    if let Some(most) = options.outcome_ms.map(Duration::from_millis) {
        setup.outcome = (most / 3, most);
    }
    writeln!(out, "{}\n\n{}", Figures::about(&setup), Figures::head())?;
    let mut is_well = true;
    for (scenario, membership) in Scenario::all(setup.workers) {
        let setup = Setup { membership, ..setup.clone() };
        if !format!("{scenario} {membership}").contains(&options.only) {
            continue;
        }
        let figures = run(scenario, &setup)?;
        writeln!(out, "{figures}")?;
        for violation in &figures.violations {
            is_well = false;
            writeln!(out, "!! {violation}")?;
        }
        out.flush()?;
    }
    Ok(is_well)
}
