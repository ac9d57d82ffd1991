//! Which indices there are, and closing and deleting them.
//!
//! Indices are named one by one and never by a pattern, so that what is deleted is what was decided about. Neither server
//! deletes what stands behind an alias of that name: it refuses.

use elasticsearch::http::Method;
use forebay_bulk::{AnswerError, RequestFailure};
use forebay_store::{TargetInfo, Targets};
use serde::Deserialize;
use serde_json::Value;

use crate::client::{Client, Request};

/// What is asked of each index; sizes as plain numbers.
const COLUMNS: [(&str, &str); 4] =
    [("format", "json"), ("h", "index,status,docs.count,store.size"), ("bytes", "b"), ("s", "index")];

/// When each node says it is. Only where it may be asked: managed clusters may hide their nodes.
const CLOCKS: &str = "/_nodes/stats/jvm?filter_path=nodes.*.timestamp";

#[derive(Deserialize)]
struct Row {
    index: String,
    status: Option<String>,
    #[serde(rename = "docs.count")]
    documents: Option<String>,
    #[serde(rename = "store.size")]
    bytes: Option<String>,
}

/// All indices that begin with `prefix` and a dash, and the earliest of the nodes' clocks.
pub(crate) async fn list(client: &Client, prefix: &str) -> Result<Targets, RequestFailure> {
    let path = format!("/_cat/indices/{prefix}-*");
    let reply = client.send(Request { query: &COLUMNS, ..Request::get(&path) }).await?;
    let rows: Vec<Row> = serde_json::from_slice(&reply.success()?)
        .map_err(|error| AnswerError::Malformed(format!("of the indices: {error}")))?;
    Ok(Targets { now_ms: clock(client).await, targets: rows.into_iter().map(TargetInfo::from).collect() })
}

pub(crate) async fn close(client: &Client, target: &str) -> Result<(), RequestFailure> {
    let path = format!("/{target}/_close");
    let request = Request { method: Method::Post, ..Request::get(&path) };
    client.send(request).await?.success().map(drop)
}

pub(crate) async fn delete(client: &Client, target: &str) -> Result<(), RequestFailure> {
    let path = format!("/{target}");
    let reply = client.send(Request { method: Method::Delete, ..Request::get(&path) }).await?;
    match reply.status {
        // Somebody else was quicker, or an answer before this one was lost.
        404 => Ok(()),
        _ => reply.success().map(drop),
    }
}

async fn clock(client: &Client) -> Option<i64> {
    let reply = client.send(Request::get(CLOCKS)).await.ok()?.success().ok()?;
    earliest(&serde_json::from_slice(&reply).ok()?)
}

fn earliest(said: &Value) -> Option<i64> {
    let nodes = said.get("nodes")?.as_object()?.values();
    nodes.filter_map(|node| node.get("timestamp")?.as_i64()).min()
}

/// Numbers come as text, and are absent for a closed index or one without shards.
impl From<Row> for TargetInfo {
    fn from(row: Row) -> Self {
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
        Self {
            name: row.index,
            is_open: row.status.as_deref() != Some("close"),
            documents: number(row.documents),
            bytes: number(row.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_read_whatever_is_missing() {
        let rows: Vec<Row> = serde_json::from_value(json!([
            {"index": "a", "status": "open", "docs.count": "12", "store.size": "3400"},
            {"index": "b", "status": "close", "docs.count": null, "store.size": null},
            {"index": "c"},
        ]))
        .unwrap();
        let infos: Vec<_> = rows.into_iter().map(TargetInfo::from).collect();
        assert_eq!((infos[0].is_open, infos[0].documents, infos[0].bytes), (true, Some(12), Some(3400)));
        assert_eq!((infos[1].is_open, infos[1].documents, infos[1].bytes), (false, None, None));
        assert!(infos[2].is_open);
    }

    #[test]
    fn of_several_clocks_the_earliest_counts() {
        assert_eq!(
            earliest(&json!({"nodes": {"a": {"timestamp": 7}, "b": {"timestamp": 5}, "c": {}}})),
            Some(5)
        );
        assert_eq!(earliest(&json!({"nodes": {}})), None);
        assert_eq!(earliest(&json!([])), None);
    }
}
