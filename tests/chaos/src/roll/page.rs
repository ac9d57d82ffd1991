//! A [rolling restart](super) as a page.

use std::fmt;

use jiff::Timestamp;

use super::{Outcome, Repeated, Restart, seconds};
use crate::report::{Built, Host};
use crate::scale::PARTITIONS;

/// An outcome, to be shown.
#[derive(Debug)]
pub struct Page<'a>(pub &'a Outcome);

// === impl Page ===

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = self.0;
        let options = &outcome.options;
        let day = Timestamp::now().strftime("%Y-%m-%d");
        writeln!(f, "### {day}: a rolling restart of all tiers under load\n")?;
        writeln!(
            f,
            "{}. {} processes of each tier, each restarted {} times; Kafka with {} partitions, {}; {}. {} kept connections through one \
             address, {} events/s asked for.\n",
            Host,
            options.members,
            options.rounds,
            PARTITIONS,
            options.search,
            Built(options.binaries.is_some()),
            options.connections,
            options.rate
        )?;
        let verdict = if outcome.failures().is_empty() { "all promises kept" } else { "PROMISES BROKEN" };
        writeln!(f, "**{verdict}**\n")?;
        restarts(f, outcome)?;
        events(f, outcome)?;
        for failure in outcome.failures() {
            writeln!(f, "FAILURE: {failure}")?;
        }
        Ok(())
    }
}

fn restarts(f: &mut fmt::Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    writeln!(f, "| restart | SIGTERM to end | start to ready | in flight, at most |\n|---|---:|---:|---:|")?;
    for Restart { tier, number, clean, stopped_in, ready_in, in_flight } in &outcome.restarts {
        let clean = if *clean { "" } else { " (with an error)" };
        let in_flight = if *in_flight > 0 { in_flight.to_string() } else { "-".to_owned() };
        writeln!(
            f,
            "| {tier} {number} | {}{clean} | {} | {in_flight} |",
            seconds(*stopped_in),
            seconds(*ready_in)
        )?;
    }
    writeln!(f)
}

fn events(f: &mut fmt::Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    let report = &outcome.findings.report;
    let Repeated { raw, handed_on, indexed } = outcome.repeated();
    let answers: Vec<String> =
        outcome.answers.iter().map(|(answer, count)| format!("{answer} x {count}")).collect();
    let rows = [
        ("acknowledged during the restarts", outcome.acknowledged.to_string()),
        ("in", seconds(outcome.took)),
        ("the pipeline was empty after another", seconds(outcome.drained_in)),
        ("ids acknowledged in all", report.acknowledged.to_string()),
        ("ids in the index", report.indexed.to_string()),
        ("ids in the dead-letter topic, where they belong", report.dead_lettered.to_string()),
        ("**ids lost**", format!("**{}**", report.lost.count)),
        ("**ids twice in the index**", format!("**{}**", report.duplicated.count)),
        ("written twice to `raw`: sent again by the client", raw.to_string()),
        ("written twice to `events` or the dead letters: done again by a parser", handed_on.to_string()),
        ("given to the store twice, which kept the first", indexed.to_string()),
        ("in flight at the restarts, at most", outcome.in_flight().to_string()),
        ("answers to the client", answers.join(", ")),
        ("**errors that the client saw**", format!("**{}**", outcome.errors().values().sum::<u64>())),
        ("longest from a batch's first request to its acknowledgement", seconds(outcome.slowest)),
        ("times that a consumer was given partitions", outcome.counts.rebalances.to_string()),
    ];
    writeln!(f, "| | |\n|---|---:|")?;
    for (name, value) in rows {
        writeln!(f, "| {name} | {value} |")?;
    }
    writeln!(f)
}
