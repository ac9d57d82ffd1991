//! The command `forebay-scale`: which of the two, how many processes, how many events.

use std::io::{Write as _, stdout};
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum};
use forebay_testkit::machine;
use forebay_testkit::servers::Kind;

use super::Options;
use crate::bed::Search;
use crate::cli::{interrupted, say};
use crate::{roll, scale};

/// Connections of the client in a rolling restart: each is used more than twice a second by default.
const CONNECTIONS: usize = 16;

/// Starts and ends parsers, indexers and ingests under load, and looks for every acknowledged event afterwards.
#[derive(Debug, Parser)]
#[command(name = "forebay-scale")]
pub struct Cli {
    /// What is done, one after the other [default: all of it]
    #[arg(value_enum)]
    runs: Vec<Run>,
    /// The most parsers, and the most indexers
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=12))]
    most: u8,
    /// Events of a burst, for each parser
    #[arg(long, default_value_t = 60_000)]
    events: u64,
    /// How much of a core each parser and indexer may use in the run with limits
    #[arg(long, default_value_t = 0.05)]
    cores: f64,
    /// Processes of each tier in a rolling restart
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=12))]
    members: u8,
    /// How often a rolling restart restarts each of them
    #[arg(long, default_value_t = 3)]
    rounds: u8,
    /// Events a second: while processes join, and during a rolling restart
    #[arg(long, default_value_t = 4_000)]
    rate: u64,
    /// What takes the documents [default: a fake store while processes join and leave, Elasticsearch for a rolling restart]
    #[arg(long, value_enum)]
    store: Option<Store>,
    /// The folder of forebay-ingest, -parser and -indexer [default: that of this program]
    #[arg(long)]
    binaries: Option<PathBuf>,
}

/// What is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Run {
    /// Parsers and indexers join and leave, each limited to a part of a core
    Limited,
    /// The same without a limit
    Unlimited,
    /// A rolling restart of all tiers
    Roll,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Store {
    Fake,
    Elasticsearch,
    Opensearch,
}

/// Runs the command.
///
/// # Errors
/// When a run can't be made, or a promise was broken.
pub async fn main(cli: Cli) -> Result<()> {
    let runs = if cli.runs.is_empty() { Run::value_variants() } else { cli.runs.as_slice() };
    let mut failures = 0;
    for run in runs {
        say(&format!("{run:?}; the load average is {:.1}", machine::load_average()?));
        let made = tokio::select! {
            made = one(*run, &cli) => made?,
            // Not at once: what was started has to go.
            _signal = interrupted() => bail!("stopped by a signal"),
        };
        let (page, failed) = made;
        failures += failed;
        write!(stdout(), "\n{page}")?;
    }
    if failures > 0 {
        bail!("promises were broken: {failures} findings");
    }
    Ok(())
}

/// Makes one run: its page, and how many promises were broken.
async fn one(run: Run, cli: &Cli) -> Result<(String, usize)> {
    let cores = match run {
        Run::Limited => Some(cli.cores),
        Run::Unlimited => None,
        Run::Roll => {
            let options = roll::Options {
                members: cli.members.into(),
                rounds: cli.rounds.into(),
                rate: cli.rate,
                connections: CONNECTIONS,
                search: cli.search(Store::Elasticsearch),
                for_speed: true,
                binaries: cli.binaries.clone(),
            };
            let outcome = roll::run(options, say).await?;
            return Ok((roll::Page(&outcome).to_string(), outcome.failures().len()));
        }
    };
    let options = Options {
        most: cli.most.into(),
        events: cli.events,
        cores,
        rate: cli.rate,
        search: cli.search(Store::Fake),
        for_speed: true,
        binaries: cli.binaries.clone(),
    };
    let outcome = scale::run(options, say).await?;
    Ok((scale::Page(&outcome).to_string(), outcome.failures.len()))
}

// === impl Cli ===

impl Cli {
    const fn search(&self, default: Store) -> Search {
        let store = match self.store {
            Some(store) => store,
            None => default,
        };
        match store {
            Store::Fake => Search::Fake,
            Store::Elasticsearch => Search::Server(Kind::Elasticsearch),
            Store::Opensearch => Search::Server(Kind::OpenSearch),
        }
    }
}
