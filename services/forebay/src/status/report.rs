//! What `forebay status` found: the object that `--json` prints, and that lines and view are made of.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ledger::Ledger;
use super::verdict::Verdict;

/// The whole report. What is `None` was not told.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Report {
    pub(crate) verdict: Verdict,
    pub(crate) servers: Vec<Server>,
    pub(crate) tiers: Vec<Tier>,
    pub(crate) dead_letters: DeadLetters,
    /// The indices that aren't written as they should be, as far as the processes know that were asked.
    pub(crate) shut: Vec<ShutTarget>,
    /// What became of events, by tenant.
    pub(crate) ledger: Ledger,
    /// The steps of rules that take the most CPU time for an event.
    pub(crate) slowest_rules: Option<Vec<RuleStep>>,
    pub(crate) processes: Vec<Process>,
    /// Over how many seconds rates were measured.
    pub(crate) seconds: f64,
    /// What counters have grown by in that time, where it matters for the verdict.
    pub(crate) counted: Counted,
}

/// A server that Forebay depends on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) address: String,
    pub(crate) reachable: bool,
    /// Its version, or why it can't be reached.
    pub(crate) detail: String,
}

/// What passes one tier.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Tier {
    pub(crate) name: &'static str,
    /// Records that it has dealt with, a second.
    pub(crate) per_second: Option<f64>,
    /// Records that it has dealt with, since the topic was made.
    pub(crate) total: Option<u64>,
    /// Records that wait for it.
    pub(crate) lag: Option<u64>,
    /// By how many that changes, a second.
    pub(crate) lag_per_second: Option<f64>,
    /// How old the oldest of them is, in seconds.
    pub(crate) oldest_seconds: Option<f64>,
    /// How long Kafka keeps records of the topic, in seconds.
    pub(crate) retention_seconds: Option<f64>,
    /// Which part of the time it took nothing in since what follows couldn't take more: 0 to 1.
    pub(crate) blocked: Option<f64>,
    /// How old events are when it is done with them, on average, in seconds.
    pub(crate) latency_seconds: Option<f64>,
    /// Records that Kafka deleted before it had read them.
    pub(crate) deleted_unread: u64,
    /// Its consumer group.
    pub(crate) group: Option<String>,
    /// The topic that it reads.
    pub(crate) topic: Option<String>,
    /// What stands out, or why nothing is known.
    pub(crate) problem: Option<Problem>,
}

/// What stands out in how far a group has come.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "detail")]
pub(crate) enum Problem {
    /// Kafka doesn't say.
    NotKnown(String),
    /// The topic was made anew: the group may leave out what comes first in it.
    BeyondTheEnd,
    /// Records wait, and it has never committed anything.
    NeverCommitted,
}

/// What is in the dead-letter topic, those that were replayed since included.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct DeadLetters {
    /// All of it.
    pub(crate) total: u64,
    /// By the stage that failed; `unreadable` for what is no dead letter.
    pub(crate) by_stage: BTreeMap<String, u64>,
    /// The most frequent reasons, without what differs from event to event.
    pub(crate) reasons: Vec<Reason>,
    /// Only so many of the total, the newest of each partition, were looked at for the above.
    pub(crate) looked_at: u64,
    pub(crate) problem: Option<String>,
}

/// A kind of failure.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct Reason {
    pub(crate) reason: String,
    pub(crate) letters: u64,
}

/// An index that isn't written, as one indexer sees it.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct ShutTarget {
    pub(crate) target: String,
    /// `held`, `diverted` or `let_through`.
    pub(crate) state: String,
    /// `refused` or `refused_share`.
    pub(crate) reason: String,
    /// In seconds since the Unix epoch.
    pub(crate) since: u64,
    /// Documents set aside.
    pub(crate) documents: u64,
    /// Bytes that they hold.
    pub(crate) bytes: u64,
}

/// A step of a rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct RuleStep {
    pub(crate) rule: String,
    pub(crate) step: String,
    /// CPU time for an event, on average since the processes started, in seconds.
    pub(crate) seconds: f64,
    /// On how many events it was measured.
    pub(crate) measured: u64,
}

/// A process that was asked for its metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Process {
    pub(crate) address: String,
    /// Why nothing is known of it.
    pub(crate) problem: Option<String>,
    /// Its parts that aren't ready.
    pub(crate) not_ready: Vec<Part>,
}

/// A part of a process, and what it says.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct Part {
    pub(crate) component: String,
    pub(crate) reason: String,
}

/// What the verdict wants to know of counters: over the time of the rates, and since the processes started.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Counted {
    /// Events of protocols without answers that could not be kept.
    pub(crate) lost_at_the_door: Growth,
    /// Times that a consumer's position was not in its topic any more.
    pub(crate) offset_resets: Growth,
    /// Requests that ingest refused for now.
    pub(crate) put_off: Growth,
    /// Events that became dead letters.
    pub(crate) dead_lettered: Growth,
}

/// A counter over two times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Growth {
    /// While rates were measured.
    pub(crate) now: u64,
    /// Since the processes started.
    pub(crate) ever: u64,
}

impl Report {
    pub(crate) fn all_reachable(&self) -> bool {
        self.servers.iter().all(|server| server.reachable)
    }
}
