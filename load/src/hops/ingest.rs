//! HTTP to Kafka: NDJSON of 1,000 lines over 8 connections. Done when ingest has answered for everything, which it does
//! only once the brokers have it.

use anyhow::{Result, ensure};

use super::Care;
use crate::bed::Bed;
use crate::http;
use crate::lines::{Lines, Payload};
use crate::machine::quiet;
use crate::measure::{Measured, Watch};
use crate::verify;

/// Runs the hop.
///
/// # Errors
/// When an event was acknowledged and is not there, or the other way round.
pub async fn run(bed: &mut Bed, events: u64, care: Care) -> Result<Vec<Measured>> {
    let mut results = Vec::new();
    let lines = Lines::ending_now(Payload::App, events);
    for run in 0..care.repeat {
        let settings = bed.run("ingest").await?;
        let bodies = http::bodies(&lines, events);
        quiet(care.patience).await?;
        let watch = Watch::start(&[bed.kafka_pid()?])?;
        let mut tier = bed.start("forebay-ingest", &settings)?;
        tier.ready().await?;
        let sent = http::send_all(&format!("http://{}/v1/ingest", settings.ingest.listen), bodies).await?;
        let mut measured = watch.stop_one(events, tier.pid())?;
        tier.stop().await?;
        let there = bed.count(&settings.kafka.topics.raw).await?;
        ensure!(sent.accepted == events, "{} of {events} events were acknowledged", sent.accepted);
        ensure!(there >= events, "{events} sent, {there} in kafka");
        measured.repeated = there - events;
        results.push(measured);
        if care.verifies(run) {
            verify::raw(&settings, events).await?;
        }
    }
    Ok(results)
}
