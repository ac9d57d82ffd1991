//! `forebay-scale`: the command.

use anyhow::Result;
use clap::Parser;
use forebay_chaos::scale::cli::{self, Cli};

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    cli::main(Cli::parse()).await
}
