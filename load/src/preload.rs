//! Fills `forebay.raw` with what ingest would have put there: the backlog of a hop.

use std::thread::park_timeout;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_kafka::{Acks, Outgoing, Producer, ProducerOptions, SendError};
use forebay_record::{RawEvent, RawTemplate, stream};
use forebay_settings::Settings;
use jiff::Timestamp;

use crate::bed::{Bed, PARTITIONS};
use crate::lines::Lines;

/// How many streams the events come from: enough that every partition has some.
const STREAMS: u64 = 64;
/// How many events of one stream follow each other, as in one request.
const BATCH: u64 = 1000;
/// How long the brokers may take for the rest of the queue.
const FLUSH: Duration = Duration::from_secs(120);

/// A backlog.
#[derive(Clone, Debug)]
pub struct Backlog {
    /// The settings that name its topic.
    pub settings: Settings,
    /// What its events are made of.
    pub lines: Lines,
    /// How many events there are.
    pub events: u64,
}

/// The id of event `n` of a backlog.
#[must_use]
pub fn event_id(n: u64) -> String {
    format!("bench-{n:09}")
}

/// Makes topics and fills the first of them with `events` events; `format` is what their sender declared, empty for
/// nothing.
///
/// # Errors
/// When Kafka doesn't take all of them.
pub async fn fill(bed: &mut Bed, name: &str, lines: Lines, format: &str, events: u64) -> Result<Backlog> {
    let settings = bed.run(name).await?;
    let (own, format) = (settings.clone(), format.to_owned());
    tokio::task::spawn_blocking(move || produce(&own, lines, &format, events)).await??;
    let there = bed.count(&settings.kafka.topics.raw).await?;
    ensure!(there == events, "{there} of {events} events were preloaded");
    Ok(Backlog { settings, lines, events })
}

fn produce(settings: &Settings, lines: Lines, format: &str, events: u64) -> Result<()> {
    let producer = producer(settings)?;
    let acks = Acks::new();
    let received = u64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(0);
    let mut record = Vec::new();
    let mut body = Vec::new();
    for first in (0..events).step_by(usize::try_from(BATCH).unwrap_or(1)) {
        let stream = format!("host-{}/app.log", first / BATCH % STREAMS);
        let template = RawTemplate::new(&RawEvent {
            tenant: "bench",
            source: "http",
            format,
            received_at: received,
            stream: &stream,
            ..RawEvent::default()
        });
        let partition = partition(&stream);
        for n in first..events.min(first + BATCH) {
            body.clear();
            record.clear();
            lines.push(n, &mut body);
            template.push(&mut record, &event_id(n), &body);
            let outgoing = Outgoing {
                topic: &settings.kafka.topics.raw,
                partition,
                key: stream.as_bytes(),
                value: &record,
                headers: &[],
            };
            send(&producer, &outgoing, &acks)?;
        }
    }
    all_delivered(&producer, &acks)
}

/// The producer of the bench, as the tiers have theirs.
///
/// # Errors
/// When the settings can't be used.
pub fn producer(settings: &Settings) -> Result<Producer> {
    let options = ProducerOptions { client_id: "forebay-load".to_owned(), queue_bytes: 64 << 20 };
    Ok(Producer::new(&settings.kafka, options)?)
}

/// The partition that holds a stream.
#[must_use]
pub fn partition(name: &str) -> Option<i32> {
    i32::try_from(stream::partition(name.as_bytes(), PARTITIONS.unsigned_abs())).ok()
}

/// Sends a record, and waits while the queue is full. It blocks.
///
/// # Errors
/// When the producer has failed.
pub fn send(producer: &Producer, outgoing: &Outgoing<'_>, acks: &Acks) -> Result<()> {
    loop {
        match producer.send(outgoing, acks) {
            Ok(()) => return Ok(()),
            Err(SendError::QueueFull) => park_timeout(Duration::from_millis(1)),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits until the brokers have everything. It blocks.
///
/// # Errors
/// When they don't have all of it.
pub fn all_delivered(producer: &Producer, acks: &Acks) -> Result<()> {
    acks.seal();
    producer.flush(FLUSH)?;
    let report = acks.report().context("reports are missing")?;
    ensure!(report.failed == 0, "{} records were not delivered: {:?}", report.failed, report.first_error);
    Ok(())
}
