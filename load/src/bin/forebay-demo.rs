//! `forebay-demo`: real logs through real Kafka into real Elasticsearch, with a count of each.

use std::io::stdout;

use anyhow::Result;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    forebay_load::demo::run(&mut stdout()).await
}
