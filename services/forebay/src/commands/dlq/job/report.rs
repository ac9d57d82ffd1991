//! What came of a job, for people.

use forebay_deadletters::decide::{DROPPED, EDIT_FAILED, NOT_RAW};
use forebay_deadletters::forecast::SAMPLE;
use forebay_deadletters::{
    ClusterForecast, Delivery, Destination, Edits, Forecast, Job, LetterTopic, Report, Task,
};
use forebay_rule_tools::text::{self, Shown};

use crate::commands::dlq::ONE_AT_A_TIME;
use crate::output::lines;
use crate::output::table::{self, Table};
use crate::output::term::{self, safe};

pub(super) fn lines(report: &Report, job: &Job) -> Vec<String> {
    let verb = if job.dry_run { "would be" } else { "were" };
    let mut table = Table::new(&["", ""]);
    let mut row = |number: u64, what: String| {
        if number > 0 {
            table.row([table::count(number), what]);
        }
    };
    row(report.replayed, format!("{verb} replayed"));
    row(report.parked, format!("{verb} parked{}", parked_why(job)));
    row(report.purged, format!("{verb} given up"));
    row(report.superseded, "passed over: another letter stands for the same event".to_owned());
    for (reason, number) in &report.skipped {
        row(*number, format!("left open: {}", skipped_why(reason)));
    }
    for (error_type, number) in &report.kept {
        row(
            *number,
            format!("left open, as asked: the current rules refuse the event: {}", safe(error_type)),
        );
    }
    row(report.failed, "not taken by the broker: they are open still".to_owned());
    for (state, number) in &report.closed_before {
        row(*number, format!("match, and were {} before", safe(state)));
    }
    row(report.malformed, "records of the topic are no letters, and stay".to_owned());
    row(report.deleted, "records deleted at the beginnings of partitions".to_owned());
    let mut lines = Vec::new();
    if job.task != Task::Free {
        lines.push(format!("{} open letters match", table::count(report.matched)));
    }
    // The heading says nothing that the first line doesn't.
    lines.extend(table.lines().into_iter().skip(1).map(|line| format!("  {line}")));
    if report.by_error_type.len() > 1 {
        lines.push(format!("of those that {verb} {}, by the error they had failed with:", done(job.task)));
        let mut sorted: Vec<_> = report.by_error_type.iter().collect();
        sorted.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
        lines.extend(pairs(sorted.into_iter().map(|(name, number)| (*number, safe(name).into_owned()))));
    }
    if let Some(edits) = &report.edits {
        lines.extend(edit_lines(edits));
    }
    if let Some(forecast) = &report.forecast {
        lines.extend(forecast_lines(forecast, job));
    }
    if let Some(error) = &report.error {
        lines.push(format!("ended early: {}", safe(error)));
    }
    if let Some(error) = &report.not_deleted {
        lines.push(format!("nothing was deleted: {}", safe(error)));
    }
    lines
}

/// What to do next.
pub(super) fn hints(report: &Report, job: &Job, words: &str) -> Vec<String> {
    let mut hints = Vec::new();
    if report.stopped {
        hints.push("broken off: the same command goes on where this one stopped".to_owned());
    } else if report.taken_over {
        hints.push(ONE_AT_A_TIME.to_owned());
    } else if report.failed > 0 || report.error.is_some() {
        hints.push("what failed is where it was: the same command again goes on with it".to_owned());
    }
    if job.dry_run && report.done() > 0 {
        hints.push("nothing was done yet: without --dry-run it is".to_owned());
        if report.forecast.as_ref().is_some_and(|forecast| !forecast.fail.is_empty()) {
            hints.push("mend the cause first, or leave open what would fail again: --passing".to_owned());
        }
        let told =
            |forecast: &Forecast| forecast.cluster.as_ref().is_some_and(|cluster| cluster.unasked.is_none());
        if report.forecast.as_ref().is_some_and(|forecast| forecast.needs_cluster > 0 && !told(forecast)) {
            hints.push(
                "to ask the cluster, replay a few (--limit 10) and see whether they come back".to_owned(),
            );
        }
    } else if report.replayed > 0 {
        hints.push(format!("what fails again comes back as a new letter: {words} dlq stats --since 10m"));
    }
    if !job.dry_run && job.delivery == Delivery::AtLeastOnce && report.error.is_some() {
        hints.push("without transactions, a batch that failed in part may be sent again; the events' ids make that harmless".to_owned());
    }
    hints
}

/// What a correction does, with the first events that it changes.
fn edit_lines(edits: &Edits) -> Vec<String> {
    let (changed, unchanged) = (table::count(edits.changed), table::count(edits.unchanged));
    let mut lines =
        vec![format!("the correction changes {changed} of them and leaves {unchanged} as they are:")];
    for (error_type, reason) in &edits.failures {
        lines.push(format!("  fails with {error_type}, such as: {}", safe(reason)));
    }
    for edited in &edits.shown {
        lines.push(format!("  {}", edited.letter));
        let diff = text::diff(&edited.before, &edited.after, Shown::Changes);
        lines.extend(diff.into_iter().map(|line| lines::paint(term::stdout(), &line.indented(4))));
    }
    lines
}

fn forecast_lines(forecast: &Forecast, job: &Job) -> Vec<String> {
    let mut rows = Vec::new();
    if forecast.pass > 0 {
        rows.push((
            forecast.pass,
            "would pass the parser now; the search cluster has the last word".to_owned(),
        ));
    }
    for (error_type, number) in &forecast.fail {
        let reason = forecast.reasons.get(error_type).map(|reason| format!(", such as: {}", safe(reason)));
        rows.push((
            *number,
            format!("would be dead letters again: {}{}", safe(error_type), reason.unwrap_or_default()),
        ));
    }
    for (reason, number) in &forecast.dropped {
        rows.push((*number, format!("would be dropped by a rule: {}", safe(reason))));
    }
    if forecast.needs_cluster > 0 {
        let parsed = match job.task {
            Task::Replay { to: Destination::Events, .. } => "are documents",
            _ => "are documents that parsed before",
        };
        let what = format!("{parsed}: only the search cluster can tell whether it takes them now");
        rows.push((forecast.needs_cluster, what));
    }
    let mut lines = Vec::new();
    if !rows.is_empty() {
        lines.push("what would come of it, by the current rules:".to_owned());
        lines.extend(pairs(rows.into_iter()));
    }
    if let Some(cluster) = &forecast.cluster {
        lines.extend(cluster_lines(cluster));
    }
    lines
}

fn cluster_lines(cluster: &ClusterForecast) -> Vec<String> {
    let mut rows = Vec::new();
    if cluster.take > 0 {
        rows.push((cluster.take, "it would take, as its mappings are now".to_owned()));
    }
    for (error_type, number) in &cluster.refuse {
        let reason = cluster.reasons.get(error_type).map(|reason| format!(", such as: {}", safe(reason)));
        rows.push((*number, format!("it would refuse: {}{}", safe(error_type), reason.unwrap_or_default())));
    }
    let mut lines = Vec::new();
    if !rows.is_empty() {
        lines.push(format!(
            "the search cluster, asked about at most {SAMPLE} documents of each kind, without writing them:"
        ));
        lines.extend(pairs(rows.into_iter()));
    }
    if let Some(reason) = &cluster.unasked {
        lines.push(format!("the search cluster was not asked: {}", safe(reason)));
    }
    lines
}

fn pairs(rows: impl Iterator<Item = (u64, String)>) -> Vec<String> {
    let mut table = Table::new(&["", ""]);
    rows.for_each(|(number, what)| table.row([table::count(number), what]));
    table.lines().into_iter().skip(1).map(|line| format!("  {line}")).collect()
}

fn parked_why(job: &Job) -> &'static str {
    match job.task {
        Task::Replay { .. } if job.topic == LetterTopic::DeadLetters => ": they were replayed too often",
        _ => "",
    }
}

fn skipped_why(reason: &str) -> String {
    match reason {
        // All but the last are the tool's own.
        "unknown_source_topic" => "they come from a topic that the settings don't name".to_owned(),
        "unreadable_key" => "the record's key can't be read".to_owned(),
        DROPPED => "the current rules drop the event".to_owned(),
        "too_large" => "kafka takes no record of this size".to_owned(),
        NOT_RAW => "they are about documents, and a correction is for raw events".to_owned(),
        "unreadable_event" => "the record is no event that could be corrected".to_owned(),
        failed if failed.starts_with(EDIT_FAILED) => format!("the correction fails: {}", safe(failed)),
        other => format!("the current rules refuse the event: {}", safe(other)),
    }
}

const fn done(task: Task) -> &'static str {
    match task {
        Task::Replay { .. } => "replayed or parked",
        Task::Park => "parked",
        Task::Purge | Task::Free => "given up",
    }
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
            by_error_type: [("json_invalid".to_owned(), 95), ("document_parsing_exception".to_owned(), 1100)]
                .into(),
            forecast: Some(Forecast {
                pass: 90,
                fail: [("json_invalid".to_owned(), 5)].into(),
                reasons: [("json_invalid".to_owned(), "the text ends".to_owned())].into(),
                needs_cluster: 1100,
                cluster: Some(ClusterForecast {
                    take: 190,
                    refuse: [("document_parsing_exception".to_owned(), 10)].into(),
                    ..ClusterForecast::default()
                }),
                ..Forecast::default()
            }),
            ..Report::default()
        };
        let job = Job { dry_run: true, ..Job::new(Task::REPLAY, "") };
        assert_eq!(
            lines(&report, &job),
            [
                "1,200 open letters match",
                "  1,190  would be replayed",
                "      5  would be parked: they were replayed too often",
                "      3  passed over: another letter stands for the same event",
                "      2  left open: the record's key can't be read",
                "of those that would be replayed or parked, by the error they had failed with:",
                "  1,100  document_parsing_exception",
                "     95  json_invalid",
                "what would come of it, by the current rules:",
                "     90  would pass the parser now; the search cluster has the last word",
                "      5  would be dead letters again: json_invalid, such as: the text ends",
                "  1,100  are documents that parsed before: only the search cluster can tell whether it takes them now",
                "the search cluster, asked about at most 200 documents of each kind, without writing them:",
                "  190  it would take, as its mappings are now",
                "   10  it would refuse: document_parsing_exception",
            ]
        );
        assert_eq!(
            hints(&report, &job, "forebay"),
            [
                "nothing was done yet: without --dry-run it is",
                "mend the cause first, or leave open what would fail again: --passing",
            ]
        );
    }

    /// Guarantees: who was taken over isn't told to run the same command again, which would end the other run.
    #[test]
    fn a_run_that_was_taken_over_does_not_come_back() {
        let report = Report { failed: 3, error: Some("fenced".to_owned()), ..Report::default() };
        let job = Job::new(Task::REPLAY, "");
        assert!(hints(&report, &job, "forebay")[0].contains("the same command again"));
        let report = Report { taken_over: true, ..report };
        assert_eq!(hints(&report, &job, "forebay"), [ONE_AT_A_TIME]);
    }

    #[test]
    fn a_correction_is_shown_as_a_difference() {
        let edited = forebay_deadletters::Edited {
            letter: "0:17".to_owned(),
            before: serde_json::json!({"body": "a\u{1b}"}),
            after: serde_json::json!({"body": "b"}),
        };
        let failures = [("vrl_abort".to_owned(), "the program aborted".to_owned())].into();
        let edits = Edits { changed: 1_200, unchanged: 3, failures, shown: vec![edited] };
        assert_eq!(
            edit_lines(&edits),
            [
                "the correction changes 1,200 of them and leaves 3 as they are:",
                "  fails with vrl_abort, such as: the program aborted",
                "  0:17",
                "      {",
                "    -   \"body\": \"a\\u001b\"",
                "    +   \"body\": \"b\"",
                "      }",
            ]
        );
    }
}
