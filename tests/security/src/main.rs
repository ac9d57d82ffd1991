//! `forebay-attack`: what an honest client notices of each attack.

use std::io::{Write as _, stdout};
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;
use forebay_security::attackers::{ATTACKS, Attack, Targets, named};
use forebay_security::compare::{Options, heading, run};
use forebay_security::cores::Cores;

/// Measures how long an honest client waits, without and beside each attack
#[derive(Debug, Parser)]
#[command(name = "forebay-attack")]
struct Cli {
    /// Only these attacks
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How often calm and attack take turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Honest requests in each turn
    #[arg(long, default_value_t = 400)]
    requests: usize,
    /// Milliseconds from one honest request to the next
    #[arg(long, default_value_t = 10)]
    every: u64,
    /// Attacks instead of measuring: what the program calls itself with
    #[arg(long, hide = true, num_args = 3.., value_names = ["NAME", "TOKEN", "ADDRESS"])]
    as_attacker: Vec<String>,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let threads = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    if let [name, targets @ ..] = cli.as_attacker.as_slice() {
        let (attack, targets) = (named(name)?, Targets::from_args(targets)?);
        return threads()?.block_on(attack.run(targets));
    }
    // Before there are threads, so that all of them are where this one is.
    let cores = Cores::divide()?;
    threads()?.block_on(measure(cli, cores))
}

async fn measure(cli: Cli, cores: Cores) -> Result<()> {
    let attacks: Vec<Attack> = match cli.only.as_slice() {
        [] => ATTACKS.to_vec(),
        names => names.iter().map(|name| named(name)).collect::<Result<_>>()?,
    };
    let every = Duration::from_millis(cli.every);
    let options = Options { rounds: cli.rounds, requests: cli.requests, every };
    writeln!(stdout(), "{}", heading())?;
    let rows = run(&attacks, options, cores, |row| Ok(writeln!(stdout(), "{row}")?)).await?;
    let noticed = rows.iter().filter(|row| !row.is_unnoticed()).count();
    ensure!(noticed == 0, "{noticed} of {} attacks were noticed", rows.len());
    Ok(())
}
