use super::super::examples::{stuck, well};
use super::*;

fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

#[test]
fn spans_are_short() {
    let shown = [0.0, 0.000_4, 0.25, 59.4, 90.0, 3_600.0, 12_345.0, 216_000.0].map(span);
    assert_eq!(shown, ["0 s", "1 ms", "250 ms", "59 s", "1 min", "1 h", "3 h 25 min", "2 d 12 h"]);
}

#[test]
fn the_flow_says_what_waits_and_what_nobody_told() {
    let mut report = stuck();
    report.tiers[1].blocked = None;
    assert_eq!(
        texts(&report.flow()),
        [
            "TIER     EVENTS/S        LAG  OLDEST      DELETED IN  BLOCKED   LATENCY   TOTAL",
            "ingest      120.0          -  -           -           0 %       -        34,567",
            "parser      120.0          0  -           -           not told  250 ms   34,567",
            "indexer       0.0  1,234,567  3 h 25 min  2 d 20 h    100 %     -        34,567",
        ]
    );
}

/// Guarantees: every part of the report is in the lines, with what is wrong in the colour of trouble.
#[test]
fn a_report_for_people() {
    let report = stuck();
    let lines = report.lines(&TimeZone::UTC);
    let text = texts(&lines).join("\n");
    assert!(lines[0].text.starts_with("STUCK: the indexer takes nothing: 1,234,567 records wait"), "{text}");
    assert_eq!(lines[0].tone, Tone::Bad);
    for part in [
        "HELD: index forebay-acme-2026.11.21 isn't written: 6,000 documents wait",
        "it refuses all",
        "DEAD LETTERS: 2,000 in the topic; of the newest 1,000: index 3, parse 997",
        "  -> which of them are open: forebay dlq stats",
        "500  kind_1: failed to parse field [status]",
        "LEDGER: not told, not every process answers",
        "tenant-01   100,000   90,000          0     0        0  10,000",
        "nginx         geo   12.3 us         412",
        "search   reachable  http://search:9200",
        "NOT TOLD   10.0.0.2:9601",
        "search: the store refuses with 429",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let mut well = well();
    let text = texts(&well.lines(&TimeZone::UTC)).join("\n");
    for part in ["ALL WELL", "INDICES NOT WRITTEN: none is refused", "adds up", "SLOWEST RULES: not told"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    well.servers
        .iter_mut()
        .filter(|server| server.name == "search")
        .for_each(|store| store.reachable = false);
    let text = texts(&well.lines(&TimeZone::UTC)).join("\n");
    assert!(text.contains("INDICES NOT WRITTEN: none alone; the whole store doesn't answer"), "{text}");
}

/// Scenario: letters were replayed, and the topic has them still; then it has none.
/// Guarantees: what came again is a column of the ledger, which isn't there otherwise; letters are said to be in the topic, not open.
#[test]
fn what_was_replayed_is_said() {
    let mut report = well();
    let headings = |report: &Report| report.books()[1].text.clone();
    assert!(!headings(&report).contains("REPLAYED"), "{}", headings(&report));
    report.ledger.tenants[0].replayed = 4;
    assert!(headings(&report).ends_with("OPEN  REPLAYED"), "{}", headings(&report));
    let row: Vec<String> = report.books()[2].text.split_whitespace().map(str::to_owned).collect();
    assert_eq!(row, ["acme", "34,567", "34,560", "2", "5", "0", "0", "4"]);
    let letters = report.dead_letters.section();
    assert_eq!(letters[0].text, "DEAD LETTERS: 5 in the topic: parse 5");
    assert_eq!(DeadLetters::default().section()[0].text, "DEAD LETTERS: 0");
}
