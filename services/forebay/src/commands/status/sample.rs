//! Asks Kafka and the store, twice, and works out what changed.

use std::time::{Duration, Instant};

use forebay_kafka::admin::{GroupLag, OffsetRange};
use forebay_kafka::{Admin, KafkaError, ReadFrom, TopicReader, dead_letter};
use forebay_settings::Settings;
use forebay_settings::sections::KafkaSettings;
use forebay_store::Store;
use tokio::task::spawn_blocking;

use super::report::{DeadLetters, Report, Server, Tier};
use crate::exit::Failure;
use crate::target::Target;

/// How long Kafka is waited for.
const WAIT: Duration = Duration::from_secs(5);

/// The most dead letters that are looked at.
const LOOK_AT: u64 = 20_000;

/// The report, with whatever could be found out.
pub(crate) async fn take(
    target: &Target,
    store: Result<(String, Box<dyn Store>), Failure>,
    interval: Duration,
) -> Report {
    let settings = &target.settings;
    let mut report = Report { servers: vec![search(store).await], ..Report::default() };
    let mut kafka = Server {
        name: "kafka",
        address: settings.kafka.bootstrap_servers.clone(),
        reachable: true,
        detail: String::new(),
    };
    match ask(settings, interval).await {
        Ok((tiers, dead_letters)) => {
            report.tiers = tiers;
            report.dead_letters = dead_letters;
        }
        Err(error) => {
            kafka.reachable = false;
            kafka.detail = error.to_string();
            report.dead_letters.problem = Some("not known".to_owned());
        }
    }
    report.servers.insert(0, kafka);
    report
}

async fn search(store: Result<(String, Box<dyn Store>), Failure>) -> Server {
    let server = |address, reachable, detail| Server { name: "search", address, reachable, detail };
    match store {
        Ok((address, store)) => match store.ping().await {
            Ok(info) => server(address, true, format!("{} {}", info.name, info.version)),
            Err(failure) => server(address, false, failure.to_string()),
        },
        Err(failure) => {
            let text = failure.to_string();
            server(String::new(), false, text.lines().next().unwrap_or_default().to_owned())
        }
    }
}

async fn ask(settings: &Settings, interval: Duration) -> Result<(Vec<Tier>, DeadLetters), KafkaError> {
    let admin = Admin::new(&settings.kafka)?;
    admin.wait_for_broker(WAIT, |_| {}).await?;
    let before = Sample::take(&admin, settings).await;
    tokio::time::sleep(interval.saturating_sub(before.at.elapsed())).await;
    let after = Sample::take(&admin, settings).await;
    let dead_letters = dead_letters(&settings.kafka).await;
    Ok((compare(settings, before, after), dead_letters))
}

/// What Kafka knows at one time.
struct Sample {
    at: Instant,
    raw: Result<Vec<OffsetRange>, KafkaError>,
    parser: Result<Vec<GroupLag>, KafkaError>,
    indexer: Result<Vec<GroupLag>, KafkaError>,
}

impl Sample {
    async fn take(admin: &Admin, settings: &Settings) -> Self {
        let topics = &settings.kafka.topics;
        let at = Instant::now();
        let raw = admin.offsets(&topics.raw).await;
        let parser = admin.group_lag(&settings.parser.group, &topics.raw).await;
        let indexer = admin.group_lag(&settings.indexer.group, &topics.events).await;
        Self { at, raw, parser, indexer }
    }
}

fn compare(settings: &Settings, before: Sample, after: Sample) -> Vec<Tier> {
    let seconds = after.at.duration_since(before.at).as_secs_f64().max(0.001);
    let rate = |before: i64, after: i64| Some((after.saturating_sub(before)).max(0) as f64 / seconds);
    let end = |ranges: &[OffsetRange]| ranges.iter().map(|range| range.end).sum::<i64>();
    let ingest = match &after.raw {
        Ok(after) => Tier {
            name: "ingest",
            // A first sample that failed, during an election say, costs the rate only.
            per_second: before.raw.as_ref().ok().and_then(|before| rate(end(before), end(after))),
            total: u64::try_from(end(after)).ok(),
            ..Tier::default()
        },
        Err(error) => Tier { name: "ingest", problem: Some(error.to_string()), ..Tier::default() },
    };
    let group = |name, group: &str, before: &Result<Vec<GroupLag>, _>, after: &Result<Vec<GroupLag>, _>| {
        let mut tier = Tier { name, group: Some(group.to_owned()), ..Tier::default() };
        match after {
            Ok(after) => {
                tier.per_second = before.as_ref().ok().and_then(|before| rate(done(before), done(after)));
                tier.total = u64::try_from(done(after)).ok();
                tier.lag = u64::try_from(after.iter().map(GroupLag::lag).sum::<i64>()).ok();
                tier.problem = problem(group, after);
            }
            Err(error) => tier.problem = Some(KafkaError::to_string(error)),
        }
        tier
    };
    vec![
        ingest,
        group("parser", &settings.parser.group, &before.parser, &after.parser),
        group("indexer", &settings.indexer.group, &before.indexer, &after.indexer),
    ]
}

/// What stands out in how far a group has come.
fn problem(group: &str, lags: &[GroupLag]) -> Option<String> {
    let deleted: i64 = lags.iter().map(GroupLag::deleted_unread).sum();
    if deleted > 0 {
        Some(format!(
            "LOST: {deleted} records were deleted before group `{group}` had read them (retention?)"
        ))
    } else if lags.iter().any(GroupLag::is_beyond) {
        Some(format!(
            "group `{group}` is beyond the end of its topic, which was made anew: it may leave out what comes first"
        ))
    } else if lags.iter().all(|lag| lag.committed.is_none()) && lags.iter().any(|lag| lag.lag() > 0) {
        Some(format!("group `{group}` has not committed anything: is it running?"))
    } else {
        None
    }
}

/// How many records a group has dealt with, counted from the first offsets.
fn done(lags: &[GroupLag]) -> i64 {
    lags.iter().map(|lag| lag.committed.unwrap_or(lag.range.start)).sum()
}

async fn dead_letters(settings: &KafkaSettings) -> DeadLetters {
    let settings = settings.clone();
    let counted = spawn_blocking(move || count(&settings)).await;
    let problem = |text: String| DeadLetters { problem: Some(text), ..DeadLetters::default() };
    match counted {
        Ok(Ok(counted)) => counted,
        Ok(Err(error)) => problem(error.to_string()),
        Err(error) => problem(error.to_string()),
    }
}

/// Counts by stage; only the first ones when there are many.
fn count(settings: &KafkaSettings) -> Result<DeadLetters, KafkaError> {
    let mut reader = TopicReader::open(settings, &settings.topics.dead_letters, ReadFrom::Beginning)?;
    let mut counted = DeadLetters { total: reader.remaining(), ..DeadLetters::default() };
    while counted.looked_at < LOOK_AT {
        let Some(record) = reader.next_record()? else { break };
        counted.looked_at += 1;
        let stage = match dead_letter::read(&record) {
            Ok(letter) => letter.stage.name(),
            Err(_) => "unreadable",
        };
        *counted.by_stage.entry(stage.to_owned()).or_default() += 1;
    }
    // The end may have been taken a little earlier or later than the count.
    counted.total = counted.total.max(counted.looked_at);
    Ok(counted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: retention has removed what a group had not read; a topic was made anew under a group; a group has yet to begin.
    /// Guarantees: each is said, the loss first, and nothing where all is well.
    #[test]
    fn what_is_lost_is_said() {
        let lag =
            |start, end, committed| GroupLag { range: OffsetRange { partition: 0, start, end }, committed };
        let well = lag(10, 25, Some(20));
        assert_eq!(problem("g", &[well, lag(10, 25, None), lag(0, 0, None)]), None);
        let said = |lags: &[GroupLag]| problem("g", lags).unwrap();
        assert!(said(&[well, lag(10, 25, Some(3)), lag(9, 25, Some(8))]).starts_with("LOST: 8 records"));
        assert!(said(&[well, lag(0, 5, Some(30))]).contains("was made anew"));
        assert!(said(&[lag(10, 25, None)]).contains("is it running?"));
    }
}
