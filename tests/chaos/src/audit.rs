//! After the faults: waiting until the pipeline is empty, and the search for every acknowledged event.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_kafka::{ReadFrom, TopicReader, dead_letter};
use forebay_settings::Settings;
use forebay_testkit::oracle::{Audit, Oracle, Report};
use serde_json::{Value, json};
use tokio::time::{Instant, interval, timeout};

use crate::bed::Bed;
use crate::events::is_owed_a_dead_letter;
use crate::ledger::Contents;

/// How long counts have to stand still once nothing is left to read: more than a bulk request waits for company.
const STILL: Duration = Duration::from_secs(3);
/// The same where transactions are used: their markers take up offsets that nobody commits, so that lag says nothing, and one
/// that a killed process left open holds readers up until it is aborted.
const STILL_WITH_TRANSACTIONS: Duration = Duration::from_secs(20);

/// How often it is asked.
const ASK: Duration = Duration::from_millis(500);

/// Documents that are looked at at once.
const PAGE: usize = 10_000;

/// How many wronged events are named.
const NAMED: usize = 5;

/// What was found.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Of every event that was sent.
    pub report: Report,
    /// How much there is.
    pub contents: Contents,
    /// Events that are in the dead-letter topic though nothing is wrong with them: the first few, and their number.
    pub wronged: Vec<String>,
    /// How many those are.
    pub wronged_count: u64,
    /// Bad events that are in the index though they are owed a dead letter.
    pub spared_count: u64,
    /// Records that the parser has handed on for good, to events and to dead letters.
    pub handed_on: u64,
}

/// What the dead-letter topic says.
#[derive(Default)]
struct Letters {
    wronged: Vec<String>,
    wronged_count: u64,
    of_parser: u64,
}

/// Waits until nothing is on its way any more; how long that took. A backlog may take its time, as long as it moves.
///
/// # Errors
/// When nothing has moved for so long as `patience`; the lag is in the error.
pub async fn drained(bed: &Bed, transactions: bool, patience: Duration) -> Result<Duration> {
    let start = Instant::now();
    let still = if transactions { STILL_WITH_TRANSACTIONS } else { STILL };
    let (mut moved, mut changed) = (Instant::now(), Instant::now());
    let mut last = (0, Contents::default());
    // To ask is work for the servers, who have some.
    let mut ticks = interval(ASK);
    loop {
        let _at = ticks.tick().await;
        let asked = async { tokio::try_join!(lag(bed), contents(bed)) };
        let said = match timeout(patience, asked).await.context("no answer").flatten() {
            Ok((lag, contents)) => {
                if (lag, contents) != last {
                    moved = Instant::now();
                }
                if contents != last.1 {
                    changed = Instant::now();
                }
                last = (lag, contents);
                if (lag == 0 || transactions) && changed.elapsed() >= still {
                    return Ok(start.elapsed().saturating_sub(still));
                }
                format!("lag {lag}, {contents:?}")
            }
            Err(error) => format!("{error:#}"),
        };
        ensure!(moved.elapsed() < patience, "nothing has moved for {patience:?}: {said}");
    }
}

/// Records that parser and indexer have still to read.
///
/// # Errors
/// When Kafka doesn't answer.
pub async fn lag(bed: &Bed) -> Result<u64> {
    let Settings { kafka, parser, indexer, .. } = &bed.settings;
    let mut lag = 0;
    for (group, topic) in [(&parser.group, &kafka.topics.raw), (&indexer.group, &kafka.topics.events)] {
        let partitions = bed.admin.group_lag(group, topic).await?;
        lag += partitions.iter().map(forebay_kafka::admin::GroupLag::lag).sum::<i64>();
    }
    Ok(u64::try_from(lag).unwrap_or(0))
}

/// How much there is.
///
/// # Errors
/// When a server doesn't answer.
pub async fn contents(bed: &Bed) -> Result<Contents> {
    let topics = &bed.settings.kafka.topics;
    let records = async |topic: &str| -> Result<u64> {
        let ranges = bed.admin.offsets(topic).await?;
        Ok(ranges.iter().map(|range| u64::try_from(range.len()).unwrap_or(0)).sum())
    };
    let _refreshed = ask(bed, "_refresh", None).await?;
    let answer = ask(bed, "_count", None).await?;
    let documents = answer["count"].as_u64().context("no count")?;
    Ok(Contents {
        raw: records(&topics.raw).await?,
        letters: records(&topics.dead_letters).await?,
        documents,
    })
}

/// Looks for every event in the index and in the dead-letter topic.
///
/// # Errors
/// When a server doesn't answer.
pub async fn search(bed: &Bed, oracle: &Arc<Oracle>) -> Result<Findings> {
    let contents = contents(bed).await?;
    let mut audit = oracle.audit();
    let spared_count = documents(bed, &mut audit).await?;
    let settings = bed.settings.clone();
    let (audit, letters, events) = tokio::task::spawn_blocking(move || {
        let (audit, letters) = letters(&settings, audit)?;
        anyhow::Ok((audit, letters, events(&settings)?))
    })
    .await??;
    Ok(Findings {
        report: audit.finish(),
        contents,
        wronged: letters.wronged,
        wronged_count: letters.wronged_count,
        spared_count,
        handed_on: events + letters.of_parser,
    })
}

/// Goes through all documents; how many bad events are among them.
async fn documents(bed: &Bed, audit: &mut Audit) -> Result<u64> {
    let mut spared = 0;
    let first = json!({"size": PAGE, "sort": ["_doc"], "_source": false});
    let mut page = ask(bed, "_search?scroll=5m", Some(&first)).await?;
    loop {
        let hits = page["hits"]["hits"].as_array().context("no hits")?;
        if hits.is_empty() {
            return Ok(spared);
        }
        for id in hits.iter().filter_map(|hit| hit["_id"].as_str()) {
            audit.indexed(id);
            spared += u64::from(is_owed_a_dead_letter(id));
        }
        let scroll = json!({"scroll": "5m", "scroll_id": page["_scroll_id"]});
        page = post(&format!("{}/_search/scroll", bed.settings.search.url), Some(&scroll)).await?;
    }
}

/// Goes through all dead letters.
fn letters(settings: &Settings, mut audit: Audit) -> Result<(Audit, Letters)> {
    let kafka = &settings.kafka;
    let mut letters = Letters::default();
    let mut reader = TopicReader::open(kafka, &kafka.topics.dead_letters, ReadFrom::Beginning)?;
    while let Some(record) = reader.next_record()? {
        let letter = dead_letter::read(&record)?;
        audit.dead_lettered(&letter.event_id);
        letters.of_parser += u64::from(letter.source_topic == kafka.topics.raw);
        if !is_owed_a_dead_letter(&letter.event_id) {
            letters.wronged_count += 1;
            if letters.wronged.len() < NAMED {
                let of = [&letter.event_id, &letter.error_type, &letter.reason].map(String::as_str);
                letters.wronged.push(of.join(": "));
            }
        }
    }
    Ok((audit, letters))
}

/// Counts the events that readers see: of transactions, those that were committed.
fn events(settings: &Settings) -> Result<u64> {
    let kafka = &settings.kafka;
    let mut reader = TopicReader::open(kafka, &kafka.topics.events, ReadFrom::Beginning)?;
    let mut count = 0;
    while reader.next_record()?.is_some() {
        count += 1;
    }
    Ok(count)
}

async fn ask(bed: &Bed, path: &str, body: Option<&Value>) -> Result<Value> {
    let search = &bed.settings.search;
    post(&format!("{}/{}-*/{path}", search.url, search.index_prefix), body).await
}

async fn post(url: &str, body: Option<&Value>) -> Result<Value> {
    let mut request = reqwest::Client::new().post(url).timeout(Duration::from_secs(60));
    if let Some(body) = body {
        request = request.json(body);
    }
    request.send().await?.error_for_status()?.json().await.context("no JSON")
}
