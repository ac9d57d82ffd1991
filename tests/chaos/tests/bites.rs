//! The search for every event finds what is wrong, if something is.
//!
//! Layer: component, on a real Kafka and a real Elasticsearch. No tier runs: what is there is put there by the test.

use anyhow::Result;
use forebay_chaos::audit::{self, RuleFindings};
use forebay_chaos::bed::Bed;
use forebay_chaos::events::Fate;
use forebay_chaos::rules::SECRET;
use forebay_testkit::oracle::Oracle;
use forebay_testkit::servers::Kind;
use serde_json::json;

/// Scenario: of three acknowledged events one is in the index, one is in two indices, one is nowhere; and there is one that
/// nobody sent, and one that should have been dead-lettered.
/// Guarantees: each is found for what it is, so that a run without findings means something.
#[tokio::test]
async fn the_search_finds_lost_double_and_foreign_events() -> Result<()> {
    let bed = Bed::make(Kind::Elasticsearch, false).await?;
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

/// Scenario: with rules, of five acknowledged events one that a rule drops is in the index, one that is split stands there as a whole,
/// one that has a route is in the default index, one has a secret in it, and one is as it should be.
/// Guarantees: each is found for what it is.
#[tokio::test]
async fn the_search_finds_what_rules_did_not_do() -> Result<()> {
    let bed = Bed::make(Kind::Elasticsearch, true).await?;
    let oracle = Oracle::new();
    // 100 times the batch plus the place leaves 11 after division by 150 where an event is dropped, 23 where it is split, 31 where it
    // has a route.
    let ids = ["e31-61", "e31-73", "e31-81", "e31-0", "e31-1"];
    ids.iter().filter_map(|id| Fate::of(id, true).map(|fate| fate.ids(id))).flatten().for_each(|id| {
        oracle.acknowledged(id);
    });
    let prefix = &bed.settings.search.index_prefix;
    for id in ids {
        let url = format!("{}/{prefix}-default-2026.11.19/_create/{id}", bed.settings.search.url);
        let message = if id == "e31-0" { SECRET } else { "nothing" };
        let revision = if id == "e31-1" { json!({"rules_revision": "r"}) } else { json!({}) };
        let document = json!({"@timestamp": 1_795_132_800_000_u64, "message": message, "labels": revision});
        let _created = reqwest::Client::new().put(url).json(&document).send().await?.error_for_status()?;
    }
    let findings = audit::search(&bed, &oracle.into()).await?;
    assert_eq!(findings.report.unexpected.examples, ["e31-61", "e31-73"]);
    assert_eq!(findings.report.lost.count, 3, "{}", findings.report);
    assert!(findings.report.lost.examples.iter().all(|id| id.starts_with("e31-73~part~")));
    let RuleFindings { revisions, unmarked, misplaced, told } = findings.rules;
    assert_eq!((revisions.len(), unmarked, misplaced, told), (1, 4, 1, 1));
    Ok(())
}
