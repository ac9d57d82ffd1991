//! `forebay completions`: a script that completes commands and options.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::{Exit, Outcome};
use crate::output::Data;

/// Prints a script for the shell, such as: forebay completions bash > ~/.local/share/bash-completion/completions/forebay
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "forebay", &mut script);
    let mut data = Data::new();
    data.raw(script)?;
    data.flush()?;
    Ok(Exit::Done)
}
