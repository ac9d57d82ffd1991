//! The project's own chores: checks that no lint makes, and pages that are generated from the code.

mod docs;
mod structure;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of the project; `make check` runs them.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Checks dependency direction, length of files and where things lie.
    CheckStructure,
    /// Writes the reference pages that are generated from the code.
    Docs {
        /// Writes nothing, and fails when a page isn't what the code says.
        #[arg(long)]
        check: bool,
    },
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a command line tool")]
fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::CheckStructure => structure::check(),
        Chore::Docs { check } => docs::generate(check),
    };
    match done {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("{e:#}");
            ExitCode::FAILURE
        }
    }
}
