//! Reports to test with.

use super::ledger::{Balance, Ledger, TenantRow};
use super::report::{
    Counted, DeadLetters, Growth, Part, Process, Reason, Report, RuleStep, Server, ShutTarget, Tier,
};
use super::verdict;

pub(crate) fn tier(name: &'static str) -> Tier {
    let reads = name != "ingest";
    Tier {
        name,
        per_second: Some(120.0),
        total: Some(34_567),
        lag: reads.then_some(0),
        lag_per_second: reads.then_some(0.0),
        retention_seconds: reads.then_some(3.0 * 86_400.0),
        blocked: Some(0.0),
        group: reads.then(|| format!("forebay-{name}")),
        topic: reads.then(|| format!("forebay.{name}")),
        ..Tier::default()
    }
}

fn process(address: &str) -> Process {
    Process { address: address.to_owned(), ..Process::default() }
}

/// All runs.
pub(crate) fn well() -> Report {
    let server = |name, address: &str| Server {
        name,
        address: address.to_owned(),
        reachable: true,
        ..Server::default()
    };
    judged(Report {
        servers: vec![server("kafka", "kafka:9092"), server("search", "http://search:9200")],
        tiers: ["ingest", "parser", "indexer"].map(tier).into(),
        ledger: Ledger {
            tenants: vec![TenantRow {
                tenant: "acme".to_owned(),
                accepted: 34_567,
                indexed: 34_560,
                duplicate: 2,
                dead_lettered: 5,
                ..TenantRow::default()
            }],
            balance: Balance::AddsUp,
        },
        dead_letters: DeadLetters {
            total: 5,
            by_stage: [("parse".to_owned(), 5)].into(),
            reasons: vec![Reason { reason: "json_invalid: expected value at line *".to_owned(), letters: 5 }],
            looked_at: 5,
            problem: None,
        },
        processes: vec![process("10.0.0.1:9600"), process("10.0.0.2:9601"), process("10.0.0.3:9602")],
        seconds: 10.0,
        ..Report::default()
    })
}

/// The store refuses, an index as well, and one process is away.
pub(crate) fn stuck() -> Report {
    let mut report = well();
    report.tiers[2] = Tier {
        per_second: Some(0.0),
        lag: Some(1_234_567),
        lag_per_second: Some(118.0),
        oldest_seconds: Some(12_345.0),
        blocked: Some(1.0),
        ..tier("indexer")
    };
    report.tiers[1].latency_seconds = Some(0.25);
    report.processes[1].problem = Some("no answer".to_owned());
    report.processes[2].not_ready = vec![Part {
        component: "search".to_owned(),
        reason: "the store refuses with 429: too many requests".to_owned(),
    }];
    report.shut = vec![ShutTarget {
        target: "forebay-acme-2026.11.21".to_owned(),
        state: "held".to_owned(),
        reason: "refused".to_owned(),
        since: 1_795_255_200,
        documents: 6_000,
        bytes: 2_400_000,
    }];
    report.ledger.balance = Balance::NotTold("not every process answers".to_owned());
    report.ledger.tenants = (1..=12)
        .map(|n| TenantRow {
            tenant: format!("tenant-{n:02}"),
            accepted: 100_000 / n,
            indexed: 90_000 / n,
            open: (10_000 / n).cast_signed(),
            ..TenantRow::default()
        })
        .collect();
    report.slowest_rules = Some(vec![RuleStep {
        rule: "nginx".to_owned(),
        step: "geo".to_owned(),
        seconds: 0.000_012_3,
        measured: 412,
    }]);
    report.dead_letters = DeadLetters {
        total: 2_000,
        by_stage: [("index".to_owned(), 3), ("parse".to_owned(), 997)].into(),
        reasons: (1..=4)
            .map(|n| Reason {
                reason: format!(
                    "kind_{n}: failed to parse field [status] of type [long] in document with id '*'"
                ),
                letters: 500 / n,
            })
            .collect(),
        looked_at: 1_000,
        problem: None,
    };
    report.counted = Counted {
        put_off: Growth { now: 0, ever: 12 },
        dead_lettered: Growth { now: 40, ever: 2_000 },
        ..Counted::default()
    };
    judged(report)
}

/// The report with its verdict.
pub(crate) fn judged(mut report: Report) -> Report {
    report.verdict = verdict::of(&report);
    report
}
