//! What `forebay status` found, as JSON and as tables. Pure.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::output::table::{Table, count};
use crate::output::term::safe;
use crate::when::local;

/// The whole report.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Report {
    pub(crate) servers: Vec<Server>,
    pub(crate) tiers: Vec<Tier>,
    pub(crate) dead_letters: DeadLetters,
    pub(crate) targets: Targets,
}

/// A server that Forebay depends on, or a part of it that can be asked.
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
    /// Its consumer group.
    pub(crate) group: Option<String>,
    /// Why nothing is known.
    pub(crate) problem: Option<String>,
}

/// What is in the dead-letter topic.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct DeadLetters {
    /// All of it.
    pub(crate) total: u64,
    /// By the stage that failed; `unreadable` for what is no dead letter.
    pub(crate) by_stage: BTreeMap<String, u64>,
    /// Only so many of the total were looked at for the above.
    pub(crate) looked_at: u64,
    pub(crate) problem: Option<String>,
}

/// The indices that aren't written as they should be, as far as the indexers that were asked know.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Targets {
    pub(crate) indexers: Vec<Indexer>,
    pub(crate) shut: Vec<ShutTarget>,
}

/// An indexer that was asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Indexer {
    pub(crate) address: String,
    /// Why nothing is known.
    pub(crate) problem: Option<String>,
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

impl Report {
    pub(crate) fn all_reachable(&self) -> bool {
        self.servers.iter().all(|server| server.reachable)
    }

    /// The report for people.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut servers = Table::new(&["SERVER", "STATE", "ADDRESS", ""]);
        for server in &self.servers {
            let state = if server.reachable { "reachable" } else { "NOT REACHABLE" };
            let detail = safe(&server.detail).into_owned();
            servers.row([server.name.to_owned(), state.to_owned(), server.address.clone(), detail]);
        }
        let mut tiers = Table::new(&["TIER", "EVENTS/S", "TOTAL", "LAG", ""]);
        for tier in &self.tiers {
            let rate = tier.per_second.map(|rate| format!("{rate:.1}")).unwrap_or_default();
            let [total, lag] = [tier.total, tier.lag].map(|number| number.map(count).unwrap_or_default());
            let problem = tier.problem.clone().unwrap_or_default();
            tiers.row([tier.name.to_owned(), rate, total, lag, problem]);
        }
        let mut lines = servers.lines();
        lines.push(String::new());
        lines.extend(tiers.lines());
        lines.push(String::new());
        lines.push(self.dead_letters.line());
        lines.push(String::new());
        lines.extend(self.targets.lines());
        lines
    }
}

impl Targets {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.shut.is_empty() {
            let mut table =
                Table::new(&["INDEX NOT WRITTEN", "SINCE", "WHY", "ITS DOCUMENTS", "SET ASIDE", "BYTES"]);
            for target in &self.shut {
                let since = i64::try_from(target.since)
                    .map_or_else(|_| String::new(), |s| local(s * 1_000, &TimeZone::system()));
                let why = match target.reason.as_str() {
                    "refused" => "it refuses all",
                    "refused_share" => "it refuses too many for good",
                    other => other,
                };
                let state = match target.state.as_str() {
                    "held" => "wait",
                    "diverted" => "become dead letters",
                    "let_through" => "become dead letters if refused",
                    other => other,
                };
                table.row([
                    safe(&target.target).into_owned(),
                    since,
                    safe(why).into_owned(),
                    safe(state).into_owned(),
                    count(target.documents),
                    count(target.bytes),
                ]);
            }
            lines.extend(table.lines());
        }
        let answered = self.indexers.iter().filter(|indexer| indexer.problem.is_none()).count();
        if answered > 0 && self.shut.is_empty() {
            lines.push("indices: none is refused".to_owned());
        }
        for indexer in &self.indexers {
            if let Some(problem) = &indexer.problem {
                let address = safe(&indexer.address);
                lines.push(format!(
                    "indices: not known, the indexer at {address}: {problem} (--indexer names another)"
                ));
            }
        }
        lines
    }
}

impl DeadLetters {
    fn line(&self) -> String {
        if let Some(problem) = &self.problem {
            return format!("dead letters: {problem}");
        }
        let stages: Vec<String> =
            self.by_stage.iter().map(|(stage, number)| format!("{stage} {}", count(*number))).collect();
        let mut line = format!("dead letters: {}", count(self.total));
        if !stages.is_empty() {
            line.push_str(&format!(" ({})", stages.join(", ")));
        }
        if self.looked_at < self.total {
            line.push_str(&format!(", stages of the first {} only", count(self.looked_at)));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_for_people() {
        let server = |name, reachable, detail: &str| Server {
            name,
            address: "127.0.0.1:1".to_owned(),
            reachable,
            detail: detail.to_owned(),
        };
        let report = Report {
            servers: vec![server("kafka", true, ""), server("search", false, "connection refused")],
            tiers: vec![
                Tier {
                    name: "parser",
                    per_second: Some(12.34),
                    total: Some(34_567),
                    lag: Some(1200),
                    ..Tier::default()
                },
                Tier { name: "indexer", problem: Some("never committed".to_owned()), ..Tier::default() },
            ],
            dead_letters: DeadLetters {
                total: 2000,
                by_stage: [("index".to_owned(), 3), ("parse".to_owned(), 997)].into(),
                looked_at: 1000,
                problem: None,
            },
            targets: Targets {
                indexers: vec![
                    Indexer { address: "a:1".to_owned(), problem: None },
                    Indexer { address: "b:1".to_owned(), problem: Some("no answer".to_owned()) },
                ],
                shut: Vec::new(),
            },
        };
        assert_eq!(
            report.lines(),
            [
                "SERVER  STATE          ADDRESS",
                "kafka   reachable      127.0.0.1:1",
                "search  NOT REACHABLE  127.0.0.1:1  connection refused",
                "",
                "TIER     EVENTS/S   TOTAL    LAG",
                "parser       12.3  34,567  1,200",
                "indexer                           never committed",
                "",
                "dead letters: 2,000 (index 3, parse 997), stages of the first 1,000 only",
                "",
                "indices: none is refused",
                "indices: not known, the indexer at b:1: no answer (--indexer names another)",
            ]
        );
        assert!(!report.all_reachable());
    }

    #[test]
    fn an_index_that_is_not_written_is_a_line() {
        let shut = |target: &str, state: &str, reason: &str| ShutTarget {
            target: target.to_owned(),
            state: state.to_owned(),
            reason: reason.to_owned(),
            since: 1_795_255_200,
            documents: 6_000,
            bytes: 2_400_000,
        };
        let targets = Targets {
            indexers: Vec::new(),
            shut: vec![
                shut("forebay-acme-2026.11.21", "held", "refused"),
                shut("forebay-acme-2026.11.22", "let_through", "refused_share"),
            ],
        };
        let lines = targets.lines();
        assert_eq!(lines.len(), 3);
        assert!(lines[1].contains("it refuses all") && lines[1].ends_with("6,000  2,400,000"), "{lines:#?}");
        assert!(lines[2].contains("become dead letters if refused"), "{lines:#?}");
    }
}
