//! The page of all metrics.

use forebay_telemetry::names::Definition;
use forebay_telemetry::{CounterName, GaugeName, HistogramName, Label};

use super::table::table;

const HEAD: &str = "\
# Metrics

<!-- Generated from crates/shell/telemetry by `cargo run --package xtask -- docs`; change the names and help there. -->

Every process serves its metrics for Prometheus on `telemetry.listen` under `/metrics`, next to `/livez` and `/readyz`. A
series appears once there is something to count.

The ledger adds up for each tenant, once nothing is in flight any more: `forebay_events_accepted_total` +
`forebay_events_split_total` + `forebay_events_replayed_total` = `forebay_events_indexed_total` + `forebay_events_duplicate_total` +
`forebay_events_dead_lettered_total` + `forebay_events_dropped_total`. A kill -9 may count a record again, as a duplicate. Counters start anew with the process, so
compare increases, summed over all processes.
";

/// The page, from the tables of names.
pub(super) fn page() -> String {
    let counters = CounterName::ALL.iter().map(|name| row(name.definition()));
    let gauges = GaugeName::ALL.iter().map(|name| row(name.definition()));
    let histograms = HistogramName::ALL.iter().map(|name| histogram_row(*name));
    let labels = Label::ALL.iter().map(|label| [format!("`{}`", label.as_str()), label.help().to_owned()]);
    let head = ["Name", "Labels", "Unit", "Meaning"];
    format!(
        "{HEAD}\n## Counters\n\n{}\n## Gauges\n\n{}\n## Histograms\n\n{}\n## Labels\n\n{}",
        table(head, counters),
        table(head, gauges),
        table(["Name", "Labels", "Unit", "Meaning", "Buckets"], histograms),
        table(["Label", "Values"], labels),
    )
}

fn row(definition: Definition) -> [String; 4] {
    let labels: Vec<String> = definition.labels.iter().map(|label| format!("`{}`", label.as_str())).collect();
    [
        format!("`{}`", definition.name),
        labels.join(", "),
        definition.unit.as_str().to_owned(),
        definition.help.to_owned(),
    ]
}

fn histogram_row(name: HistogramName) -> [String; 5] {
    let [metric, labels, unit, help] = row(name.definition());
    let buckets: Vec<String> = name.buckets().iter().map(ToString::to_string).collect();
    [metric, labels, unit, help, buckets.join(", ")]
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn every_kind_of_metric_has_its_row() {
        let page = page();
        for row in [
            "| `forebay_events_dead_lettered_total` | `tenant`, `stage` | count |",
            "| `forebay_consumer_lag` | `topic`, `partition` | count |",
            "| `forebay_bulk_request_seconds` |  | seconds |",
            "10, 30, 60 |",
            "| `tenant` | Whose events;",
        ] {
            assert!(page.contains(row), "no {row} in\n{page}");
        }
    }
}
