//! After the faults: waiting until the pipeline is empty, and the search for every acknowledged event.

mod findings;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_kafka::{ReadFrom, TopicReader, dead_letter};
use forebay_settings::Settings;
use forebay_testkit::oracle::{Audit, Oracle};
use serde_json::{Value, json};
use tokio::time::{Instant, interval, timeout};

use crate::bed::{Bed, Destination};
use crate::events::Fate;
use crate::ledger::Contents;
use crate::rules::{ROUTE, SECRET};
pub use findings::{Findings, RuleFindings};

/// How long counts have to stand still once nothing is left to read: more than a bulk request waits for company.
const STILL: Duration = Duration::from_secs(3);
/// The same where transactions are used: their markers take up offsets that nobody commits, so that lag says nothing, and one
/// that a killed process left open holds readers up until it is aborted.
const STILL_WITH_TRANSACTIONS: Duration = Duration::from_secs(20);

/// How often it is asked.
const ASK: Duration = Duration::from_millis(500);

/// How long an answer of the search server may take.
const ANSWER: Duration = Duration::from_secs(60);

/// Documents that are looked at at once.
const PAGE: usize = 10_000;

/// How many wronged events are named.
const NAMED: usize = 5;

/// What the dead-letter topic says.
#[derive(Default)]
struct Letters {
    wronged: Vec<String>,
    wronged_count: u64,
    of_parser: u64,
    told: u64,
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
    let documents = match &bed.search {
        Destination::Fake(fake) => fake.counters().created,
        Destination::Server(_) => {
            let _refreshed = ask(bed, "_refresh", None).await?;
            ask(bed, "_count", None).await?["count"].as_u64().context("no count")?
        }
    };
    Ok(Contents {
        raw: records(&topics.raw).await?,
        letters: records(&topics.dead_letters).await?,
        documents,
    })
}

/// How often the store was given a document that it had, as far as it tells.
///
/// # Errors
/// When it doesn't answer.
pub async fn conflicts(bed: &Bed) -> Result<Option<u64>> {
    match &bed.search {
        Destination::Fake(fake) => Ok(Some(fake.counters().conflicts)),
        Destination::Server(_) => {
            let stats = get(bed, "_stats/indexing").await?;
            let indexing = &stats["_all"]["primaries"]["indexing"];
            Ok(indexing["index_failed_due_to_version_conflict"].as_u64())
        }
    }
}

/// Looks for every event in the index and in the dead-letter topic.
///
/// # Errors
/// When a server doesn't answer.
pub async fn search(bed: &Bed, oracle: &Arc<Oracle>) -> Result<Findings> {
    let contents = contents(bed).await?;
    let mut audit = oracle.audit();
    let (spared_count, mut rules) = documents(bed, &mut audit).await?;
    let settings = bed.settings.clone();
    let (audit, letters, events) = tokio::task::spawn_blocking(move || {
        let (audit, letters) = letters(&settings, audit)?;
        anyhow::Ok((audit, letters, events(&settings)?))
    })
    .await??;
    rules.told += letters.told;
    Ok(Findings {
        report: audit.finish(),
        contents,
        wronged: letters.wronged,
        wronged_count: letters.wronged_count,
        spared_count,
        handed_on: events + letters.of_parser,
        rules,
    })
}

/// Goes through all documents; how many bad events are among them, and what the rules have done.
async fn documents(bed: &Bed, audit: &mut Audit) -> Result<(u64, RuleFindings)> {
    let (mut spared, mut rules) = (0, RuleFindings::default());
    if let Destination::Fake(fake) = &bed.search {
        for id in fake.all_ids() {
            audit.indexed(&id);
            spared += u64::from(Fate::of(&id, false) == Some(Fate::Letter));
        }
        return Ok((spared, rules));
    }
    let first = json!({"size": PAGE, "sort": ["_doc"], "_source": ["labels.rules_revision", "message"]});
    let mut page = ask(bed, "_search?scroll=5m", Some(&first)).await?;
    loop {
        let hits = page["hits"]["hits"].as_array().context("no hits")?;
        if hits.is_empty() {
            return Ok((spared, rules));
        }
        for hit in hits {
            let (id, index) = (hit["_id"].as_str().unwrap_or(""), hit["_index"].as_str().unwrap_or(""));
            audit.indexed(id);
            let fate = Fate::of(id, bed.rules.is_some());
            spared += u64::from(fate == Some(Fate::Letter));
            let is_routed = index.contains(&format!("-default.{ROUTE}-"));
            rules.misplaced += u64::from(is_routed != (fate == Some(Fate::Routed)));
            rules.told += u64::from(hit["_source"].to_string().contains(SECRET));
            match hit["_source"]["labels"]["rules_revision"].as_str() {
                None => rules.unmarked += 1,
                Some(revision) if rules.revisions.contains(revision) => {}
                Some(revision) => drop(rules.revisions.insert(revision.to_owned())),
            }
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
        letters.told += u64::from(has_secret(&record.value) || letter.reason.contains(SECRET));
        if Fate::of(&letter.event_id, settings.parser.rules.folder.is_some()) != Some(Fate::Letter) {
            letters.wronged_count += 1;
            if letters.wronged.len() < NAMED {
                let of = [&letter.event_id, &letter.error_type, &letter.reason].map(String::as_str);
                letters.wronged.push(of.join(": "));
            }
        }
    }
    Ok((audit, letters))
}

fn has_secret(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
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

async fn get(bed: &Bed, path: &str) -> Result<Value> {
    let search = &bed.settings.search;
    let url = format!("{}/{}-*/{path}", search.url, search.index_prefix);
    let request = reqwest::Client::new().get(url).timeout(ANSWER);
    request.send().await?.error_for_status()?.json().await.context("no JSON")
}

async fn post(url: &str, body: Option<&Value>) -> Result<Value> {
    let mut request = reqwest::Client::new().post(url).timeout(ANSWER);
    if let Some(body) = body {
        request = request.json(body);
    }
    request.send().await?.error_for_status()?.json().await.context("no JSON")
}
