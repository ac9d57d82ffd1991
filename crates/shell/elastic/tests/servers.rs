//! What only real servers can show: mappings, limits, blocks, and what they do to connections.

use anyhow::{Context, Result};
use forebay_bulk::{BulkBuilder, BulkRequest};
use forebay_elastic::ElasticStore;
use forebay_settings::sections::SearchSettings;
use forebay_store::{Change, ChangeKind, ItemOutcome, RequestFailure, SearchRequest, Store};
use forebay_testkit::eventually;
use forebay_testkit::servers::{Builder, Server, shared};
use jiff::Timestamp;
use serde_json::json;

fn settings(server: &Server, prefix: &str) -> SearchSettings {
    SearchSettings {
        url: server.url(),
        index_prefix: prefix.to_owned(),
        replicas: 0,
        ..SearchSettings::default()
    }
}

fn request(target: &str, documents: &[&str]) -> Result<BulkRequest> {
    let mut builder = BulkBuilder::new();
    for (tag, document) in (0..).zip(documents) {
        builder.push(target, &format!("id-{tag}"), document.as_bytes(), tag)?;
    }
    Ok(builder.finish())
}

async fn both() -> Result<[&'static Server; 2]> {
    Ok([shared::elasticsearch().await?, shared::opensearch().await?])
}

/// Scenario: documents as the parser writes them, and some that contradict the schema, in an index of the template.
/// Guarantees: odd but harmless ones are indexed; a contradiction is refused with the field's name; long strings, numbers
/// in keyword fields and any object below `unmapped` are no contradiction.
#[tokio::test]
async fn the_template_takes_what_it_should() -> Result<()> {
    let long = format!(r#"{{"user":{{"name":"{}"}},"free":"{0}"}}"#, "x".repeat(40_000));
    let words = format!(r#"{{"message":"{}"}}"#, "many words ".repeat(100_000));
    let documents: [(&str, bool); 15] = [
        (
            r#"{"@timestamp":"2026-11-21T10:00:00.000Z","message":"hello","tags":["a","b"],"labels":{"a":"x"}}"#,
            true,
        ),
        (r#"{"labels":{"a":1,"b":true,"c":1.5}}"#, true),
        (r#"{"labels":{"b":"was a boolean"},"user":{"id":17},"http":{"version":1.1}}"#, true),
        (r#"{"unmapped":{"deep":{"a":[1,{"b":null}]},"n":1}}"#, true),
        (r#"{"unmapped":{"deep":"a scalar now","n":{"o":1}}}"#, true),
        (r#"{"log":{"syslog":{"structured_data":{"ex@1":{"k":"v"}},"priority":34}}}"#, true),
        (
            r#"{"http":{"response":{"status_code":200,"body":{"bytes":"12"}}},"source":{"ip":"10.0.0.1"}}"#,
            true,
        ),
        (r#"{"a_date":"2026-11-21"}"#, true),
        (r#"{"a_date":"not a date"}"#, true),
        (
            r#"{"error":{"stack_trace":"at a\n at b"},"event":{"original":"line","created":"2026-11-21T10:00:00Z"}}"#,
            true,
        ),
        (&long, true),
        (&words, true),
        (r#"{"http":{"response":{"status_code":"many"}}}"#, false),
        (r#"{"source":{"ip":"web-1"}}"#, false),
        (r#"{"message":{"text":"an object"}}"#, false),
    ];
    for server in both().await? {
        let store = ElasticStore::connect(&settings(server, "template"))?;
        let _changes = store.bootstrap(false).await?;
        let texts: Vec<&str> = documents.iter().map(|(text, _)| *text).collect();
        let outcomes = store.write(&request("template-acme-2026.11.21", &texts)?).await?.outcomes;
        for (outcome, (document, taken)) in outcomes.iter().zip(&documents) {
            let shown = &document[..document.len().min(80)];
            assert_eq!(*outcome == ItemOutcome::Indexed, *taken, "{:?}: {shown}: {outcome:?}", server.kind());
        }
        let reason = &outcomes[12].error().context("refused")?.reason;
        assert!(reason.contains("http.response.status_code"), "{reason}");
        for query in ["unmapped.deep.a:1", "labels.b:true", "message:hello", "scalar"] {
            let request = SearchRequest { query: query.to_owned(), limit: 5, ..SearchRequest::default() };
            let page = store.search(&request).await;
            assert!(page.is_ok(), "{:?}: {query}: {page:?}", server.kind());
        }
    }
    Ok(())
}

/// Scenario: a template that somebody has changed by hand, and settings that changed.
/// Guarantees: a dry run names the fields and leaves them; a run puts them right; another has nothing to do.
#[tokio::test]
async fn a_bootstrap_mends_what_differs() -> Result<()> {
    for server in both().await? {
        let before = ElasticStore::connect(&settings(server, "mends"))?;
        let all_are = |changes: &[Change], kind: &ChangeKind| {
            changes.len() == 3 && changes.iter().all(|change| change.kind == *kind)
        };
        assert!(all_are(&before.bootstrap(true).await?, &ChangeKind::Create));
        assert!(all_are(&before.bootstrap(false).await?, &ChangeKind::Create));
        assert!(all_are(&before.bootstrap(false).await?, &ChangeKind::Unchanged));
        let after = ElasticStore::connect(&SearchSettings { shards: 3, ..settings(server, "mends") })?;
        for dry_run in [true, true, false] {
            let changes = after.bootstrap(dry_run).await?;
            for (change, name) in changes.iter().zip(["mends", "mends.otel", "mends.raw"]) {
                assert_eq!(
                    change.to_string(),
                    format!(
                        "index template `{name}`: update\n  ~ template.settings.index.number_of_shards: 1 -> 3"
                    )
                );
            }
        }
        assert!(all_are(&after.bootstrap(true).await?, &ChangeKind::Unchanged));
    }
    Ok(())
}

async fn refuses_what_is_too_much(server: Builder, per_item: bool) -> Result<()> {
    let small =
        server.setting("http.max_content_length", "200kb").setting("indexing_pressure.memory.limit", "60kb");
    let server = small.start().await?;
    let store = ElasticStore::connect(&settings(&server, "limits"))?;
    let document = format!(r#"{{"message":"{}"}}"#, "x".repeat(1_000));
    let several = |count| request("limits-acme-2026.11.21", &vec![document.as_str(); count]);
    assert_eq!(store.write(&several(1)?).await?.outcomes, [ItemOutcome::Indexed]);
    // A body far above the limit is refused before it is read to its end, which must not look like a broken connection;
    // whether the answer gets through before the end does differs from one time to the next.
    for count in [250].into_iter().chain([20_000; 20]) {
        let failure = store.write(&several(count)?).await;
        assert!(matches!(failure, Err(RequestFailure::TooLarge)), "{count}: {failure:?}");
    }
    let failure = store.write(&several(100)?).await;
    assert!(matches!(failure, Err(RequestFailure::Busy { status: 429, .. })), "{failure:?}");
    if per_item {
        let outcomes = store.write(&several(40)?).await?.outcomes;
        assert!(matches!(outcomes[39], ItemOutcome::Retry(_)), "{:?}", outcomes[39]);
    }
    assert_eq!(store.write(&several(1)?).await?.outcomes, [ItemOutcome::Duplicate]);
    Ok(())
}

/// Scenario: a server with tight limits gets bodies beyond each of them.
/// Guarantees: too large is to be split, too busy is to be sent again, as a whole or item by item.
#[tokio::test]
async fn elasticsearch_refuses_what_is_too_much() -> Result<()> {
    let server = Server::elasticsearch().setting("indexing_pressure.memory.primary.limit", "20kb");
    refuses_what_is_too_much(server, true).await
}

/// The same on OpenSearch.
#[tokio::test]
async fn opensearch_refuses_what_is_too_much() -> Result<()> {
    refuses_what_is_too_much(Server::opensearch(), false).await
}

/// Scenario: the server is killed under open connections, and started again on its port.
/// Guarantees: failures while it is gone; the same store then finds it again, and what it had answered is there.
#[tokio::test]
async fn a_killed_server_is_found_again() -> Result<()> {
    let mut server = Server::elasticsearch().start().await?;
    let store = ElasticStore::connect(&settings(&server, "killed"))?;
    let written = request("killed-acme-2026.11.21", &[r#"{"n":1}"#, r#"{"n":2}"#])?;
    assert_eq!(store.write(&written).await?.outcomes, [ItemOutcome::Indexed, ItemOutcome::Indexed]);
    server.kill().await?;
    let failure = store.write(&written).await;
    assert!(matches!(failure, Err(RequestFailure::Unreachable { .. })), "{failure:?}");
    server.restart().await?;
    let mut outcomes = Vec::new();
    // The shard is recovering for a moment after the node answers.
    eventually("the shard", std::time::Duration::from_secs(120), async || {
        match store.write(&written).await {
            Ok(answer) => {
                outcomes = answer.outcomes;
                outcomes.iter().all(ItemOutcome::is_done)
            }
            Err(_) => false,
        }
    })
    .await?;
    assert_eq!(outcomes, [ItemOutcome::Duplicate, ItemOutcome::Duplicate]);
    Ok(())
}

/// Scenario: targets, one of them closed, beside an index that isn't ours, an alias called like a target, and an index whose
/// name goes on.
/// Guarantees: all are listed as they are, with the cluster's time; only the one that is named is closed or deleted, and an
/// alias leads to no other index.
#[tokio::test]
async fn targets_are_closed_and_deleted_one_by_one() -> Result<()> {
    let names = ["kept-acme-2026.11.20", "kept-acme-2026.11.21", "kept-acme-2026.11.21-copy", "kept-other"];
    for server in both().await? {
        let store = ElasticStore::connect(&settings(server, "kept"))?;
        for name in names {
            let _written = store.write(&request(name, &[r#"{"n":1}"#])?).await?;
        }
        let alias = json!({"actions": [{"add": {"index": "kept-other", "alias": "kept-acme-2026.11.19"}}]});
        let client = reqwest::Client::new();
        let reply = client.post(format!("{}/_aliases", server.url())).json(&alias).send().await?;
        assert!(reply.status().is_success());

        let before = Timestamp::now().as_millisecond();
        let listed = store.targets().await?;
        let apart = listed.now_ms.map(|theirs| theirs.abs_diff(before));
        assert!(apart.is_some_and(|apart| apart < 60_000), "{:?}: {apart:?}", server.kind());
        assert_eq!(listed.targets.iter().map(|target| &*target.name).collect::<Vec<_>>(), names);
        assert!(listed.targets.iter().all(|target| target.is_open && target.bytes.is_some()));

        for _ in 0..2 {
            store.close(names[0]).await?;
        }
        let open: Vec<bool> = store.targets().await?.targets.iter().map(|target| target.is_open).collect();
        assert_eq!(open, [false, true, true, true], "{:?}", server.kind());

        assert!(store.delete("kept-acme-2026.11.19").await.is_err(), "an alias");
        for _ in 0..2 {
            store.delete(names[0]).await?;
            store.delete(names[1]).await?;
        }
        let left: Vec<String> =
            store.targets().await?.targets.into_iter().map(|target| target.name).collect();
        assert_eq!(left, names[2..]);
    }
    Ok(())
}
