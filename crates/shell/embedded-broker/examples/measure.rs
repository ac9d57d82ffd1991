//! Measures the embedded broker: time to start, records per second, memory, and CPU when idle with three consumers.
//!
//! `cargo run -p forebay-embedded-broker --features embedded --example measure -- [RECORDS] [PARTITIONS]`

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use forebay_embedded_broker::{EmbeddedBroker, EmbeddedOptions, TopicSpec, recommended_properties};
use forebay_kafka::{
    Acks, Assignment, Intake, IntakeOptions, Member, Outgoing, PollLimits, Producer, ProducerOptions,
    RecordBatch, SendError,
};
use forebay_settings::sections::KafkaSettings;
use tokio_util::sync::CancellationToken;

const TOPIC: &str = "forebay.raw";

struct Nothing;

impl Assignment for Nothing {
    fn assigned(&self, _partitions: &[i32]) {}
    fn revoked(&self, _member: &Member<'_>, _partitions: &[i32]) -> Vec<(i32, i64)> {
        Vec::new()
    }
    fn lost(&self, _partitions: &[i32]) {}
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example that reports to a person")]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let records: usize = args.next().map_or(Ok(50_000), |arg| arg.parse())?;
    let partitions: i32 = args.next().map_or(Ok(2), |arg| arg.parse())?;
    let dir = tempfile::tempdir()?;
    let options = || EmbeddedOptions {
        data_dir: dir.path().to_path_buf(),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        topics: vec![TopicSpec::new(TOPIC, partitions)],
        shutdown: CancellationToken::new(),
    };
    let start = Instant::now();
    let broker = EmbeddedBroker::start(options()).await?;
    println!("first start {:?}, memory {} MiB", start.elapsed(), memory()?);

    produce(&settings(&broker), records).await?;
    broker.stop().await?;
    let start = Instant::now();
    let broker = EmbeddedBroker::start(options()).await?;
    println!("start with {records} records {:?}, memory {} MiB", start.elapsed(), memory()?);

    let (stop, read) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now();
    let threads: Vec<_> = ["a", "b", "c"]
        .map(|group| {
            let (settings, stop, read) = (settings(&broker), Arc::clone(&stop), Arc::clone(&read));
            std::thread::spawn(move || consume(&settings, group, &stop, &read))
        })
        .into();
    while read.load(Ordering::Relaxed) < 3 * records {
        ensure!(start.elapsed() < Duration::from_secs(300), "{} records", read.load(Ordering::Relaxed));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("read by three groups {:?}, memory {} MiB", start.elapsed(), memory()?);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (before, start) = (cpu_ticks()?, Instant::now());
    tokio::time::sleep(Duration::from_secs(10)).await;
    println!(
        "idle with three consumers: {:.2} % of a core, memory {} MiB",
        (cpu_ticks()? - before) / start.elapsed().as_secs_f64(),
        memory()?
    );
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().map_err(|_| anyhow::anyhow!("a consumer panicked"))??;
    }
    let start = Instant::now();
    broker.stop().await?;
    println!("stop {:?}", start.elapsed());
    Ok(())
}

fn settings(broker: &EmbeddedBroker) -> KafkaSettings {
    KafkaSettings {
        bootstrap_servers: broker.bootstrap_servers(),
        properties: recommended_properties(),
        ..KafkaSettings::default()
    }
}

#[expect(clippy::print_stdout, reason = "an example that reports to a person")]
async fn produce(settings: &KafkaSettings, records: usize) -> anyhow::Result<()> {
    let options = ProducerOptions { client_id: "measure".to_owned(), queue_bytes: 16 * 1024 * 1024 };
    let producer = Producer::new(settings, options)?;
    let (acks, start, value) = (Acks::new(), Instant::now(), vec![b'x'; 314]);
    for n in 0..records {
        let key = n.to_string();
        let record =
            Outgoing { topic: TOPIC, partition: None, key: key.as_bytes(), value: &value, headers: &[] };
        while let Err(error) = producer.send(&record, &acks) {
            ensure!(error == SendError::QueueFull, "{error}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    acks.seal();
    let report = acks.wait().await;
    ensure!(report.failed == 0, "{report:?}");
    let seconds = start.elapsed().as_secs_f64();
    println!("produced {:.0} records/s, memory {} MiB", records as f64 / seconds, memory()?);
    Ok(())
}

fn consume(
    settings: &KafkaSettings,
    group: &str,
    stop: &AtomicBool,
    read: &AtomicUsize,
) -> anyhow::Result<()> {
    let options = IntakeOptions {
        group: group.to_owned(),
        topic: TOPIC.to_owned(),
        client_id: "measure".to_owned(),
        prefetch_bytes: 4 * 1024 * 1024,
    };
    let mut intake = Intake::new(settings, options, Arc::new(Nothing))?;
    let mut batch = RecordBatch::default();
    while !stop.load(Ordering::Relaxed) {
        batch.clear();
        let limits = PollLimits { records: 1000, bytes: 1024 * 1024 };
        intake.poll(&mut batch, limits, Duration::from_millis(500))?;
        let _before = read.fetch_add(batch.len(), Ordering::Relaxed);
    }
    intake.close();
    Ok(())
}

/// Resident memory of this process, in MiB.
fn memory() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).unwrap_or("0");
    Ok(kib.parse::<u64>()? / 1024)
}

/// CPU time of this process, in hundredths of a second.
fn cpu_ticks() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).copied().unwrap_or("0").parse::<f64>();
    Ok(ticks(11)? + ticks(12)?)
}
