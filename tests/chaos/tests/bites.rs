//! The search for every event finds what is wrong, if something is.
//!
//! Layer: component, on a real Kafka and a real Elasticsearch. No tier runs: what is there is put there by the test.

use anyhow::Result;
use forebay_chaos::audit;
use forebay_chaos::bed::Bed;
use forebay_testkit::oracle::Oracle;
use forebay_testkit::servers::Kind;
use serde_json::json;

/// Scenario: of three acknowledged events one is in the index, one is in two indices, one is nowhere; and there is one that
/// nobody sent, and one that should have been dead-lettered.
/// Guarantees: each is found for what it is, so that a run without findings means something.
#[tokio::test]
async fn the_search_finds_lost_double_and_foreign_events() -> Result<()> {
    let bed = Bed::make(Kind::Elasticsearch).await?;
    let oracle = Oracle::new();
    // Events are bad where 100 times the batch plus the place leaves 77 after division by 150, as 3,227 does.
    ["e31-0", "e31-1", "e31-2", "e32-27"].iter().for_each(|id| oracle.acknowledged(id));
    let prefix = &bed.settings.search.index_prefix;
    for (day, id) in [
        ("2026.11.19", "e31-0"),
        ("2026.11.19", "e31-1"),
        ("2026.11.20", "e31-1"),
        ("2026.11.20", "e99-0"),
        ("2026.11.20", "e32-27"),
    ] {
        let url = format!("{}/{prefix}-default-{day}/_create/{id}", bed.settings.search.url);
        let document = json!({"@timestamp": 1_795_132_800_000_u64});
        let _created = reqwest::Client::new().put(url).json(&document).send().await?.error_for_status()?;
    }
    let findings = audit::search(&bed, &oracle.into()).await?;
    assert_eq!(findings.report.lost.examples, ["e31-2"]);
    assert_eq!(findings.report.duplicated.examples, ["e31-1"]);
    assert_eq!(findings.report.unexpected.examples, ["e99-0"]);
    assert_eq!(findings.spared_count, 1);
    assert_eq!(findings.contents.documents, 5);
    Ok(())
}
