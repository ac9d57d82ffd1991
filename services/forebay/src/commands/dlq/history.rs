//! `forebay dlq history`.

use forebay_access::Scope;
use forebay_deadletters::{AuditLine, State};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::task::spawn_blocking;

use super::{joined, json};
use crate::exit::{Exit, Outcome};
use crate::output::table::{self, Table};
use crate::output::term::safe;
use crate::output::{Data, note};
use crate::target::Target;
use crate::when;

/// The longest filter in the list, in characters; `--json` has all of it.
const MAX_FILTER: usize = 70;

/// Lists what was done to dead letters: when, by whom, to which, and what came of it. The latest comes last.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The most runs
    #[arg(long, default_value_t = 20)]
    limit: usize,

    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(target: Target, args: Args, scope: Scope) -> Outcome {
    let kafka = target.settings.kafka;
    let state = joined(spawn_blocking(move || State::read(&kafka)).await)?;
    // A run that names no tenant was on the letters of all.
    let is_shown = |run: &&AuditLine| match run.filter.get("tenant") {
        Some(tenant) => scope.holds(tenant),
        None => scope.everybody().is_ok(),
    };
    let runs: Vec<&AuditLine> = state.runs().filter(is_shown).collect();
    let runs = runs.get(runs.len().saturating_sub(args.limit)..).unwrap_or_default();
    let mut data = Data::new();
    if args.json {
        runs.iter().try_for_each(|run| data.line(json(run)?))?;
    } else if !runs.is_empty() {
        let mut table = Table::new(&["began", "who", "what", "letters", "done", "how it ended"]);
        let zone = TimeZone::system();
        runs.iter().for_each(|run| table.row(row(run, &zone)));
        table.lines().iter().try_for_each(|line| data.line(line))?;
    }
    data.flush()?;
    if runs.is_empty() {
        note("nothing was done to dead letters yet");
    }
    Ok(Exit::Done)
}

fn row(run: &AuditLine, zone: &TimeZone) -> Vec<String> {
    let began = match run.started_at.parse::<Timestamp>() {
        Ok(moment) => when::local(moment.as_millisecond(), zone).chars().take(19).collect(),
        Err(_) => run.started_at.clone(),
    };
    // A kind of failure is long: it comes last, so that what is cut off is of it.
    let (like, others): (Vec<_>, Vec<_>) =
        run.filter.iter().chain(&run.options).partition(|(name, _)| name.as_str() == "like");
    let words = others.into_iter().chain(like).map(|(name, value)| match value.as_str() {
        "true" => format!("--{name}"),
        value => format!("--{name} {value}"),
    });
    let filter = words.collect::<Vec<_>>().join(" ");
    let filter = if run.filter.is_empty() { format!("all {filter}").trim_end().to_owned() } else { filter };
    let short: String = filter.chars().take(MAX_FILTER).collect();
    let filter = if short.len() < filter.len() { format!("{short}…") } else { filter };
    let (done, end) = match &run.report {
        None => (String::new(), "under way, or killed".to_owned()),
        Some(report) => {
            let end = match (&report.error, report.stopped) {
                (Some(error), _) => format!("failed: {error}"),
                (None, true) => "broken off".to_owned(),
                (None, false) => "done".to_owned(),
            };
            (table::count(report.done()), end)
        }
    };
    vec![
        began,
        safe(&run.actor).into_owned(),
        safe(&run.task).into_owned(),
        safe(&filter).into_owned(),
        done,
        safe(&end).into_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use forebay_deadletters::{Filter, Job, Like, Report, Task};

    use super::*;

    #[test]
    fn a_run_is_a_line() {
        let job = Job { limit: Some(5), ..Job::new(Task::REPLAY, "ann@ops") };
        let begun = AuditLine::begin(&job, "r", 0);
        let line = |line: &AuditLine| row(line, &TimeZone::UTC).join(" | ");
        let who = "1970-01-01 00:00:00 | ann@ops | replay | all --limit 5";
        assert_eq!(line(&begun), format!("{who} |  | under way, or killed"));
        let ended = begun.end(&Report { replayed: 1200, ..Report::default() }, 1);
        assert_eq!(line(&ended), format!("{who} | 1,200 | done"));
    }

    #[test]
    fn a_long_kind_hides_no_other_condition() {
        let like = Some(Like::Kind("mapping: ".repeat(20)));
        let filter = Filter { like, tenant: Some("acme".to_owned()), ..Filter::default() };
        let job = Job { filter, limit: Some(5), ..Job::new(Task::REPLAY, "ann@ops") };
        let row = row(&AuditLine::begin(&job, "r", 0), &TimeZone::UTC);
        assert!(row[3].starts_with("--tenant acme --limit 5 --like mapping: "), "{}", row[3]);
        assert!(row[3].ends_with('…'), "{}", row[3]);
    }
}
