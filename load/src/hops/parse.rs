//! Kafka to parse to Kafka: `forebay.raw` is there, `forebay.events` is to come. Done when it has as many records.
//!
//! When delivery is at least once and partitions move from lane to lane, as they do at the start, what is under way may be
//! done again. The index meets such documents by their ids; here they are counted as repeated. In transactions nothing is
//! repeated for who reads committed records; their marks take offsets too, less than one in a thousand.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use forebay_kafka::{ReadFrom, TopicReader};
use forebay_settings::Settings;
use forebay_settings::sections::parser::Delivery;

use super::{Care, PATIENCE};
use crate::bed::Bed;
use crate::machine::quiet;
use crate::measure::{Measured, Watch};
use crate::preload::Backlog;
use crate::verify;

/// How a backlog is parsed.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// So many lanes; 0 is one for each core.
    pub lanes: usize,
    /// How documents are handed on.
    pub delivery: Delivery,
    /// The folder of rules, if any.
    pub rules: Option<PathBuf>,
}

/// Runs the hop on a backlog. The last run's settings come back: they name the topic of its documents.
///
/// # Errors
/// When a document is missing, or offsets were not committed.
pub async fn run(
    bed: &mut Bed,
    backlog: &Backlog,
    way: &Way,
    care: Care,
) -> Result<(Vec<Measured>, Settings)> {
    let mut results = Vec::new();
    let mut last = backlog.settings.clone();
    for run in 0..care.repeat {
        let mut settings = bed.run("parse").await?;
        settings.kafka.topics.raw.clone_from(&backlog.settings.kafka.topics.raw);
        settings.parser.lanes = way.lanes;
        settings.parser.delivery = way.delivery;
        settings.parser.rules.folder.clone_from(&way.rules);
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
    let mut measured = watch.stop_one(events, tier.pid())?;
    bed.wait_for_commits(&settings.parser.group, &topics.raw, &tier).await?;
    tier.stop().await?;
    let documents = match settings.parser.delivery {
        Delivery::AtLeastOnce => bed.count(&topics.events).await?,
        Delivery::ExactlyOnce => committed(settings).await?,
    };
    let letters = bed.count(&topics.dead_letters).await?;
    ensure!(
        documents >= events && letters == 0,
        "{events} in, {documents} documents, {letters} dead letters"
    );
    measured.repeated = documents - events;
    Ok(measured)
}

/// How many documents there are for who reads committed records.
async fn committed(settings: &Settings) -> Result<u64> {
    let kafka = settings.kafka.clone();
    tokio::task::spawn_blocking(move || {
        let mut reader = TopicReader::open(&kafka, &kafka.topics.events, ReadFrom::Beginning)?;
        let mut count = 0;
        while reader.next_record()?.is_some() {
            count += 1;
        }
        Ok(count)
    })
    .await?
}
