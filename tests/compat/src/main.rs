//! `forebay-compat`: the clients that others wrote, against a Kafka that goes away and comes back.

use std::io::{Write as _, stderr, stdout};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use forebay_compat::clients::CLIENTS;
use forebay_compat::record;
use forebay_compat::run::{Options, check, run};

/// Runs clients that others wrote while Kafka is stopped and started, and looks for all that they believe delivered.
#[derive(Debug, Parser)]
#[command(name = "forebay-compat")]
struct Cli {
    /// Only these, by the names of their files in tests/compat/clients
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How many events each of them sends
    #[arg(long, default_value_t = 5_000)]
    events: usize,
    /// Over so many seconds
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Writes down that all of them have passed, for the README's table
    #[arg(long, conflicts_with = "only")]
    record: bool,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    let clients = if cli.only.is_empty() {
        CLIENTS.iter().collect()
    } else {
        let named = |name: &String| CLIENTS.iter().find(|client| client.name == name);
        let found = cli.only.iter().map(|name| named(name).with_context(|| format!("no client {name}")));
        found.collect::<Result<Vec<_>>>()?
    };
    ensure!(!clients.is_empty(), "no client");
    let options = Options { clients, events: cli.events, seconds: cli.seconds };
    let outcomes = run(&options, |line| {
        let _closed = writeln!(stderr(), "{line}");
    })
    .await?;
    for outcome in &outcomes {
        writeln!(stdout(), "{outcome}")?;
    }
    check(&outcomes)?;
    if cli.record {
        record::write()?;
    }
    writeln!(stdout(), "{} passed, 0 failed", outcomes.len())?;
    Ok(())
}
