//! `forebay`: the command that a person types.
//!
//! Each subcommand stands in a file under [`commands`]; what it prints goes through [`output`]; how it ends is in
//! [`exit`].

mod cli;
mod commands;
mod dev;
mod exit;
mod generate;
mod output;
mod rules;
mod search;
mod send;
mod target;
mod when;

use std::process::ExitCode;

use clap::Parser;

/// `forebay dev` holds all tiers: jemalloc gives memory back after a burst.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match commands::run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::error(&failure);
            failure.exit().into()
        }
    }
}
