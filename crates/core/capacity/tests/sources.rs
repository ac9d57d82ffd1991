//! The figures are those of the results that they name.

use std::fs;
use std::path::Path;

use forebay_capacity::figures::{self, Cost};
use forebay_capacity::{Parsing, Protocol};

/// Scenario: each cost is looked for in the page of results that it names.
/// Guarantees: there is a cell with just this figure. Not that it is the right row's.
#[test]
fn costs_stand_in_the_results_they_name() {
    let protocols = [
        Protocol::Http,
        Protocol::Bulk,
        Protocol::Otlp,
        Protocol::Forward,
        Protocol::Beats,
        Protocol::Syslog,
    ];
    let parsings = [Parsing::Json, Parsing::Access, Parsing::Vrl, Parsing::Masks, Parsing::Enrich];
    let costs = protocols.map(figures::ingest).into_iter().chain(parsings.map(figures::parser));
    for Cost { what, nanoseconds, source, .. } in costs.chain([figures::INDEXER]) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let results = fs::read_to_string(root.join(source)).unwrap();
        let figure = format!("{}.{:02}", nanoseconds / 1_000, nanoseconds % 1_000 / 10);
        let cells = results.split(['|', '\n']).map(|cell| cell.trim().trim_matches('*'));
        let is_there = cells.flat_map(|cell| cell.split([' ', ','])).any(|word| word == figure);
        assert!(is_there, "{what}: {figure} is not in {source}");
    }
}
