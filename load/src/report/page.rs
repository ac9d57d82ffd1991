//! The page: method, machine, table.

use std::fmt::Write;

use super::{Report, Row};
use crate::measure::{min_and_median, whole};

const MIB: u64 = 1024 * 1024;

const METHOD: &str = "\
Each hop runs alone, as a release build in a process of its own. Its figure is user and system time from its own `/proc`,
from its start to the last event seen at the other end, start-up included, per million events. Kafka 4.1, one node on
the same machine, 4 partitions, lz4, acks=all, idempotent producers. HTTP: NDJSON of 1,000 lines over 8 connections, done
when all are answered. Parser: done when the events topic has as many records. Bulk: against a sink in another process
that only reads and answers. *Others* is how many cores were busy on average with what is no part of the run (Kafka, the
sender, the sink and Elasticsearch are part of it): CPU-seconds swell with it.

Nothing was lost: records in and out were counted in each run, committed offsets checked after an orderly stop; where
the arguments have `all` or `--verify`, every id was looked for in the last run of each hop. *Repeated* is the most
events of any run that came out more than once: delivery is at least once, and the index meets them by their ids.
";

pub(super) fn render(report: &Report) -> String {
    let mut page = String::new();
    // Writing to a String can't fail.
    let _infallible = write(report, &mut page);
    page
}

fn write(report: &Report, page: &mut String) -> std::fmt::Result {
    let machine = &report.machine;
    writeln!(page, "# Bench of {}\n", report.began)?;
    writeln!(
        page,
        "{}, {} cores, {} GiB, kernel {}. Lines: application's JSON of {} bytes, access log of {} bytes. \
         Arguments: `{}`.\n",
        machine.processor,
        machine.cores,
        machine.memory / (1024 * MIB),
        machine.kernel,
        report.app_bytes,
        report.access_bytes,
        report.arguments.join(" ")
    )?;
    writeln!(
        page,
        "| hop | events | CPU-s per million, min | median | target | half of best peer | events/s, median | peak MiB | load before | others | repeated |"
    )?;
    writeln!(page, "|---|---|---|---|---|---|---|---|---|---|---|")?;
    for row in &report.rows {
        write_row(row, page)?;
    }
    write!(page, "\n{METHOD}")
}

fn write_row(row: &Row, page: &mut String) -> std::fmt::Result {
    let of =
        |figure: fn(&crate::measure::Measured) -> f64| min_and_median(row.runs.iter().map(figure).collect());
    let Some((least, median)) = of(super::Measured::cost) else { return Ok(()) };
    let rate = of(super::Measured::rate).map_or(0.0, |(_, median)| median);
    let events = row.runs.first().map_or(0, |run| run.events);
    let peak = row.runs.iter().map(|run| run.peak_memory).max().unwrap_or(0);
    let memory = match (peak, row.memory_target) {
        (0, _) => "-".to_owned(),
        (peak, Some(target)) => format!("{:.0} (target {})", whole(peak) / whole(MIB), target / MIB),
        (peak, None) => format!("{:.0}", whole(peak) / whole(MIB)),
    };
    let target = |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.2}"));
    let span = |figure: fn(&crate::measure::Measured) -> f64| {
        let figures = || row.runs.iter().map(figure);
        let (least, most) = (figures().fold(f64::INFINITY, f64::min), figures().fold(0.0, f64::max));
        if row.runs.len() > 1 { format!("{least:.1}-{most:.1}") } else { format!("{most:.1}") }
    };
    writeln!(
        page,
        "| {} | {} x {} | **{least:.2}** | {median:.2} | {} | {} | {rate:.0} | {memory} | {} | {} | {} |",
        row.hop,
        row.runs.len(),
        thousands(events),
        target(row.target),
        target(row.half_of_best_peer),
        span(|run| run.load_before),
        span(|run| run.other_cores),
        row.runs.iter().map(|run| run.repeated).max().unwrap_or(0),
    )
}

/// `1000000` as `1,000,000`.
fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measured;

    #[test]
    fn a_row_says_figure_target_memory_and_noise() {
        let run = |cpu_seconds, other_cores| Measured {
            events: 1_000_000,
            cpu_seconds,
            peak_memory: 30 * MIB,
            wall_seconds: 2.0,
            load_before: 0.5,
            other_cores,
            repeated: 7,
        };
        let row = Row::new("http", vec![run(2.5, 0.1), run(2.0, 0.3)]).against(3.0, 3.0).within(256 * MIB);
        let mut page = String::new();
        write_row(&row, &mut page).expect("writes");
        assert_eq!(
            page,
            "| http | 2 x 1,000,000 | **2.00** | 2.00 | 3.00 | 3.00 | 500000 | 30 (target 256) | 0.5-0.5 | 0.1-0.3 | 7 |\n"
        );
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            (thousands(7), thousands(1_000), thousands(12_345_678)),
            ("7".into(), "1,000".into(), "12,345,678".into())
        );
    }
}
