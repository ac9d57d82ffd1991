//! `forebay token create`: a token that binds its bearer to a tenant.

use std::path::PathBuf;

use forebay_ingest::tokens;
use forebay_record::Tenant;
use jiff::Timestamp;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Data, note};
use crate::target::{TargetArgs, load};

/// Tokens of senders.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Create a token: it is printed once, the file keeps its hash only
    Create(Create),
}

/// A new token.
#[derive(Debug, clap::Args)]
struct Create {
    /// The tenant whose events its bearer sends
    #[arg(long, value_parser = tenant)]
    tenant: Tenant,

    /// What the token is for, such as the shipper's name; shown in ingest's log
    #[arg(long, default_value = "token")]
    name: String,

    /// When it expires, such as 2027-01-31T00:00:00Z (default: never)
    #[arg(long)]
    expires: Option<Timestamp>,

    /// The token file; it is made if it isn't there (default: ingest.token_file of the settings)
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

fn tenant(text: &str) -> Result<Tenant, String> {
    Tenant::new(text).map_err(|error| error.to_string())
}

pub(crate) fn run(target: &TargetArgs, args: Args) -> Outcome {
    let Action::Create(args) = args.action;
    let file = match args.file {
        Some(file) => file,
        None => from_settings(target)?,
    };
    let issued = tokens::issue(&file, &args.tenant, &args.name, args.expires)
        .map_err(|error| Failure::failed(error.to_string()))?;
    note(format!(
        "added a token of tenant `{}` to {}; ingest reads it within seconds",
        issued.tenant,
        file.display()
    ));
    note("it is shown this once:");
    let mut data = Data::new();
    data.line(&issued.token)?;
    data.flush()?;
    Ok(Exit::Done)
}

fn from_settings(target: &TargetArgs) -> Result<PathBuf, Failure> {
    let settings = load(target.config.as_deref())?;
    settings.ingest.token_file.ok_or_else(|| {
        Failure::usage("there is no token file: the settings have no ingest.token_file")
            .hint("name one with --file, or settings that have one with --config")
    })
}
