//! `forebay dlq replay`.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use forebay_deadletters::{DEFAULT_MAX_REPLAYS, Filter, ReplayOptions, Report, replay};

use super::list::json;
use super::{FilterArgs, explain};
use crate::exit::{Exit, Outcome};
use crate::output::progress::Progress;
use crate::output::term::safe;
use crate::output::{Data, note, table};
use crate::target::Target;

/// Sends what matches back to where it failed, with its id: an event that was indexed meanwhile is not indexed twice. Of
/// several letters about one event the latest is taken. One that was replayed too often is parked in a topic of its own.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    filter: FilterArgs,

    /// The most events; 0 means all that match
    #[arg(long, default_value_t = 0)]
    limit: u64,

    /// How often an event is replayed before it is parked
    #[arg(long, value_name = "TIMES", default_value_t = DEFAULT_MAX_REPLAYS)]
    max_replays: u32,

    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,

    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(target: Target, args: Args) -> Outcome {
    let limit = (args.limit > 0).then_some(args.limit);
    let options = ReplayOptions { dry_run: args.dry_run, limit, max_replays: args.max_replays };
    let progress = Arc::new(Mutex::new(Progress::new("replaying", "records read", None)));
    let shown = Arc::clone(&progress);
    let report = replay(&target.settings.kafka, Filter::from(args.filter), options, move |so_far| {
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.at(so_far.read, || format!("{} left, {} sent", so_far.remaining, so_far.sent));
        ControlFlow::Continue(())
    })
    .await;
    if let Some(progress) = Arc::into_inner(progress) {
        progress.into_inner().unwrap_or_else(PoisonError::into_inner).finish();
    }
    let report = report.map_err(|error| explain(&error))?;
    let mut data = Data::new();
    if args.json {
        data.line(json(&report)?)?;
    } else {
        lines(&report, args.dry_run).iter().try_for_each(|line| data.line(line))?;
    }
    data.flush()?;
    if report.failed > 0 || report.error.is_some() {
        note("what failed is where it was: replay it again");
        return Ok(Exit::Failed);
    }
    Ok(if report.skipped.is_empty() { Exit::Done } else { Exit::Failed })
}

fn lines(report: &Report, dry_run: bool) -> Vec<String> {
    let verb = if dry_run { "would be" } else { "were" };
    let mut lines = vec![format!(
        "letters that match: {}; events that {verb} replayed: {}, parked: {}",
        table::count(report.matched),
        table::count(report.replayed),
        table::count(report.parked)
    )];
    if report.superseded > 0 {
        lines.push(format!(
            "  passed over for a later letter of the same event: {}",
            table::count(report.superseded)
        ));
    }
    for (error_type, number) in &report.by_error_type {
        lines.push(format!("  {}: {}", safe(error_type), table::count(*number)));
    }
    for (reason, number) in &report.skipped {
        lines.push(format!("  skipped, {reason}: {}", table::count(*number)));
    }
    if report.malformed > 0 {
        lines.push(format!("  records that are no dead letters: {}", table::count(report.malformed)));
    }
    if report.failed > 0 {
        lines.push(format!("  not taken by the broker: {}", table::count(report.failed)));
    }
    if let Some(error) = &report.error {
        lines.push(format!("  ended early: {}", safe(error)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_for_people() {
        let report = Report {
            matched: 1200,
            superseded: 3,
            replayed: 1190,
            parked: 5,
            skipped: [("unreadable_key".to_owned(), 2)].into(),
            by_error_type: [("document_parsing_exception".to_owned(), 1195)].into(),
            ..Report::default()
        };
        assert_eq!(
            lines(&report, true),
            [
                "letters that match: 1,200; events that would be replayed: 1,190, parked: 5",
                "  passed over for a later letter of the same event: 3",
                "  document_parsing_exception: 1,195",
                "  skipped, unreadable_key: 2",
            ]
        );
    }
}
