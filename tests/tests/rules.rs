//! Rules on the whole way, from a sender to the index.
//!
//! Layer: end to end, on a real Kafka and a real Elasticsearch, the tiers in this process; how tenants share a lane, on Kafka and
//! the parser alone.
//! Does not prove: what a crash does to a batch under way (the simulation does), or what several parsers with folders of
//! their own do while one of them is behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use forebay_kafka::{Acks, Outgoing, Producer, ProducerOptions};
use forebay_record::{RawEvent, RawTemplate};
use forebay_rule_files::{Source, configured};
use forebay_service::Context;
use forebay_settings::{Period, Settings};
use forebay_telemetry::Scrape;
use forebay_testkit::eventually;
use forebay_testkit::prometheus::sum;
use forebay_testkit::servers::shared;
use forebay_tests::backend::bootstrap_topics;
use forebay_tests::stack::settings_of_its_own;
use forebay_tests::{Backend, Stack};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

/// How often the rules change.
const RELOADS: usize = 100;
/// Every so many-th change is broken.
const BROKEN: usize = 10;
/// How long a change may take until it is in force, on a busy machine.
const IN_FORCE: Duration = Duration::from_secs(30);

/// The rule of one revision: documents say which one made them.
fn rule(number: usize) -> String {
    format!("steps:\n  - vrl: '.made_by = {number}'\n")
}

/// Scenario: the rules change a hundred times in a row while events come in all the time; every tenth change doesn't compile.
/// Guarantees: every event is indexed once, with the revision that made it; a change that is broken changes nothing, and is
/// counted; documents of nearly all revisions are there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_reloads_lose_and_double_nothing() -> Result<()> {
    let scrape = Scrape::install().context("metrics")?;
    let folder = TempDir::new()?;
    let file = folder.path().join("10-made-by.yaml");
    fs::write(&file, rule(0))?;
    let stack = Stack::start(Backend::Elasticsearch, |settings| {
        settings.parser.rules.folder = Some(folder.path().to_owned());
        settings.parser.rules.check_every = Period::from_millis(50);
    })
    .await?;
    let source =
        Source { folder: folder.path().to_owned(), options: configured::options(&stack.settings.parser) };
    let mut made_by = BTreeMap::from([(revision(&source)?, 0)]);
    let end = CancellationToken::new();
    let sender = send_until(&stack, end.clone())?;
    let reloads = |outcome: &str| {
        sum(&scrape.render(), "forebay_rules_reloads_total", &[&format!("outcome=\"{outcome}\"")])
    };
    for number in 1..=RELOADS {
        let broken = number.is_multiple_of(BROKEN);
        let (outcome, text) = match broken {
            true => ("failed", format!("steps:\n  - vrl: '.made_by = '\n# {number}\n")),
            false => ("ok", rule(number)),
        };
        let before = reloads(outcome);
        replace(&file, &text)?;
        eventually(&format!("change {number}"), IN_FORCE, async || reloads(outcome) > before).await?;
        if !broken {
            let _new = made_by.insert(revision(&source)?, number);
        }
    }
    end.cancel();
    let sent = sender.await??;
    let found = stack.wait_for_documents(sent).await?;
    assert_eq!(found.len(), sent);
    assert!(stack.dead_letters().await?.is_empty());
    let mut seen = BTreeMap::<usize, usize>::new();
    for hit in found.values() {
        let document: Value = serde_json::from_str(hit.document.get())?;
        let revision = document["labels"]["rules_revision"].as_str().context("no revision")?;
        let number =
            made_by.get(revision).with_context(|| format!("revision {revision} was never in force"))?;
        ensure!(document["made_by"] == *number, "{revision} is of {number}: {document}");
        *seen.entry(*number).or_default() += 1;
    }
    println!("{sent} events, {} of {} revisions seen", seen.len(), made_by.len());
    // An event may come a moment before or after a revision that was in force for a tenth of a second.
    ensure!(seen.len() > made_by.len() / 2, "{seen:?}");
    stack.stop().await
}

/// How many events of the slow tenant stand before one of the other's.
const SLOW_EVENTS: usize = 40;
/// How often that happens.
const ROUNDS: usize = 5;
/// A program that its time stops, on any machine.
const SLOW_RULE: &str = "steps:\n  - vrl: 'for_each(range!(0, 3000)) -> |_, i| { for_each(range!(0, 3000)) -> |_, j| { .n = i + j } }'\n";
/// How much longer the other's events may wait than when it is alone: half a second's work, and thirty on a machine with much else
/// to do.
const HARDLY: Duration = Duration::from_secs(30);

/// Scenario: a tenant whose every event takes as much time as a program is given, and one whose events take little, in one
/// partition; first with no limit on what the slow one takes of the lane, then with the default.
/// Guarantees: with the limit, events of the quick one wait hardly longer than when it is alone, and not a third of what they
/// wait without the limit; all of them become documents, and each of the others a dead letter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_tenant_does_not_slow_the_others() -> Result<()> {
    let unlimited = waits(1, 100).await?;
    let limited = waits(ROUNDS, Settings::default().parser.rules.max_slow_share).await?;
    println!("waits, without a limit {unlimited:?}, with it {limited:?}");
    let longest = limited.behind.iter().max().context("no wait")?;
    ensure!(*longest < limited.alone + HARDLY, "{limited:?}");
    ensure!(unlimited.behind.iter().all(|wait| *longest * 3 < *wait), "{limited:?} {unlimited:?}");
    Ok(())
}

/// How long events of the quick tenant waited.
#[derive(Debug)]
struct Waits {
    alone: Duration,
    /// Behind those of the slow one, each time.
    behind: Vec<Duration>,
}

async fn waits(rounds: usize, share: u32) -> Result<Waits> {
    let scrape = Scrape::install().context("metrics")?;
    let folder = TempDir::new()?;
    // Metrics are the process's: each run has tenants of its own.
    let (quick, slow) = (format!("quick-{share}"), format!("slow-{share}"));
    for (tenant, rule) in [(&quick, "steps: [{vrl: '.seen = true'}]\n"), (&slow, SLOW_RULE)] {
        let folder = folder.path().join("tenants").join(tenant);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("10-rule.yaml"), rule)?;
    }
    let mut settings = settings_of_its_own();
    settings.kafka.bootstrap_servers = shared::kafka().await?.address();
    settings.kafka.topics.partitions = 1;
    settings.parser.rules.folder = Some(folder.path().to_owned());
    // So that it is time which stops the program.
    settings.parser.rules.max_steps = 100_000_000;
    settings.parser.rules.max_slow_share = share;
    bootstrap_topics(&settings).await?;
    let shutdown = CancellationToken::new();
    let parser = forebay_parser::start(&settings, &Context::new(&settings), shutdown.clone())?;
    let count = |name: &str, tenant: &str| sum(&scrape.render(), name, &[&format!("tenant=\"{tenant}\"")]);
    let mut sent = 0.0;
    let mut wait = async |slow_ones: usize| {
        let events = std::iter::repeat_n(&*slow, slow_ones).chain([&*quick]);
        produce(&settings, events).await?;
        sent += 1.0;
        let began = Instant::now();
        let passed = async || count("forebay_parser_events_total", &quick) >= sent;
        eventually("the quick tenant's event is through", Duration::from_secs(600), passed).await?;
        anyhow::Ok(began.elapsed())
    };
    // The first one waits for the partition.
    let _first = wait(0).await?;
    let alone = wait(0).await?;
    let mut behind = Vec::new();
    for _ in 0..rounds {
        behind.push(wait(SLOW_EVENTS).await?);
    }
    let letters =
        async || count("forebay_events_dead_lettered_total", &slow) == (rounds * SLOW_EVENTS) as f64;
    eventually("all of the slow tenant's are dead letters", IN_FORCE, letters).await?;
    ensure!(count("forebay_events_dead_lettered_total", &quick) == 0.0);
    shutdown.cancel();
    parser.stopped().await?;
    Ok(Waits { alone, behind })
}

/// Puts an event for each tenant into the raw topic.
async fn produce(settings: &Settings, tenants: impl Iterator<Item = &str>) -> Result<()> {
    let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 64 << 20 };
    let producer = Producer::new(&settings.kafka, options)?;
    let acks = Acks::new();
    for tenant in tenants {
        let shared = RawEvent { tenant, stream: tenant, format: "json", ..RawEvent::default() };
        let mut value = Vec::new();
        RawTemplate::new(&shared).push(&mut value, &uuid::Uuid::now_v7().to_string(), b"{\"a\":1}");
        let record = Outgoing {
            topic: &settings.kafka.topics.raw,
            partition: Some(0),
            key: tenant.as_bytes(),
            value: &value,
            headers: &[],
        };
        producer.send(&record, &acks)?;
    }
    acks.seal();
    ensure!(acks.wait().await.failed == 0, "kafka refused events");
    Ok(())
}

/// Sends events until it is told to end; answers how many.
fn send_until(stack: &Stack, end: CancellationToken) -> Result<JoinHandle<Result<usize>>> {
    let request = stack.post("?id_field=key")?.header("content-type", "application/x-ndjson");
    Ok(tokio::spawn(async move {
        let mut sent = 0;
        // No more than the rest of the pipeline takes beside it, however long all changes take.
        let mut ticks = interval(Duration::from_millis(20));
        while !end.is_cancelled() {
            let _due = ticks.tick().await;
            let body: String =
                (sent..sent + 20).map(|n| format!("{{\"key\":\"e-{n}\",\"n\":{n}}}\n")).collect();
            let answer = request.try_clone().context("a request")?.body(body).send().await?;
            ensure!(answer.status() == 200, "{}", answer.text().await?);
            sent += 20;
        }
        Ok(sent)
    }))
}

fn revision(source: &Source) -> Result<String> {
    Ok(source.load()?.0.revision().to_owned())
}

/// Puts a file in the place of another, so that nobody sees half of it.
fn replace(file: &Path, text: &str) -> Result<()> {
    let beside = file.with_file_name(".next");
    fs::write(&beside, text)?;
    fs::rename(&beside, file)?;
    Ok(())
}
