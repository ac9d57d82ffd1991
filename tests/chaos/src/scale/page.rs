//! A run of [`scale`](super) as a page.

use std::fmt;

use jiff::Timestamp;

use super::{Burst, Outcome};
use crate::report::{Built, Host};
use crate::tier::Tier;

/// An outcome, to be shown.
#[derive(Debug)]
pub struct Page<'a>(pub &'a Outcome);

const HOW: &str = "\
*Events/s*: of a burst, from its first request to its last document, with so many parsers and as many indexers. *Cores*: how many
were busy, on average over the burst, with the processes of a tier together, with Kafka, with the sender (and the fake store, where
it is one), and with what has no part in the run. *CPU-s per million*: of events. *Joined in*: from the start of one parser and one
indexer until all partitions were shared out anew, while events came. *Highest lag*: records that parsers and indexers together
had still to read; it was 0 at the end of each burst.
";

// === impl Page ===

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { options, steps, leaving, failures, .. } = self.0;
        let limit = options.cores.map_or_else(
            || "without a limit on their CPU time".to_owned(),
            |cores| format!("each of them limited to {cores} of a core"),
        );
        let day = Timestamp::now().strftime("%Y-%m-%d");
        writeln!(f, "### {day}: 1 to {} parsers and indexers, {limit}\n", options.most)?;
        writeln!(
            f,
            "{}. Kafka with {} partitions, {}; one ingest, parsers of one lane; {}. While processes join, {} events/s come.\n",
            Host,
            super::PARTITIONS,
            options.search,
            Built(options.binaries.is_some()),
            options.rate
        )?;
        let verdict = if failures.is_empty() { "nothing lost, nothing twice" } else { "PROMISES BROKEN" };
        writeln!(f, "**{verdict}**\n")?;
        writeln!(
            f,
            "| of each | events | events/s | CPU-s per million: parsers | indexers | cores: parsers | indexers | ingest | Kafka | store | \
             sender | others | joined in | highest lag | sent in | all indexed in |"
        )?;
        writeln!(f, "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        for step in steps {
            let joined = step.joined_in.map_or_else(|| "-".to_owned(), |took| format!("{took:.1?}"));
            row(f, &step.processes.to_string(), &step.burst, &joined)?;
        }
        row(f, &format!("{} to 1, leaving", options.most), leaving, "-")?;
        writeln!(f, "\n{HOW}")?;
        written_twice(f, self.0)?;
        for failure in failures {
            writeln!(f, "FAILURE: {failure}")?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, burst: &Burst, joined: &str) -> fmt::Result {
    let Burst { events, sent_in, took, highest_lag, times, .. } = burst;
    let cost = |tier| times.of(tier).as_secs_f64() * 1e6 / *events as f64;
    let cores = |used| format!("{:.2}", times.cores(used));
    writeln!(
        f,
        "| {name} | {events} | **{:.0}** | {:.2} | {:.2} | {} | {} | {} | {} | {} | {} | {} | {joined} | {highest_lag} | {sent_in:.1?} | \
         {took:.1?} |",
        burst.rate(),
        cost(Tier::Parser),
        cost(Tier::Indexer),
        cores(times.of(Tier::Parser)),
        cores(times.of(Tier::Indexer)),
        cores(times.of(Tier::Ingest)),
        cores(times.kafka),
        cores(times.search),
        cores(times.own),
        cores(times.others()),
    )
}

fn written_twice(f: &mut fmt::Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    let Outcome { findings, counted: [joining, leaving], conflicts, acknowledged, .. } = outcome;
    let (report, there) = (&findings.report, &findings.contents);
    writeln!(
        f,
        "Of {acknowledged} acknowledged events {} are in the index and {} in the dead-letter topic, {} are lost, {} are twice in the \
         index. Written twice, and met by their ids: {} records of `raw`, {} of `events`; the indexers counted {} documents that were \
         there already while processes joined, and {} while they left; the store {}.\n",
        report.indexed,
        report.dead_lettered,
        report.lost.count,
        report.duplicated.count,
        there.raw.saturating_sub(*acknowledged),
        findings.handed_on.saturating_sub(there.raw),
        joining.duplicate,
        leaving.duplicate,
        conflicts.map_or_else(|| "doesn't tell".to_owned(), |count| format!("{count} in all")),
    )
}
