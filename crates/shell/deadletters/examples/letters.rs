//! Fills the dead-letter topic with letters of six kinds, to try the commands on: `letters FILE NUMBER` with the settings of
//! an installation whose topics are there.
//!
//! Four kinds are about raw events: broken JSON, lines that are no access log, a format that doesn't exist, records that are no
//! events. Two are about documents that the search cluster refused. They are spread over three tenants and six hours.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use forebay_kafka::{Acks, Producer, ProducerOptions, SendError, dead_letter};
use forebay_record::{DeadLetter, ErrorDomain, EventKey, RawEvent, RawTemplate, Stage};
use forebay_settings::Settings;

/// How many of a hundred letters are of each kind.
const SHARES: [u64; 6] = [40, 25, 15, 5, 10, 5];

const TENANTS: [&str; 3] = ["acme", "globex", "initech"];

const HOURS: i64 = 6;
const HOUR_MS: i64 = 3_600_000;

/// A letter with the record that failed.
struct Sample {
    letter: DeadLetter,
    key: Vec<u8>,
    value: Vec<u8>,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().context("which settings?")?;
    let number: u64 = arguments.next().context("how many letters?")?.parse()?;
    let settings = forebay_settings::load(Some(Path::new(&file)), std::env::vars())?;
    let options = ProducerOptions { client_id: "letters".to_owned(), queue_bytes: 64 << 20 };
    let producer = Producer::new(&settings.kafka, options)?;
    let now_ms = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let acks = Acks::new();
    for n in 0..number {
        let Sample { letter, key, value } = sample(n, number, now_ms, &settings);
        let topic = &settings.kafka.topics.dead_letters;
        while dead_letter::send(&producer, topic, &letter, &key, &value, &acks) == Err(SendError::QueueFull) {
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
    acks.seal();
    producer.flush(Duration::from_secs(60))?;
    let report = acks.report().context("no report")?;
    ensure!(report.failed == 0, "{report:?}");
    Ok(())
}

fn sample(n: u64, number: u64, now_ms: i64, settings: &Settings) -> Sample {
    let kind = kind(n % 100);
    let tenant = TENANTS[usize::try_from(n % 7 % 3).unwrap_or(0)];
    let age = i64::try_from(
        u128::from(n) * u128::from((HOURS * HOUR_MS).unsigned_abs()) / u128::from(number.max(1)),
    );
    let at = now_ms - HOURS * HOUR_MS + age.unwrap_or(0);
    let id = format!("{tenant}-{n:07}");
    let letter = DeadLetter {
        event_id: id.clone(),
        tenant: tenant.to_owned(),
        source_topic: settings.kafka.topics.raw.clone(),
        source_partition: 0,
        source_offset: i64::try_from(n).unwrap_or(0),
        source_timestamp: at - 500,
        stage: Stage::Parse,
        rule: String::new(),
        rule_revision: "0".to_owned(),
        target: String::new(),
        error_domain: ErrorDomain::User,
        error_type: String::new(),
        status: 0,
        reason: String::new(),
        first_failed_at: at,
        last_failed_at: at,
        attempts: 1,
        replay_count: 0,
    };
    match kind {
        0 | 1 => document(letter, kind, n, at, settings),
        _ => raw(letter, kind, n, at),
    }
}

/// Which share a number of a hundred falls in.
fn kind(of_hundred: u64) -> usize {
    let mut left = of_hundred;
    for (kind, share) in SHARES.into_iter().enumerate() {
        if left < share {
            return kind;
        }
        left -= share;
    }
    0
}

fn document(letter: DeadLetter, kind: usize, n: u64, at: i64, settings: &Settings) -> Sample {
    let target = format!("{}-{}-2026.11.21", settings.search.index_prefix, letter.tenant);
    let mut key = String::new();
    EventKey {
        tenant: &letter.tenant,
        target: &target,
        event_ms: at,
        replays: 0,
        id: &letter.event_id,
        trace: "",
    }
    .push(&mut key);
    let (field, kind_of) =
        if kind == 0 { ("http.response.status_code", "long") } else { ("source.ip", "ip") };
    let reason = format!(
        "[1:{}] failed to parse field [{field}] of type [{kind_of}] in document with id '{}'. Preview of field's \
         value: 'value {n}'",
        80 + n % 40,
        letter.event_id
    );
    let value =
        format!(r#"{{"@timestamp":"2026-11-21T02:00:00Z","message":"order {n}","{field}":"value {n}"}}"#);
    let letter = DeadLetter {
        stage: Stage::Index,
        source_topic: settings.kafka.topics.events.clone(),
        target,
        rule: "json".to_owned(),
        error_type: "document_parsing_exception".to_owned(),
        status: 400,
        reason,
        ..letter
    };
    Sample { letter, key: key.into_bytes(), value: value.into_bytes() }
}

fn raw(letter: DeadLetter, kind: usize, n: u64, at: i64) -> Sample {
    let (format, error_type, body, reason) = match kind {
        2 => {
            let body = format!(r#"{{"order":{n},"note":"cut in the mid"#);
            ("json", "json_invalid", body, "the text ends before the JSON does".to_owned())
        }
        3 => {
            let body = format!("{n} is no access log line");
            let reason = format!("not in the format combined: {body:?}");
            ("combined", "format_mismatch", body, reason)
        }
        4 => {
            let reason = "\"jason\" is no format; there are auto, json, syslog, common, combined, error, raw"
                .to_owned();
            ("jason", "unknown_format", format!(r#"{{"order":{n}}}"#), reason)
        }
        _ => {
            let reason = format!("the record ends inside a field, at byte {}", n % 9);
            let letter = DeadLetter {
                event_id: String::new(),
                tenant: String::new(),
                stage: Stage::Decode,
                error_type: "invalid_record".to_owned(),
                reason,
                ..letter
            };
            return Sample { letter, key: Vec::new(), value: vec![0x0a, 0xff, 0x01] };
        }
    };
    let received_at = u64::try_from(at).unwrap_or(0) * 1_000_000;
    let shared =
        RawEvent { tenant: &letter.tenant, format, received_at, stream: "host-1", ..RawEvent::default() };
    let mut value = Vec::new();
    RawTemplate::new(&shared).push(&mut value, &letter.event_id, body.as_bytes());
    let (rule, error_type) = (format.to_owned(), error_type.to_owned());
    Sample { letter: DeadLetter { rule, error_type, reason, ..letter }, key: b"host-1".to_vec(), value }
}
