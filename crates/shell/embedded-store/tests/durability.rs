//! What is kept, what is there once, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a panic is the report")]

use std::time::Instant;

use forebay_bulk::{BulkBuilder, BulkRequest, ItemOutcome};
use forebay_embedded_store::{EmbeddedStore, OpenError};
use forebay_store::{RequestFailure, SearchRequest, Store as _};
use proptest::prelude::*;

const TARGET: &str = "forebay-acme-2026.11.21";

fn bulk<'a>(items: impl IntoIterator<Item = (&'a str, &'a str)>) -> BulkRequest {
    let mut builder = BulkBuilder::default();
    for (id, document) in items {
        builder.push(TARGET, id, document.as_bytes(), 0).unwrap();
    }
    builder.finish()
}

async fn documents_of(store: &EmbeddedStore, query: &str) -> Vec<String> {
    let request = SearchRequest { query: query.to_owned(), limit: 100, ..SearchRequest::default() };
    let page = store.search(&request).await.unwrap();
    page.hits.iter().map(|hit| hit.document.get().to_owned()).collect()
}

/// Scenario: documents are written, the store goes without being closed, and is opened again.
/// Guarantees: what was answered is there byte for byte, is still a duplicate, and new documents sort behind it.
#[tokio::test]
async fn a_restart_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let odd = r#"{ "a" : 1.0 ,"é":"\u00e9" }"#;
    let answer = store.write(&bulk([("1", odd)])).await.unwrap();
    assert_eq!(answer.outcomes, [ItemOutcome::Indexed]);
    drop(store);
    let store = EmbeddedStore::open(dir.path()).unwrap();
    assert_eq!(documents_of(&store, "").await, [odd]);
    let answer = store.write(&bulk([("1", "{}"), ("2", "{}")])).await.unwrap();
    assert_eq!(answer.outcomes, [ItemOutcome::Duplicate, ItemOutcome::Indexed]);
    assert_eq!(documents_of(&store, "").await, ["{}", odd]);
}

/// Scenario: the files as they are on disk right after an answer, as a crash would leave them, opened elsewhere.
/// Guarantees: nothing that was answered is missing.
#[tokio::test]
async fn a_crash_after_the_answer_loses_nothing() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = EmbeddedStore::open(dir.path()).unwrap();
    for id in ["1", "2", "3"] {
        let _answer = store.write(&bulk([(id, "{}")])).await.unwrap();
    }
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    assert_eq!(EmbeddedStore::open(copy.path()).unwrap().count(), 3);
}

#[tokio::test]
async fn the_same_id_is_stored_once_per_target() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let answer = store.write(&bulk([("1", r#"{"n":1}"#), ("1", r#"{"n":2}"#)])).await.unwrap();
    assert_eq!(answer.outcomes, [ItemOutcome::Indexed, ItemOutcome::Duplicate]);
    let mut other = BulkBuilder::default();
    other.push("forebay-acme-2026.11.22", "1", br#"{"n":3}"#, 0).unwrap();
    assert_eq!(store.write(&other.finish()).await.unwrap().outcomes, [ItemOutcome::Indexed]);
    assert_eq!(store.count(), 2);
}

/// Scenario: documents that are none, among good ones.
/// Guarantees: each is refused with its own reason, and its neighbours are stored.
#[tokio::test]
async fn bad_documents_are_refused_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let nested = format!("{{\"a\":{}1{}}}", "[".repeat(2000), "]".repeat(2000));
    let items = [
        ("good-1", "{}", None),
        ("array", "[]", Some("not a JSON object")),
        ("broken", "{\"a\":", Some("not valid JSON")),
        ("time", r#"{"@timestamp":"yesterday"}"#, Some("[@timestamp]")),
        ("nested", nested.as_str(), Some("not valid JSON")),
        ("good-2", r#"{"message":"fine"}"#, None),
    ];
    let answer = store.write(&bulk(items.map(|(id, document, _)| (id, document)))).await.unwrap();
    for ((id, _, reason), outcome) in items.iter().zip(&answer.outcomes) {
        match (reason, outcome) {
            (None, ItemOutcome::Indexed) => {}
            (Some(reason), ItemOutcome::Refused(error)) => {
                assert!(error.reason.contains(reason), "{id}: {error:?}");
                assert_eq!((error.status, error.error_type.as_str()), (400, "document_parsing_exception"));
            }
            other => panic!("{id}: {other:?}"),
        }
    }
    assert_eq!(store.count(), 2);
}

#[tokio::test]
async fn one_writer_and_any_number_of_readers() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    assert!(matches!(EmbeddedStore::open(dir.path()), Err(OpenError::InUse(_))));
    let reader = EmbeddedStore::open_read_only(dir.path()).unwrap();
    let _answer = store.write(&bulk([("1", "{}")])).await.unwrap();
    assert_eq!(documents_of(&reader, "").await, ["{}"]);
    assert!(matches!(reader.write(&bulk([("2", "{}")])).await, Err(RequestFailure::Rejected { .. })));
}

#[tokio::test]
async fn a_folder_that_holds_something_else_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("meta.json"), "not an index").unwrap();
    let error = EmbeddedStore::open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Incompatible { .. }), "{error:?}");
}

/// Scenario: 10,000 documents in bulks of 500, then again.
/// Guarantees: all are stored once. Prints how long it took.
#[tokio::test]
async fn ten_thousand_documents_are_stored_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let ids: Vec<String> = (0..10_000).map(|n| format!("01900000-0000-7000-8000-{n:012}")).collect();
    let documents: Vec<String> = (0..10_000)
        .map(|n| {
            format!(
                r#"{{"@timestamp":{},"message":"request {n} served in {} ms","log":{{"level":"info"}},
                "host":{{"name":"web-{}"}},"http":{{"request":{{"method":"GET"}},"response":{{"status_code":200}}}},
                "url":{{"original":"/items/{n}"}},"source":{{"ip":"10.0.0.{}"}}}}"#,
                1_795_262_400_000_i64 + n,
                n % 97,
                n % 7,
                n % 256
            )
            .replace('\n', "")
        })
        .collect();
    for (round, expected) in [(1, ItemOutcome::Indexed), (2, ItemOutcome::Duplicate)] {
        let start = Instant::now();
        for (ids, documents) in ids.chunks(500).zip(documents.chunks(500)) {
            let request = bulk(ids.iter().map(String::as_str).zip(documents.iter().map(String::as_str)));
            let answer = store.write(&request).await.unwrap();
            assert!(answer.outcomes.iter().all(|outcome| *outcome == expected));
        }
        println!("round {round}: 10,000 documents in {:?}", start.elapsed());
    }
    assert_eq!(store.count(), 10_000);
    let start = Instant::now();
    assert_eq!(documents_of(&store, "http.response.status_code:>=200 AND message:served").await.len(), 100);
    println!("a search that matches all in {:?}", start.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Guarantees: any document that is written is found by its id, byte for byte.
    #[test]
    fn any_document_is_found_by_its_id(
        id in r#"[a-zA-Z0-9 :"\\*?/(){}é-]{1,40}"#,
        keys in proptest::collection::vec(r"\PC{0,12}", 0..6),
        values in proptest::collection::vec(r"\PC{0,60}", 0..6),
    ) {
        let members: serde_json::Map<String, serde_json::Value> =
            keys.into_iter().zip(values).map(|(key, value)| (key, value.into())).filter(|(k, _)| k != "@timestamp").collect();
        let document = serde_json::Value::Object(members).to_string();
        let dir = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(dir.path()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = runtime.block_on(async {
            let answer = store.write(&bulk([(id.as_str(), document.as_str()), ("another", "{}")])).await.unwrap();
            assert_eq!(answer.outcomes[0], ItemOutcome::Indexed);
            let quoted = id.replace('\\', r"\\").replace('"', "\\\"");
            documents_of(&store, &format!("_id:\"{quoted}\"")).await
        });
        prop_assert_eq!(found, [document]);
    }
}
