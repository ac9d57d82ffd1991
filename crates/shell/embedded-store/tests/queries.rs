//! Every construct of the query syntax against one small set of documents.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a panic is the report")]

use forebay_bulk::{BulkBuilder, BulkRequest};
use forebay_embedded_store::EmbeddedStore;
use forebay_store::{Order, SearchError, SearchRequest, Store as _};

const TARGET: &str = "forebay-acme-2026.11.21";

/// (id, document); times rise with the id.
const DOCUMENTS: &[(&str, &str)] = &[
    (
        "1",
        r#"{"@timestamp":"2026-11-21T10:00:00Z","message":"Connection timeout to db-1","log":{"level":"error"},
           "host":{"name":"web-1"},"http":{"response":{"status_code":504}},"source":{"ip":"10.0.0.7"}}"#,
    ),
    (
        "2",
        r#"{"@timestamp":"2026-11-21T10:00:01Z","message":"GET /index.html took 12.5 ms","log":{"level":"info"},
           "host.name":"web-2","http":{"response":{"status_code":200}},"source":{"ip":"10.0.1.7"},"took":12.5}"#,
    ),
    (
        "3",
        r#"{"@timestamp":"2026-11-22T10:00:02.500+01:00","message":"timeout while reading","log":{"level":"ERROR"},
           "host":{"name":"db-1"},"tags":["slow","db"],"source":{"ip":"fe80::1"}}"#,
    ),
    (
        "4",
        r#"{"@timestamp":1795341604000,"message":"a * b: done","labels":{"url":"/var/log?x=1","flag":true},
           "took":-3,"host":{"name":"Web-1"},"error":{"stack_trace":"at main.rs:10 panic"}}"#,
    ),
];

async fn store(dir: &tempfile::TempDir) -> EmbeddedStore {
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let mut builder = BulkBuilder::default();
    for (n, (id, document)) in DOCUMENTS.iter().enumerate() {
        let compact: serde_json::Value = serde_json::from_str(document).unwrap();
        builder.push(TARGET, id, compact.to_string().as_bytes(), u32::try_from(n).unwrap()).unwrap();
    }
    let request: BulkRequest = builder.finish();
    assert!(store.write(&request).await.unwrap().outcomes.iter().all(forebay_store::ItemOutcome::is_done));
    store
}

async fn found(store: &EmbeddedStore, query: &str) -> String {
    let request = SearchRequest {
        query: query.to_owned(),
        limit: 10,
        order: Order::OldestFirst,
        ..SearchRequest::default()
    };
    let page = store.search(&request).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    assert_eq!(page.total, page.hits.len() as u64, "{query}");
    page.hits.iter().map(|hit| hit.id.as_str()).collect()
}

/// Scenario: each construct, with what it has to find.
/// Guarantees: the syntax means what it means in Elasticsearch, as far as the crate's documentation says so.
#[tokio::test]
async fn every_construct_finds_what_it_should() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    for (query, ids) in [
        // all
        ("", "1234"),
        ("*", "1234"),
        ("*:*", "1234"),
        ("*:slow", "3"),
        // words in text, whatever their case
        ("timeout", "13"),
        ("message:TIMEOUT", "13"),
        ("message:time", ""),
        ("panic", "4"),
        ("error.stack_trace:panic", "4"),
        // words of keywords and numbers
        ("slow", "3"),
        ("504", "1"),
        // keywords are exact
        ("host.name:web-1", "1"),
        ("host.name:Web-1", "4"),
        ("host.name:web", ""),
        ("log.level:error", "1"),
        ("log.level:(error ERROR)", "13"),
        ("tags:db", "3"),
        ("labels.flag:true", "4"),
        // phrases
        (r#"message:"timeout to""#, "1"),
        (r#"message:"to timeout""#, ""),
        (r#"message:"connection to"~1"#, "1"),
        (r#""while reading""#, "3"),
        (r#"host.name:"web-1""#, "1"),
        // operators
        ("timeout AND log.level:error", "1"),
        ("timeout && !log.level:error", "3"),
        ("timeout -host.name:db-1", "1"),
        ("NOT timeout", "24"),
        ("+timeout +reading", "3"),
        ("(timeout OR took) AND NOT log.level:ERROR", "12"),
        ("took:12.5 OR took:-3", "24"),
        // numbers compare as numbers
        ("http.response.status_code:504", "1"),
        ("http.response.status_code:>=500", "1"),
        ("http.response.status_code:[200 TO 504}", "2"),
        ("http.response.status_code:[200 TO 504]", "12"),
        ("http.response.status_code:(>=200 AND <300)", "2"),
        ("took:<0", "4"),
        ("took:[* TO 12.5]", "24"),
        ("took:12.50", "2"),
        // text in ranges
        ("host.name:[db TO web-1]", "13"),
        ("host.name:{web-1 TO *}", "2"),
        // wildcards
        ("host.name:web-*", "12"),
        ("host.name:?eb-1", "14"),
        ("message:time*", "13"),
        ("message:TIME?UT", "13"),
        ("conn*ion", "1"),
        // existence
        ("took:*", "24"),
        ("_exists_:took", "24"),
        ("http.response:*", "12"),
        ("NOT _exists_:tags", "124"),
        ("message:*", "1234"),
        ("took:[* TO *]", "24"),
        // regular expressions
        ("host.name:/(web|db)-[0-9]/", "123"),
        ("message:/time.*/", "13"),
        // escapes and quotes
        (r"labels.url:\/var\/log\?x=1", "4"),
        (r#"labels.url:"/var/log?x=1""#, "4"),
        (r"labels.url:*log\?*", "4"),
        // addresses
        ("source.ip:10.0.0.7", "1"),
        (r#"source.ip:"10.0.0.0/16""#, "12"),
        (r#"source.ip:"fe80:0::1""#, "3"),
        ("source.ip:[10.0.0.0 TO 10.0.0.255]", "1"),
        ("source.ip:10.0.*", "12"),
        // times
        ("@timestamp:2026-11-21", "12"),
        ("@timestamp:[2026-11-21 TO 2026-11-22]", "1234"),
        ("@timestamp:[2026-11-21 TO 2026-11-22}", "12"),
        ("@timestamp:>2026-11-21", "34"),
        (r#"@timestamp:"2026-11-22T09:00:02.500Z""#, "3"),
        ("@timestamp:<now-100000d", ""),
        ("@timestamp:*", "1234"),
        // its place
        ("_id:3", "3"),
        ("_index:forebay-acme-*", "1234"),
        // punctuation alone neither finds nor excludes
        ("message:!? timeout", "13"),
        // boosts change nothing
        ("timeout^2 slow^0.5", "13"),
    ] {
        assert_eq!(found(&store, query).await, ids, "{query}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    for (query, part) in [
        ("message:[a TO b]", "not text"),
        ("[a TO b]", "needs a field"),
        ("@timestamp:soon", "no time"),
        ("@timestamp:2026-*", "no wildcards"),
        ("@timestamp:[now/d TO *]", "rounding"),
        ("timeout~2", "fuzzy"),
        ("http.*:200", "wildcards in a field"),
        ("f:/(/", "pattern"),
        ("(a", "missing"),
    ] {
        let request = SearchRequest { query: query.to_owned(), limit: 1, ..SearchRequest::default() };
        match store.search(&request).await {
            Err(SearchError::Query(reason)) => assert!(reason.contains(part), "{query}: {reason}"),
            other => panic!("{query}: {other:?}"),
        }
    }
}

/// Scenario: pages of one hit each, in both orders, with more documents written in between.
/// Guarantees: no hit is skipped or repeated, and following from the last cursor finds what is new.
#[tokio::test]
async fn paging_neither_skips_nor_repeats() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    for (order, expected) in [(Order::OldestFirst, "1234"), (Order::NewestFirst, "4321")] {
        let mut request = SearchRequest { limit: 1, order, ..SearchRequest::default() };
        let mut ids = String::new();
        loop {
            let page = store.search(&request).await.unwrap();
            assert_eq!(page.total, 4);
            assert!(page.next.is_some());
            request.after = page.next;
            let Some(hit) = page.hits.first() else { break };
            ids.push_str(&hit.id);
        }
        assert_eq!(ids, expected);
        if order == Order::NewestFirst {
            continue;
        }
        let mut builder = BulkBuilder::default();
        builder.push(TARGET, "same-time", br#"{"@timestamp":1795341604000}"#, 0).unwrap();
        let _answer = store.write(&builder.finish()).await.unwrap();
        let page = store.search(&request).await.unwrap();
        assert_eq!(page.hits.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(), ["same-time"]);
        return;
    }
}

#[tokio::test]
async fn tenant_and_time_narrow_the_search() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    let mut builder = BulkBuilder::default();
    builder.push("forebay-acme-eu-2026.11.21", "5", br#"{"@timestamp":"2026-11-21T10:00:00Z"}"#, 0).unwrap();
    let _answer = store.write(&builder.finish()).await.unwrap();
    let ask = async |tenant: Option<&str>, since: Option<i64>, until: Option<i64>| {
        let request = SearchRequest {
            tenant: tenant.map(str::to_owned),
            since_ms: since,
            until_ms: until,
            limit: 10,
            ..SearchRequest::default()
        };
        store.search(&request).await.unwrap().total
    };
    assert_eq!(ask(None, None, None).await, 5);
    assert_eq!(ask(Some("acme"), None, None).await, 4);
    assert_eq!(ask(Some("acme-eu"), None, None).await, 1);
    let ten = 1_795_255_200_000;
    assert_eq!(ask(Some("acme"), Some(ten), Some(ten + 1000)).await, 1);
}
