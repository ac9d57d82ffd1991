//! A backlog drains: first through the parser, then, as documents, through the indexer. Shows how much memory a worker
//! takes when it is far behind.

use anyhow::Result;

use super::{Care, bulk, parse};
use crate::bed::Bed;
use crate::lines::{Lines, Payload};
use crate::machine::quiet;
use crate::measure::Measured;
use crate::preload;

/// Drains a backlog of so many events: what it cost the parser and the indexer.
///
/// # Errors
/// When a document is missing, or offsets were not committed.
pub async fn run(bed: &mut Bed, events: u64, care: Care) -> Result<(Measured, Measured)> {
    let lines = Lines::ending_now(Payload::App, events);
    let backlog = preload::fill(bed, "drain", lines, Payload::App.format(), events).await?;
    quiet(care.patience).await?;
    let parser = parse::once(bed, &backlog.settings, events).await?;
    quiet(care.patience).await?;
    let (indexer, _counts) = bulk::once(bed, backlog.settings, events, false).await?;
    Ok((parser, indexer))
}
