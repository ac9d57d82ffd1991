//! `forebay-load`: the bench's command.

use anyhow::Result;
use clap::Parser;
use forebay_load::cli::{self, Cli};

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    cli::run(Cli::parse()).await
}
