//! Kafka to parse to Kafka: `forebay.raw` is there, `forebay.events` is to come. Done when it has as many records.

use anyhow::{Result, ensure};
use forebay_settings::Settings;

use super::{Care, PATIENCE};
use crate::bed::Bed;
use crate::machine::quiet;
use crate::measure::{Measured, Watch};
use crate::preload::Backlog;
use crate::verify;

/// Runs the hop on a backlog with so many lanes (0: one for each core). The last run's settings come back: they name
/// the topic of its documents.
///
/// # Errors
/// When the numbers of events and documents differ, or offsets were not committed.
pub async fn run(
    bed: &mut Bed,
    backlog: &Backlog,
    lanes: usize,
    care: Care,
) -> Result<(Vec<Measured>, Settings)> {
    let mut results = Vec::new();
    let mut last = backlog.settings.clone();
    for run in 0..care.repeat {
        let mut settings = bed.run("parse").await?;
        settings.kafka.topics.raw.clone_from(&backlog.settings.kafka.topics.raw);
        settings.parser.lanes = lanes;
        quiet(care.patience).await?;
        results.push(once(bed, &settings, backlog.events).await?);
        if care.verifies(run) {
            verify::events(&settings, backlog.events).await?;
        }
        last = settings;
    }
    Ok((results, last))
}

/// One run: from the start of the process to the last document, and on to its orderly end.
pub(super) async fn once(bed: &Bed, settings: &Settings, events: u64) -> Result<Measured> {
    let topics = &settings.kafka.topics;
    let watch = Watch::start(&[bed.kafka_pid()?])?;
    let mut tier = bed.start("forebay-parser", settings)?;
    bed.wait_for(&[&topics.events, &topics.dead_letters], events, &mut tier, PATIENCE).await?;
    let [measured] =
        watch.stop(events, &[tier.pid()])?.try_into().map_err(|_| anyhow::anyhow!("one process"))?;
    tier.stop().await?;
    let (documents, letters) = (bed.count(&topics.events).await?, bed.count(&topics.dead_letters).await?);
    ensure!(
        documents == events && letters == 0,
        "{events} in, {documents} documents, {letters} dead letters"
    );
    let lag = bed.lag(&settings.parser.group, &topics.raw).await?;
    ensure!(lag == 0, "{lag} offsets were not committed");
    Ok(measured)
}
