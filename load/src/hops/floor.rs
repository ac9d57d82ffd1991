//! The floor: librdkafka alone, as Forebay's Kafka crate sets it up. Nothing that reads or writes Kafka can be cheaper,
//! and it tells in what state the machine is today.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use forebay_kafka::{
    Acks, Assignment, CommitMode, Intake, IntakeOptions, Member, Outgoing, PollLimits, RecordBatch,
};
use forebay_settings::Settings;

use super::Care;
use crate::bed::Bed;
use crate::lines::{Lines, Payload};
use crate::machine::quiet;
use crate::measure::{Measured, Watch};
use crate::preload;

/// Produces lines as they are, then consumes them: the costs of each, run by run.
///
/// # Errors
/// When a record is missing.
pub async fn run(bed: &mut Bed, events: u64, care: Care) -> Result<(Vec<Measured>, Vec<Measured>)> {
    let (mut produced, mut consumed) = (Vec::new(), Vec::new());
    for _ in 0..care.repeat {
        let settings = bed.run("floor").await?;
        let lines = lines(events);
        quiet(care.patience).await?;
        let watch = Watch::start(&[bed.kafka_pid()?])?;
        let own = settings.clone();
        tokio::task::spawn_blocking(move || produce(&own, &lines)).await??;
        produced.push(watch.stop_own(events)?);
        ensure!(bed.count(&settings.kafka.topics.raw).await? == events, "the floor lost events");
        quiet(care.patience).await?;
        let watch = Watch::start(&[bed.kafka_pid()?])?;
        tokio::task::spawn_blocking(move || consume(settings, events)).await??;
        consumed.push(watch.stop_own(events)?);
    }
    Ok((produced, consumed))
}

/// Made before anything is measured.
fn lines(events: u64) -> Vec<Vec<u8>> {
    let lines = Lines::ending_now(Payload::App, events);
    let line = |n| {
        let mut line = Vec::new();
        lines.push(n, &mut line);
        line
    };
    (0..events).map(line).collect()
}

fn produce(settings: &Settings, lines: &[Vec<u8>]) -> Result<()> {
    let producer = preload::producer(settings)?;
    let acks = Acks::new();
    for (batch, lines) in lines.chunks(1000).enumerate() {
        let stream = format!("host-{}/app.log", batch % 64);
        let partition = preload::partition(&stream);
        for value in lines {
            let (topic, key) = (settings.kafka.topics.raw.as_str(), stream.as_bytes());
            preload::send(&producer, &Outgoing { topic, partition, key, value, headers: &[] }, &acks)?;
        }
    }
    preload::all_delivered(&producer, &acks)
}

fn consume(settings: Settings, events: u64) -> Result<()> {
    let options = IntakeOptions {
        group: format!("{}-reader", settings.kafka.topics.raw),
        topic: settings.kafka.topics.raw.clone(),
        client_id: "forebay-load".to_owned(),
        prefetch_bytes: 16 << 20,
    };
    let mut intake = Intake::new(&settings.kafka, options, Arc::new(Ignore))?;
    let mut batch = RecordBatch::new();
    let mut count = 0;
    while count < events {
        batch.clear();
        let limits = PollLimits { records: 5000, bytes: 4 << 20 };
        intake.poll(&mut batch, limits, Duration::from_millis(100))?;
        count += batch.len() as u64;
    }
    intake.commit(&[], CommitMode::Sync)?;
    intake.close();
    Ok(())
}

/// Nothing is to be done when partitions come and go.
struct Ignore;

impl Assignment for Ignore {
    fn assigned(&self, _partitions: &[i32]) {}
    fn revoked(&self, _member: &Member<'_>, _partitions: &[i32]) -> Vec<(i32, i64)> {
        Vec::new()
    }
    fn lost(&self, _partitions: &[i32]) {}
}
