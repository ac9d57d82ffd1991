//! What the cluster would say to documents, asked of real servers.

use anyhow::Result;
use forebay_elastic::ElasticStore;
use forebay_settings::sections::SearchSettings;
use forebay_store::{Candidate, Store, Verdict};
use forebay_testkit::servers::{Server, shared};

const DOCUMENTS: [&[u8]; 3] = [
    br#"{"@timestamp":"2026-11-21T10:00:00Z","http.response.status_code":200}"#,
    br#"{"@timestamp":"2026-11-21T10:00:00Z","http.response.status_code":"many"}"#,
    b"no document",
];

async fn asked(server: &Server) -> Result<Option<Vec<Verdict>>> {
    let settings = SearchSettings {
        url: server.url(),
        index_prefix: "simulated".to_owned(),
        ..SearchSettings::default()
    };
    let store = ElasticStore::connect(&settings)?;
    let _changes = store.bootstrap(false).await?;
    let candidates: Vec<Candidate<'_>> = DOCUMENTS
        .iter()
        .map(|document| Candidate { target: "simulated-acme-2026.11.21", id: "e-1", document })
        .collect();
    Ok(store.would_take(&candidates).await?)
}

/// Scenario: a document that fits the template's mapping, one that doesn't, and bytes that are none; the index isn't there.
/// Guarantees: each gets its verdict, with the reason that a write would be given, and nothing is written.
#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_tells_what_it_would_refuse() -> Result<()> {
    let server = shared::elasticsearch().await?;
    let verdicts = asked(server).await?.unwrap_or_default();
    assert_eq!((verdicts.len(), &verdicts[0]), (3, &Verdict::Takes));
    let Verdict::Refuses { error_type, reason } = &verdicts[1] else { panic!("{verdicts:?}") };
    assert_eq!(error_type, "document_parsing_exception");
    assert!(reason.contains("status_code"), "{reason}");
    assert!(matches!(verdicts[2], Verdict::Refuses { .. }));
    let found = reqwest::get(format!("{}/simulated-acme-2026.11.21", server.url())).await?;
    assert_eq!(found.status(), 404, "nothing is written");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn opensearch_cannot_tell() -> Result<()> {
    assert_eq!(asked(shared::opensearch().await?).await?, None);
    Ok(())
}
