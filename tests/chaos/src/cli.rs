//! The command: how long, which faults, from which seed.

use std::io::{Write as _, stderr, stdout};
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum};
use forebay_settings::Period;
use forebay_testkit::servers::Kind;
use tokio::signal::ctrl_c;
use tokio::signal::unix::{SignalKind, signal};

use crate::report::Page;
use crate::run::{Faults, Options, run};
use crate::tier::Tier;

/// Breaks everything between the tiers on a schedule, and looks for every acknowledged event afterwards.
#[derive(Debug, Parser)]
#[command(name = "forebay-chaos")]
pub struct Cli {
    /// How long faults come
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
    /// What the schedule is made from [default: a fresh one, which is printed]
    #[arg(long)]
    seed: Option<u64>,
    /// Events per second
    #[arg(long, default_value_t = 2_000)]
    rate: u64,
    /// Instead of chaos: kill -9 of this tier's processes; all means each tier in turn, for so many minutes each
    #[arg(long, value_enum)]
    kill: Option<Victims>,
    /// How often, with --kill
    #[arg(long, default_value = "10s", requires = "kill")]
    every: Period,
    /// How the parser hands on
    #[arg(long, value_enum, default_value_t = Delivery::AtLeastOnce)]
    delivery: Delivery,
    /// Consumers with names that outlive them (kafka.instance_id)
    #[arg(long)]
    static_members: bool,
    /// With rules that drop, route, split, mask and fail, and change all the time
    #[arg(long)]
    rules: bool,
    /// OpenSearch instead of Elasticsearch
    #[arg(long)]
    opensearch: bool,
    /// A setting of all tiers, as an environment variable: FOREBAY__INDEXER__BULK_WAIT=1s
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = variable)]
    environment: Vec<(String, String)>,
}

/// Whose processes are killed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Victims {
    All,
    Ingest,
    Parser,
    Indexer,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Delivery {
    AtLeastOnce,
    ExactlyOnce,
}

/// Runs the command.
///
/// # Errors
/// When a run can't be made, or a promise was broken.
pub async fn main(cli: Cli) -> Result<()> {
    let seed = cli.seed.unwrap_or_else(rand::random);
    let tiers: Vec<Option<Tier>> = match cli.kill {
        None => vec![None],
        Some(Victims::All) => Tier::ALL.into_iter().map(Some).collect(),
        Some(Victims::Ingest) => vec![Some(Tier::Ingest)],
        Some(Victims::Parser) => vec![Some(Tier::Parser)],
        Some(Victims::Indexer) => vec![Some(Tier::Indexer)],
    };
    let mut failures = 0;
    for tier in tiers {
        let faults = tier.map_or(Faults::Chaos, |tier| Faults::Kills { tier, every: cli.every.0 });
        let options = Options {
            duration: Duration::from_secs(60 * cli.minutes),
            seed,
            faults,
            rate: cli.rate,
            exactly_once: cli.delivery == Delivery::ExactlyOnce,
            static_members: cli.static_members,
            rules: cli.rules,
            search: if cli.opensearch { Kind::OpenSearch } else { Kind::Elasticsearch },
            environment: cli.environment.clone(),
        };
        say(&format!("the seed is {seed}: --seed {seed} runs this again"));
        let outcome = tokio::select! {
            outcome = run(options, say) => outcome?,
            // Not at once: what was started and mounted has to go.
            _signal = interrupted() => bail!("stopped by a signal"),
        };
        failures += outcome.failures().len();
        write!(stdout(), "\n{}", Page(&outcome))?;
    }
    if failures > 0 {
        bail!("promises were broken: {failures} findings");
    }
    Ok(())
}

/// Waits for SIGINT or SIGTERM.
pub(crate) async fn interrupted() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = ctrl_c() => interrupt,
        _term = terminate.recv() => Ok(()),
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or_else(|| "write NAME=VALUE".to_owned())?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

/// What happens goes to standard error, so that the page alone can be put into a file.
pub fn say(line: &str) {
    let _closed = writeln!(stderr(), "{line}");
}
