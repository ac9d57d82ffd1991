//! The command line.

use clap::{Parser, Subcommand};

use crate::commands::{
    audit, bootstrap, check, completions, dev, dlq, generate, preview, profile, retention, search, send,
    size, status, test, token,
};
use crate::exit::EXIT_CODES_HELP;
use crate::target::TargetArgs;

/// Forebay takes logs in, keeps them in Kafka, parses them and writes them to Elasticsearch or OpenSearch.
#[derive(Debug, Parser)]
#[command(name = "forebay", version, about, after_help = EXIT_CODES_HELP, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run all tiers in one process, on an embedded broker and store
    Dev(dev::Args),
    /// Send the lines of a file, or of standard input, to ingest
    Send(send::Args),
    /// Make realistic log lines from a seed
    Generate(generate::Args),
    /// Find documents, in Lucene's query syntax
    Search(search::Args),
    /// Show rates, lag and dead letters per tier
    Status(status::Args),
    /// Check settings and rules without connecting anywhere
    Check(check::Args),
    /// Run the samples beside the rules
    Test(test::Args),
    /// Show what rules make of events, step by step, again at each edit
    Try(preview::Args),
    /// Show what rules cost, step by step
    Profile(profile::Args),
    /// Create topics and index templates
    Bootstrap(bootstrap::Args),
    /// Delete and close indices whose time has come
    Retention(retention::Args),
    /// Work out what an installation needs: cores, pods, partitions, disks
    Size(size::Args),
    /// Count, look at, replay, park and purge dead letters
    Dlq(Box<dlq::Args>),
    /// Create, list and revoke credentials of who sends, reads or administrates
    Token(token::Args),
    /// Who did what, and whether somebody touched the records of it
    Audit(audit::Args),
    /// Print completions for a shell
    Completions(completions::Args),
    /// Print the version
    Version,
}

#[cfg(test)]
mod tests;
