//! What is sent: batches of events whose ids, bodies and fates follow from the batch's number.
//!
//! Most batches are JSON objects with ids of their own; some are lines of an access log under an `Idempotency-Key`. Of
//! both, a small known share can't be processed: a word where the index has numbers, a line that is no access log. Those are
//! owed a dead letter, all others a document. Each event names its own time, on one of three days, so that ids fall into
//! three indices and a second copy meets the first whenever it comes.
//!
//! Where there are rules, a further known share is for them: events that they drop, route, split or fail on, and secrets that
//! they mask.

use std::fmt::Write as _;

use bytes::Bytes;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

use crate::rules::SECRET;

/// Events in a batch.
pub const BATCH: u64 = 100;

/// The first batches have no bad events: the first document of an index decides that `size` is a number.
pub const WARM_UP: u64 = 30;

/// Days that events are of.
const DAYS: u64 = 3;
const DAY_MS: i64 = 86_400_000;

/// One batch of so many is lines of text.
const TEXT_EVERY: u64 = 10;
/// Of so many events one is bad, and one is there for each kind of rule.
const BAD_EVERY: u64 = 150;

/// Parts of an event that is split.
const PARTS: u32 = 3;

/// A batch as it is sent, the same every time.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The path and query of the request.
    pub path: String,
    /// The content type.
    pub content_type: &'static str,
    /// The `Idempotency-Key`, where ids come from that.
    pub key: Option<String>,
    /// The body.
    pub body: Bytes,
    /// The events' ids.
    pub ids: Vec<String>,
    /// What is to become of each of them.
    pub fates: Vec<Fate>,
}

/// What is to become of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// A document.
    Document,
    /// A document in the index that a rule names.
    Routed,
    /// So many documents, whose ids are the event's with their numbers.
    Parts(u32),
    /// A dead letter: it can't be processed.
    Letter,
    /// Nothing but a count: a rule drops it.
    Dropped,
}

/// A good event, and where it will be found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sample {
    /// The index, without its prefix: tenant and day.
    pub target: String,
    /// The event's id.
    pub id: String,
}

/// The batches of a run.
#[derive(Clone, Copy, Debug)]
pub struct Events {
    /// The start of the first day, in milliseconds since the Unix epoch.
    first_day: i64,
    /// Whether some are there for rules.
    rules: bool,
    /// How many streams there are; 0: each connection is one.
    streams: u64,
}

// === impl Fate ===

impl Fate {
    /// What is to become of the event of this id, or of the one that this is a part of. None for an id that nobody sends.
    #[must_use]
    pub fn of(id: &str, rules: bool) -> Option<Self> {
        let event = id.split_once("~part~").map_or(id, |(event, _part)| event);
        let (number, n) = event.strip_prefix('e')?.split_once('-')?;
        Some(Self::of_event(number.parse().ok()?, n.parse().ok()?, rules))
    }

    /// The ids under which the event of this id will be found, in an index or in the dead-letter topic.
    #[must_use]
    pub fn ids(self, id: &str) -> Vec<String> {
        match self {
            Self::Dropped => Vec::new(),
            Self::Parts(parts) => (0..parts).map(|part| format!("{id}~part~{part}")).collect(),
            Self::Document | Self::Routed | Self::Letter => vec![id.to_owned()],
        }
    }

    const fn of_event(number: u64, n: u64, rules: bool) -> Self {
        match ((number * BATCH + n) % BAD_EVERY, rules && !is_text(number)) {
            _ if number < WARM_UP => Self::Document,
            (77, _) | (43, true) => Self::Letter,
            (11, true) => Self::Dropped,
            (23, true) => Self::Parts(PARTS),
            (31, true) => Self::Routed,
            _ => Self::Document,
        }
    }
}

// === impl Events ===

impl Events {
    /// Events of the days up to yesterday, so that none is in the future.
    #[must_use]
    pub fn before(now: Timestamp, rules: bool) -> Self {
        let today = now.as_millisecond().div_euclid(DAY_MS) * DAY_MS;
        Self { first_day: today - i64::try_from(DAYS).unwrap_or(1) * DAY_MS, rules, streams: 0 }
    }

    /// The same events, in so many streams, which are spread over all partitions: connections are too few for that.
    #[must_use]
    pub const fn in_streams(self, streams: u64) -> Self {
        Self { streams, ..self }
    }

    /// The batch of this number.
    #[must_use]
    pub fn batch(&self, number: u64) -> Batch {
        let ids = (0..BATCH).map(|n| id(number, n)).collect();
        let fates = (0..BATCH).map(|n| self.fate(number, n)).collect();
        if is_text(number) {
            Batch {
                path: self.path("format=combined", number),
                content_type: "text/plain",
                key: Some(format!("e{number}")),
                body: self.body(number, Self::line),
                ids,
                fates,
            }
        } else {
            Batch {
                path: self.path("id_field=key", number),
                content_type: "application/x-ndjson",
                key: None,
                body: self.body(number, Self::object),
                ids,
                fates,
            }
        }
    }

    fn path(&self, query: &str, number: u64) -> String {
        match number.checked_rem(self.streams) {
            None => format!("/v1/ingest?{query}"),
            Some(stream) => format!("/v1/ingest?{query}&stream=s{stream}"),
        }
    }

    /// A good event of the batch of this number.
    #[must_use]
    pub fn sample(&self, number: u64) -> Option<Sample> {
        let n = (0..BATCH).find(|n| self.fate(number, *n) == Fate::Document)?;
        let day = self.at(number, n).strftime("%Y.%m.%d");
        Some(Sample { target: format!("default-{day}"), id: id(number, n) })
    }

    fn body(&self, number: u64, event: fn(&Self, u64, u64) -> String) -> Bytes {
        let mut body = String::new();
        for n in 0..BATCH {
            body += &event(self, number, n);
            body.push('\n');
        }
        body.into()
    }

    fn object(&self, number: u64, n: u64) -> String {
        let size = if is_bad(number, n) { json!("many") } else { json!(number * BATCH + n) };
        let at = self.at(number, n).as_millisecond();
        let mut message =
            format!("request {number} of a client that says what it did, {n} times over: {:x<120}", "");
        let fate = self.fate(number, n);
        if self.rules && (n % 10 == 1 || fate == Fate::Letter) {
            let _infallible = write!(message, " from {SECRET}");
        }
        let mut event = json!({"@timestamp": at, "key": id(number, n), "size": size, "level": "info", "message": message});
        match fate {
            Fate::Dropped => event["kind"] = "noise".into(),
            Fate::Routed => event["kind"] = "audit".into(),
            Fate::Parts(parts) => event["records"] = (0..parts).map(|part| json!({"part": part})).collect(),
            Fate::Letter if !is_bad(number, n) => event["kind"] = "bad".into(),
            Fate::Letter | Fate::Document => {}
        }
        event.to_string()
    }

    const fn fate(&self, number: u64, n: u64) -> Fate {
        Fate::of_event(number, n, self.rules)
    }

    fn line(&self, number: u64, n: u64) -> String {
        if is_bad(number, n) {
            return format!("batch {number} has a line {n} that is no access log");
        }
        let at = self.at(number, n).to_zoned(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S +0000");
        let mut line = String::new();
        let _written = write!(
            line,
            "192.0.2.{} - - [{at}] \"GET /{number}/{n} HTTP/1.1\" 200 {} \"-\" \"chaos/1\"",
            n % 250,
            number + n
        );
        line
    }

    fn at(&self, number: u64, n: u64) -> Timestamp {
        let day = i64::try_from(number % DAYS).unwrap_or(0);
        let within = i64::try_from(number * BATCH + n).unwrap_or(0) % DAY_MS;
        Timestamp::from_millisecond(self.first_day + day * DAY_MS + within).unwrap_or_default()
    }
}

fn id(number: u64, n: u64) -> String {
    format!("e{number}-{n}")
}

const fn is_text(number: u64) -> bool {
    number % TEXT_EVERY == TEXT_EVERY - 1
}

const fn is_bad(number: u64, n: u64) -> bool {
    number >= WARM_UP && (number * BATCH + n) % BAD_EVERY == 77
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Events {
        Events::before("2026-11-21T13:00:00Z".parse().expect("a time"), false)
    }

    /// How many events of a batch have a fate that is one of these.
    fn count(number: u64, rules: bool, is: fn(Fate) -> bool) -> usize {
        let batch = Events { rules, ..events() }.batch(number);
        let told = batch.ids.iter().map(|id| Fate::of(id, rules).expect("an id of ours"));
        assert!(told.eq(batch.fates.iter().copied()), "ids tell the fate");
        batch.fates.into_iter().filter(|fate| is(*fate)).count()
    }

    #[test]
    fn a_batch_is_the_same_whenever_it_is_made() {
        let (first, second) = (events().batch(77), events().batch(77));
        assert_eq!((first.body, first.ids), (second.body, second.ids));
    }

    #[test]
    fn days_are_past_ones() {
        let body = events().batch(0).body;
        let first: serde_json::Value =
            serde_json::Deserializer::from_slice(&body).into_iter().next().expect("an event").expect("json");
        let at =
            Timestamp::from_millisecond(first["@timestamp"].as_i64().expect("a number")).expect("a time");
        assert_eq!(at.to_string(), "2026-11-18T00:00:00Z");
    }

    #[test]
    fn ids_tell_the_fate() {
        let bad = |number: u64| count(number, false, |fate| fate == Fate::Letter);
        assert_eq!((0..WARM_UP).map(bad).sum::<usize>(), 0, "none while the mapping is made");
        let among_text: usize = (0..3_000).filter(|n| is_text(*n)).map(bad).sum();
        let among_all: usize = (0..3_000).map(bad).sum();
        assert!(among_text > 100 && among_all > 1_900, "{among_text} of {among_all}");
        let good: usize = (0..3_000).map(|number| count(number, false, |fate| fate == Fate::Document)).sum();
        assert_eq!(good + among_all, 300_000, "without rules there is nothing else");
        assert_eq!(["e1", "x", "e-1"].map(|id| Fate::of(id, true)), [None; 3]);
    }

    /// Guarantees: with rules there are events of every fate, and parts are known by the event's.
    #[test]
    fn rules_have_something_to_do() {
        let kinds: [fn(Fate) -> bool; 4] = [
            |fate| fate == Fate::Dropped,
            |fate| fate == Fate::Routed,
            |fate| fate == Fate::Parts(PARTS),
            |fate| fate == Fate::Letter,
        ];
        for is in kinds {
            assert!((0..100).map(|number| count(number, true, is)).sum::<usize>() > 20);
        }
        assert_eq!(Fate::Parts(2).ids("e9-1"), ["e9-1~part~0", "e9-1~part~1"]);
        assert_eq!(Fate::of("e31-23~part~1", true), Fate::of("e31-23", true));
    }

    #[test]
    fn a_batch_has_as_many_lines_as_ids() {
        for number in 0..200 {
            let batch = events().batch(number);
            assert_eq!(batch.body.iter().filter(|byte| **byte == b'\n').count(), batch.ids.len());
        }
    }
}
