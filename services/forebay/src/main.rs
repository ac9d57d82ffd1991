//! `forebay`: the command that a person types.
//!
//! Each subcommand stands in a file under [`commands`]; what it prints goes through [`output`]; how it ends is in
//! [`exit`].

mod audit;
mod cli;
mod commands;
mod dev;
mod exit;
mod generate;
mod operator;
mod output;
mod retention;
mod rules;
mod search;
mod send;
mod status;
mod target;
mod when;

use std::process::ExitCode;

use clap::Parser;

/// `forebay dev` holds all tiers: jemalloc gives memory back after a burst.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The stack of the thread that commands run on, in bytes of address space: that of the parser's compiler of rules, so that what it takes
/// `check` and `try` take too.
const STACK: usize = 64 << 20;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let run = || match commands::run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::error(&failure);
            failure.exit().into()
        }
    };
    let thread = std::thread::Builder::new().name("forebay".to_owned()).stack_size(STACK).spawn(run);
    // A panic has been told already.
    thread.map_or(ExitCode::FAILURE, |thread| thread.join().unwrap_or(ExitCode::from(101)))
}
