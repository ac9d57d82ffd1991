//! The cluster's own lifecycle management: on a server that answers as the pages of ILM and ISM say, since the test
//! servers have neither; and on those, that its absence is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use forebay_elastic::ElasticStore;
use forebay_settings::Period;
use forebay_settings::sections::{RetentionBy, RetentionSettings, SearchSettings};
use forebay_store::{Change, ChangeKind, RequestFailure, Store};
use forebay_testkit::servers::shared;
use serde_json::{Value, json};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    /// What was put, by path.
    put: BTreeMap<String, Value>,
    /// Each request that changed something, with its query.
    written: Vec<String>,
}

async fn answer(
    State((root, kept)): State<(Value, Kept)>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> (StatusCode, String) {
    let path = uri.path().to_owned();
    if path == "/" {
        return (StatusCode::OK, root.to_string());
    }
    let mut kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
    if method == Method::PUT {
        kept.written.push(uri.to_string());
        let _before = kept.put.insert(path, serde_json::from_slice(&body).unwrap_or_default());
        return (StatusCode::OK, json!({"acknowledged": true}).to_string());
    }
    match kept.put.get(&path) {
        None => (StatusCode::NOT_FOUND, json!({"error": {"type": "not_found"}, "status": 404}).to_string()),
        Some(put) => (StatusCode::OK, as_told(&path, put).to_string()),
    }
}

/// What was put, with what the servers add.
fn as_told(path: &str, put: &Value) -> Value {
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut policy = put["policy"].clone();
    if path.starts_with("/_ilm/") {
        policy["phases"]["delete"]["actions"]["delete"]["delete_searchable_snapshot"] = json!(true);
        return json!({name: {"version": 3, "modified_date": "2026-11-22T00:00:00Z", "policy": policy,
            "in_use_by": {"indices": [], "data_streams": [], "composable_templates": [name]}}});
    }
    if path.starts_with("/_plugins/_ism/") {
        policy["states"][1]["actions"][0]["retry"] =
            json!({"count": 3, "backoff": "exponential", "delay": "1m"});
        policy["ism_template"][0]["last_updated_time"] = json!(1_795_255_200_000_i64);
        policy["schema_version"] = json!(21);
        return json!({"_id": name, "_version": 4, "_seq_no": 17, "_primary_term": 2, "policy": policy});
    }
    json!({"index_templates": [{"name": name, "index_template": put}]})
}

async fn cluster(version: Value) -> Result<(String, Kept)> {
    let kept = Kept::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = Router::new().fallback(answer).with_state((json!({"version": version}), kept.clone()));
    let _task = tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, kept))
}

fn settings(url: String, days: u64) -> SearchSettings {
    let retention = RetentionSettings {
        by: RetentionBy::Cluster,
        delete_after: Some(Period::from_secs(days * 86_400)),
        ..RetentionSettings::default()
    };
    SearchSettings { url, retention, ..SearchSettings::default() }
}

fn are(changes: &[Change], kind: &ChangeKind) -> bool {
    changes.len() == 4 && changes.iter().all(|change| change.kind == *kind)
}

/// Scenario: no policy, then ours, then settings that keep for longer; on each kind of cluster.
/// Guarantees: a dry run puts nothing; a run puts policy and templates; another finds nothing to do, whatever the cluster
/// has added; a new term is one difference, and OpenSearch is told which version it replaces.
#[tokio::test]
async fn a_policy_is_put_and_mended() -> Result<()> {
    for (version, path, query, field) in [
        (json!({"number": "9.5.3"}), "/_ilm/policy/forebay", "", "policy.phases.delete.min_age"),
        (
            json!({"number": "3.8.0", "distribution": "opensearch"}),
            "/_plugins/_ism/policies/forebay",
            "?if_seq_no=17&if_primary_term=2",
            "policy.states[0].transitions[0].conditions.min_index_age",
        ),
    ] {
        let (url, kept) = cluster(version).await?;
        let written = || kept.0.lock().unwrap_or_else(PoisonError::into_inner).written.clone();
        let store = ElasticStore::connect(&settings(url.clone(), 30))?;
        assert!(are(&store.bootstrap(true).await?, &ChangeKind::Create));
        assert_eq!(written(), [""; 0]);
        assert!(are(&store.bootstrap(false).await?, &ChangeKind::Create));
        assert_eq!((written().len(), &*written()[0]), (4, path), "the policy comes before what names it");
        assert!(are(&store.bootstrap(false).await?, &ChangeKind::Unchanged));
        assert_eq!(written().len(), 4);
        let changes = ElasticStore::connect(&settings(url, 60))?.bootstrap(false).await?;
        assert_eq!(
            changes[0].in_past_tense(),
            format!("lifecycle policy `forebay`: updated\n  ~ {field}: 745h -> 1465h")
        );
        assert_eq!(written()[4..], [format!("{path}{query}")]);
    }
    Ok(())
}

/// Scenario: real clusters without ILM and ISM are to delete by themselves.
/// Guarantees: nothing is put, and the message says what to do instead.
#[tokio::test]
async fn a_cluster_without_lifecycle_management_is_told_apart() -> Result<()> {
    for server in [shared::elasticsearch().await?, shared::opensearch().await?] {
        let settings = SearchSettings { index_prefix: "no_ilm".to_owned(), ..settings(server.url(), 30) };
        let store = ElasticStore::connect(&settings)?;
        for dry_run in [true, false] {
            let failure = store.bootstrap(dry_run).await;
            let Err(RequestFailure::Rejected { reason, .. }) = &failure else { panic!("{failure:?}") };
            assert!(reason.contains("forebay retention"), "{reason}");
        }
        let found = reqwest::get(format!("{}/_index_template/no_ilm", server.url())).await?;
        assert_eq!(found.status(), 404, "nothing was put");
    }
    Ok(())
}
