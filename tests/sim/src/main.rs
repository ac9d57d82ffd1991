//! Runs schedules of the simulation, or one again.
//!
//! ```sh
//! make sim SEEDS=1000000           # so many, from a fresh seed on
//! make sim SEEDS=1000 SEED=42      # so many, from this seed on
//! make sim SEED=42                 # this one, with all that happens in it
//! make sim ARGS=groups             # a large consumer group, when workers come and go: see groups.rs
//! ```

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Parser, Subcommand};
use forebay_sim::campaign::all_cores;
use forebay_sim::command::{many, one};
use forebay_sim::groups;

/// How many schedules run where nobody says.
const SCHEDULES: u64 = 100_000;

/// Runs schedules of the simulation.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many schedules; without it, the one of `--seed`.
    #[arg(long)]
    seeds: Option<u64>,
    /// The first seed; a fresh one if it isn't given.
    #[arg(long)]
    seed: Option<u64>,
    /// How many threads; one for each core if it isn't given.
    #[arg(long)]
    threads: Option<usize>,
    #[command(subcommand)]
    what: Option<What>,
}

/// Another simulation.
#[derive(Debug, Subcommand)]
enum What {
    /// A consumer group when workers come and go, on Kafka's own coordinator: how long partitions stand still, what is done
    /// twice.
    Groups(groups::Options),
}

fn main() -> anyhow::Result<ExitCode> {
    let Arguments { seeds, seed, threads, what } = Arguments::parse();
    let mut out = std::io::stdout().lock();
    let is_well = match (what, seeds, seed) {
        (Some(What::Groups(options)), _, seed) => {
            groups::all(&options, seed.map_or_else(fresh, Ok)?, &mut out)?
        }
        (None, None, Some(seed)) => one(seed, &mut out)?,
        (None, seeds, seed) => {
            let from = seed.map_or_else(fresh, Ok)?;
            let to = from.saturating_add(seeds.unwrap_or(SCHEDULES));
            many(from..to, threads.unwrap_or_else(all_cores), &mut out)?
        }
    };
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A seed that nobody had before, with room behind it.
fn fresh() -> anyhow::Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() * 1_000_000)
}
