//! Those clients that need nothing but Python; `make test-compat` runs all.
//!
//! Layer: end to end, with the ingest that ships and a real Kafka. Needs the binaries, as `make test` builds them, and
//! the clients, as `tests/compat/prepare.sh python` lays them out.
//! Does not prove: anything about parser and indexer.

use anyhow::Result;
use forebay_compat::clients::{CLIENTS, Package, quick};
use forebay_compat::record;
use forebay_compat::run::{Options, check, run};

/// Scenario: clients of all protocols that have one in Python send side by side, while Kafka is stopped and started once.
/// Guarantees: every event that a client believes delivered is in Kafka, under the tenant of the client's credential.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_clients_believe_delivered_is_in_kafka() -> Result<()> {
    let options = Options { clients: quick().collect(), events: 2_000, seconds: 20 };
    let outcomes = run(&options, |line| println!("{line}")).await?;
    outcomes.iter().for_each(|outcome| println!("{outcome}"));
    check(&outcomes)
}

/// Scenario: a client is added, or its version moves. Guarantees: it has to pass before the README may name it.
#[test]
fn what_is_recorded_has_passed_in_these_versions() -> Result<()> {
    let recorded = std::fs::read_to_string(record::path())?;
    let lines: Vec<&str> = recorded.lines().collect();
    assert_eq!(lines.len(), CLIENTS.len(), "run `make test-compat ARGS=--record`");
    for (client, line) in CLIENTS.iter().zip(lines) {
        let start = format!("{}\t{}\t", client.speaks, client.title);
        assert!(line.starts_with(&start), "{line:?} is not {start:?}: run `make test-compat ARGS=--record`");
        // Debian's versions are known only where its packages were unpacked.
        if !matches!(client.from, Package::Debian(_)) {
            let version = record::version(client)?;
            assert!(line.ends_with(&format!("\t{version}")), "{line:?} is not about {version}");
        }
    }
    Ok(())
}
