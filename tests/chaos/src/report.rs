//! A run's outcome as a page: what goes to the terminal, and ready to be put into `RESULTS.md`.

use std::fmt::{self, Write as _};
use std::process::Command;
use std::time::Duration;

use forebay_testkit::machine::{Machine, load_average};
use jiff::Timestamp;

use crate::run::{Faults, Options, Outcome};

/// An outcome, to be shown.
#[derive(Debug)]
pub struct Page<'a>(pub &'a Outcome);

/// This machine and this commit, to be shown.
pub(crate) struct Host;

/// How the programs were built, to be shown; the tiers' are from elsewhere where this says so.
pub(crate) struct Built(pub(crate) bool);

// === impl Page ===

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = self.0;
        head(&outcome.options, outcome, f)?;
        faults(outcome, f)?;
        events(outcome, f)?;
        notes(outcome, f)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { processor, cores, memory, kernel } = Machine::here();
        let gibibytes = memory >> 30;
        write!(f, "{processor}, {cores} cores, {gibibytes} GiB, kernel {kernel}, commit {}", commit())?;
        load_average().map_or(Ok(()), |load| write!(f, ", load average at the end {load:.1}"))
    }
}

impl fmt::Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} build", profile())?;
        if self.0 { write!(f, " of the client, tiers from a folder of binaries") } else { Ok(()) }
    }
}

const fn profile() -> &'static str {
    if cfg!(debug_assertions) { "debug" } else { "release" }
}

fn head(options: &Options, outcome: &Outcome, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let what = match options.faults {
        Faults::Chaos => "chaos".to_owned(),
        Faults::Kills { tier, every } => format!("kill -9 of {tier} every {every:?}"),
    };
    let day = Timestamp::now().strftime("%Y-%m-%d");
    writeln!(f, "### {day}: {what}, {}\n", minutes(options.duration))?;
    let delivery = if options.exactly_once { "exactly_once" } else { "at_least_once" };
    let members = if options.static_members { ", static members" } else { "" };
    let rules = if options.rules { ", with rules" } else { "" };
    writeln!(
        f,
        "seed {}, commit {}, {} cores, {} and Kafka, {} build, {} events/s asked for, delivery {delivery}{members}{rules}{}\n",
        options.seed,
        commit(),
        std::thread::available_parallelism().map_or(0, usize::from),
        options.search,
        profile(),
        options.rate,
        options.environment.iter().fold(String::new(), |mut all, (name, value)| {
            let _written = write!(all, ", {name}={value}");
            all
        }),
    )?;
    let verdict = if outcome.failures().is_empty() { "all promises kept" } else { "PROMISES BROKEN" };
    writeln!(f, "**{verdict}**\n")
}

fn faults(outcome: &Outcome, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "| fault | times |\n| --- | ---: |")?;
    let mut all = 0;
    for (kind, tally) in &outcome.injected {
        all += tally.count;
        write!(f, "| {kind} | {}", tally.count)?;
        if tally.unclean > 0 {
            write!(f, " ({} with an error)", tally.unclean)?;
        }
        if tally.halted > 0 {
            write!(f, " ({} halted)", tally.halted)?;
        }
        writeln!(f, " |")?;
    }
    writeln!(f, "| **all** | **{all}** |\n")?;
    match &outcome.left_out {
        Some(left_out) => writeln!(f, "Left out: {left_out}.\n"),
        None => Ok(()),
    }
}

fn events(outcome: &Outcome, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (report, there) = (&outcome.findings.report, &outcome.findings.contents);
    let rate = outcome.acknowledged_in_faults as f64 / outcome.took.as_secs_f64();
    let [median, most] =
        outcome.latency.map(|took| took.map_or("none".to_owned(), |took| format!("{took:.1?}")));
    let rows = [
        ("ids acknowledged", report.acknowledged.to_string()),
        ("of them under faults, per second", format!("{rate:.0}")),
        ("ids in the index", report.indexed.to_string()),
        ("ids in the dead-letter topic", report.dead_lettered.to_string()),
        ("events dropped by a rule", outcome.owed.dropped.to_string()),
        ("**ids lost**", format!("**{}**", report.lost.count)),
        ("**ids twice in the index**", format!("**{}**", report.duplicated.count)),
        ("ids in both", report.in_both.to_string()),
        ("ids that nobody sent", report.unexpected.count.to_string()),
        ("good events dead-lettered", outcome.findings.wronged_count.to_string()),
        ("revisions of the rules that documents name", outcome.findings.rules.revisions.len().to_string()),
        ("copies that met the first one in the index", outcome.counts.duplicate.to_string()),
        ("raw records", there.raw.to_string()),
        ("records that the parser handed on", outcome.findings.handed_on.to_string()),
        ("processes", outcome.lives.to_string()),
        ("processes that ended by themselves", outcome.surprises.len().to_string()),
        ("times that a consumer was given partitions", outcome.counts.rebalances.to_string()),
        ("faults, until the last was mended", format!("{:.0?}", outcome.took)),
        ("emptied after that in", format!("{:.1?}", outcome.drained_in)),
        ("acknowledgement to index, 50 % of a sample within", median),
        ("acknowledgement to index, 99 % of a sample within", most),
    ];
    writeln!(f, "| | |\n| --- | ---: |")?;
    for (name, value) in rows {
        writeln!(f, "| {name} | {value} |")?;
    }
    for (tier, peak) in &outcome.peaks {
        writeln!(f, "| peak memory of a process, {tier} | {} MiB |", peak >> 20)?;
    }
    writeln!(f)
}

fn notes(outcome: &Outcome, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let answers: Vec<String> =
        outcome.answers.iter().map(|(answer, count)| format!("{answer} x {count}")).collect();
    writeln!(f, "Answers to the client: {}.\n", answers.join(", "))?;
    let (counts, there) = (&outcome.counts, &outcome.findings.contents);
    writeln!(
        f,
        "Ledger. Under faults, as far as killed processes could be read: {} counted as accepted of {} raw records, {} as \
         indexed of {} documents, {} as dead-lettered of {} records. In the calm phase after: {} accepted, {} indexed, {} \
         dead-lettered, {} duplicates, which {}.\n",
        counts.accepted,
        there.raw,
        counts.indexed,
        there.documents,
        counts.dead_lettered,
        there.letters,
        outcome.calm.accepted,
        outcome.calm.indexed,
        outcome.calm.dead_lettered,
        outcome.calm.duplicate,
        if outcome.ledger.is_empty() { "agrees exactly" } else { "DOESN'T AGREE" },
    )?;
    for failure in outcome.failures() {
        writeln!(f, "FAILURE: {failure}")?;
    }
    for surprise in &outcome.surprises {
        writeln!(f, "SURPRISE: {surprise}")?;
    }
    Ok(())
}

fn minutes(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// The commit that was built, as far as git can tell.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let answer =
            Command::new("git").args(["-C", env!("CARGO_MANIFEST_DIR")]).args(arguments).output().ok()?;
        answer.status.success().then(|| String::from_utf8_lossy(&answer.stdout).trim().to_owned())
    };
    let Some(hash) = git(&["rev-parse", "--short", "HEAD"]) else { return "unknown".to_owned() };
    let changed = git(&["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty());
    if changed { format!("{hash} with changes") } else { hash }
}
