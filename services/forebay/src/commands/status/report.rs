//! What `forebay status` found, as JSON and as tables. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::output::table::{Table, count};
use crate::output::term::safe;

/// The whole report.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Report {
    pub(crate) servers: Vec<Server>,
    pub(crate) tiers: Vec<Tier>,
    pub(crate) dead_letters: DeadLetters,
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
            ]
        );
        assert!(!report.all_reachable());
    }
}
