//! `forebay check`: is a settings file right? Connects nowhere.

use std::path::PathBuf;

use crate::exit::{Exit, Outcome};
use crate::output::Data;
use crate::target::load;

/// Checks the file as every tier does before it binds a port, with the environment's FOREBAY__... variables on top.
/// All problems are listed at once.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file to check
    #[arg(value_name = "CONFIG")]
    file: PathBuf,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let _settings = load(Some(&args.file))?;
    let mut data = Data::new();
    data.line(format!("{}: the settings are valid", args.file.display()))?;
    data.flush()?;
    Ok(Exit::Done)
}
