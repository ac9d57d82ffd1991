//! Kafka to bulk: `forebay.events` is there, as the parser writes it; the other end is a sink that only reads and
//! answers. Done when the sink has answered for every document.

use anyhow::{Result, ensure};
use forebay_settings::Settings;
use forebay_testkit::eventually;

use super::{Care, PATIENCE};
use crate::bed::Bed;
use crate::machine::quiet;
use crate::measure::{Measured, Watch};
use crate::sink::{Counts, Sink};

/// Runs the hop on the documents of an earlier parser run. With [`Care::verify`] another run, which is not measured,
/// goes to a sink that keeps documents by their ids.
///
/// # Errors
/// When a document is missing, or offsets were not committed.
pub async fn run(bed: &mut Bed, events: &Settings, count: u64, care: Care) -> Result<Vec<Measured>> {
    let mut results = Vec::new();
    for _ in 0..care.repeat {
        let settings = own(bed, events).await?;
        quiet(care.patience).await?;
        results.push(once(bed, settings, count, false).await?.0);
    }
    if care.verify {
        let settings = own(bed, events).await?;
        let (_, counts) = once(bed, settings, count, true).await?;
        ensure!(counts.created == count, "{count} ids in, {counts:?}");
    }
    Ok(results)
}

/// Settings of a new group on the same documents.
async fn own(bed: &mut Bed, events: &Settings) -> Result<Settings> {
    let mut settings = bed.run("bulk").await?;
    settings.kafka.topics.events.clone_from(&events.kafka.topics.events);
    Ok(settings)
}

/// One run: from the start of the process to the last answer, and on to its orderly end.
pub(super) async fn once(
    bed: &Bed,
    mut settings: Settings,
    count: u64,
    keep: bool,
) -> Result<(Measured, Counts)> {
    let mut sink = Sink::start(keep).await?;
    sink.url().clone_into(&mut settings.search.url);
    let watch = Watch::start(&[bed.kafka_pid()?, sink.pid()?])?;
    let mut tier = bed.start("forebay-indexer", &settings)?;
    let mut alive = true;
    let waited = eventually("every document is in the sink", PATIENCE, async || {
        alive = tier.is_running();
        !alive || sink.counts().await.is_ok_and(|counts| counts.created + counts.conflicts >= count)
    })
    .await;
    ensure!(alive && waited.is_ok(), "the indexer ended early or got stuck:\n{}", tier.log());
    let mut measured = watch.stop_one(count, tier.pid())?;
    bed.wait_for_commits(&settings.indexer.group, &settings.kafka.topics.events, &tier).await?;
    tier.stop().await?;
    let counts = sink.counts().await?;
    ensure!(counts.created >= count && counts.refused == 0, "{count} in, {counts:?}");
    measured.repeated = counts.created - count;
    Ok((measured, counts))
}
