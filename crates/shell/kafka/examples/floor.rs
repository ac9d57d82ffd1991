//! What this crate costs beside librdkafka: CPU-seconds per million records, produced and consumed on a real broker.
//!
//! `cargo run --release -p forebay-kafka --example floor -- BOOTSTRAP [RECORDS] [KEY=VALUE...]`
//! The broker must have a topic named `floor`, or take orders to make one. Keys are librdkafka's properties.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use forebay_kafka::admin::{TopicAction, TopicPlan, TopicSpec};
use forebay_kafka::{
    Acks, Admin, Assignment, CommitMode, Intake, IntakeOptions, Member, Outgoing, PollLimits, Producer,
    ProducerOptions, RecordBatch, SendError,
};
use forebay_settings::sections::KafkaSettings;

const TOPIC: &str = "floor";
const PARTITIONS: i32 = 12;
const RECORD: usize = 314;
const BATCH: usize = 1000;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let bootstrap_servers = args.next().context("usage: floor BOOTSTRAP [RECORDS] [KEY=VALUE...]")?;
    let records: usize = args.next().map_or(Ok(2_000_000), |count| count.parse())?;
    let properties = args
        .filter_map(|pair| Some((pair.split_once('=')?.0.to_owned(), pair.split_once('=')?.1.to_owned())));
    let settings =
        KafkaSettings { bootstrap_servers, properties: properties.collect(), ..KafkaSettings::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(create(&settings))?;
    let produced = measure(|| produce(&settings, records))?;
    report("produce", records, produced);
    let consumed = measure(|| consume(&settings, records))?;
    report("consume", records, consumed);
    Ok(())
}

async fn create(settings: &KafkaSettings) -> Result<()> {
    let topic =
        TopicSpec { name: TOPIC.to_owned(), partitions: PARTITIONS, replication: 1, configs: Vec::new() };
    Ok(Admin::new(settings)?.apply(&[TopicPlan { topic, action: TopicAction::Create }]).await?)
}

fn produce(settings: &KafkaSettings, records: usize) -> Result<()> {
    let options = ProducerOptions { client_id: "floor".to_owned(), queue_bytes: 32 << 20 };
    let producer = Producer::new(settings, options)?;
    let lines: Vec<Vec<u8>> = (0..BATCH).map(line).collect();
    for batch in 0..records / BATCH {
        let acks = Acks::new();
        let partition = Some(i32::try_from(batch)? % PARTITIONS);
        for line in &lines {
            let record = Outgoing { topic: TOPIC, partition, key: b"host-1/app", value: line, headers: &[] };
            while let Err(error) = producer.send(&record, &acks) {
                anyhow::ensure!(error == SendError::QueueFull, "{error}");
                std::thread::park_timeout(Duration::from_millis(1));
            }
        }
        acks.seal();
    }
    producer.flush(Duration::from_secs(60))?;
    Ok(())
}

fn consume(settings: &KafkaSettings, records: usize) -> Result<()> {
    let group = format!("floor-{}", std::process::id());
    let options = IntakeOptions {
        group,
        topic: TOPIC.to_owned(),
        client_id: "floor".to_owned(),
        prefetch_bytes: 16 << 20,
    };
    let mut intake = Intake::new(settings, options, Arc::new(Forget))?;
    let mut batch = RecordBatch::new();
    let (mut count, mut bytes) = (0, 0);
    while count < records {
        batch.clear();
        let limits = PollLimits { records: 5000, bytes: 4 << 20 };
        intake.poll(&mut batch, limits, Duration::from_millis(100))?;
        count += batch.len();
        bytes += batch.bytes();
    }
    println!("consumed {count} records, {bytes} bytes, {} batch bytes", batch.capacity_bytes());
    intake.commit(&[], CommitMode::Sync)?;
    intake.close();
    Ok(())
}

/// A JSON line, a little different each time, so that it compresses like one.
fn line(n: usize) -> Vec<u8> {
    let random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut line = format!(
        r#"{{"@timestamp":"2026-11-21T10:{:02}:{:02}.{:03}Z","level":"info","service":"checkout","host":"web-{}","trace":"{random:016x}{:016x}","duration_ms":{},"message":"order {random} was placed by customer {}""#,
        n % 60, n % 59, n % 1000, n % 17, random.rotate_left(23), random % 977, random % 100_003,
    )
    .into_bytes();
    line.extend_from_slice(br#","pad":""#);
    line.resize(RECORD - 2, b'-');
    line.extend_from_slice(b"\"}");
    line
}

struct Forget;

impl Assignment for Forget {
    fn assigned(&self, _partitions: &[i32]) {}
    fn revoked(&self, _member: &Member<'_>, _partitions: &[i32]) -> Vec<(i32, i64)> {
        Vec::new()
    }
    fn lost(&self, _partitions: &[i32]) {}
}

fn measure(work: impl FnOnce() -> Result<()>) -> Result<(f64, f64)> {
    let (start, before) = (Instant::now(), cpu_seconds()?);
    work()?;
    Ok((start.elapsed().as_secs_f64(), cpu_seconds()? - before))
}

fn report(what: &str, records: usize, (wall, cpu): (f64, f64)) {
    let millions = records as f64 / 1e6;
    println!("{what}: {:.2} CPU-s per million, {:.0} records/s", cpu / millions, records as f64 / wall);
}

/// User and system time of this process: fields 14 and 15 of its stat file, in ticks of 10 ms.
fn cpu_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').context("stat")?.1;
    let ticks: u64 =
        after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    Ok(ticks as f64 / 100.0)
}
