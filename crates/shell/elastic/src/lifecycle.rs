//! What the cluster's own lifecycle management is told: one policy that deletes indices by their age.
//!
//! Elasticsearch has ILM, OpenSearch has ISM. Both count an index's age from when it was made, which is never before its
//! day or hour begins (events may be [`MARGIN`] ahead of it, at most); so its own length and the margin are added, and no
//! event goes earlier than promised. An index that late events have made is kept longer.
//!
//! ILM finds its policy by a setting of the index, which the templates put into new ones. ISM's policy names the pattern of
//! new indices itself. Indices that are there already are neither's until an operator gives them to it.
//!
//! Sources: <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ilm-put-lifecycle>,
//! <https://docs.opensearch.org/latest/im-plugin/ism/api/>, <https://docs.opensearch.org/latest/im-plugin/ism/policies/>.
//! The test servers have neither; what is sent and read is tested on answers written by those pages.

use std::time::Duration;

use elasticsearch::http::Method;
use forebay_bulk::{AnswerError, RequestFailure};
use forebay_retention::MARGIN;
use forebay_settings::sections::{RetentionBy, SearchSettings};
use forebay_store::{Change, ChangeKind};
use serde_json::{Value, json};

use crate::bootstrap::difference;
use crate::client::{Client, Request};
use crate::server::{Distribution, Server};

/// The setting by which ILM finds an index's policy.
const ILM_SETTING: &str = "index.lifecycle.name";

/// Above ISM's default of 0, so that a policy for every index doesn't win.
const ISM_PRIORITY: u32 = 100;

/// What a template's indices have to say of their policy.
pub(crate) fn index_setting(settings: &SearchSettings, server: &Server) -> Option<(&'static str, Value)> {
    let _by_cluster = age(settings)?;
    match server.distribution {
        Distribution::Elasticsearch => Some((ILM_SETTING, json!(settings.index_prefix))),
        Distribution::OpenSearch => None,
    }
}

/// Puts the policy, where the cluster is to delete by itself.
pub(crate) async fn put(
    client: &Client,
    settings: &SearchSettings,
    server: &Server,
    dry_run: bool,
) -> Result<Option<Change>, RequestFailure> {
    let Some(age) = age(settings) else { return Ok(None) };
    let prefix = &settings.index_prefix;
    let (path, wanted) = match server.distribution {
        Distribution::Elasticsearch => (format!("/_ilm/policy/{prefix}"), ilm(age)),
        Distribution::OpenSearch => (format!("/_plugins/_ism/policies/{prefix}"), ism(prefix, age)),
    };
    let present = present(client, server, prefix, &path).await?;
    let kind = match &present {
        None => ChangeKind::Create,
        Some(present) => match difference::lacking(&present.policy, &wanted) {
            differences if differences.is_empty() => ChangeKind::Unchanged,
            differences => ChangeKind::Update(differences),
        },
    };
    if !dry_run && kind != ChangeKind::Unchanged {
        let versions = present.map(|present| present.versions).unwrap_or_default();
        let query: Vec<(&str, &str)> = versions.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let request = Request { query: &query, ..Request::json(Method::Put, &path, &wanted) };
        let _acknowledged = client.send(request).await?.success()?;
    }
    Ok(Some(Change { what: format!("lifecycle policy `{prefix}`"), kind }))
}

/// A policy that is there.
struct Present {
    policy: Value,
    /// What OpenSearch wants to know of the policy that is replaced, so that nobody else's change is lost.
    versions: Vec<(&'static str, String)>,
}

async fn present(
    client: &Client,
    server: &Server,
    name: &str,
    path: &str,
) -> Result<Option<Present>, RequestFailure> {
    let reply = client.send(Request::get(path)).await?;
    match reply.status {
        404 => return Ok(None),
        // There is no such path at all: 400 with "no handler found", on both.
        400 | 405 => return Err(absent(server)),
        _ => {}
    }
    let answer: Value = serde_json::from_slice(&reply.success()?)
        .map_err(|error| AnswerError::Malformed(error.to_string()))?;
    let found = match server.distribution {
        Distribution::Elasticsearch => answer.get(name).and_then(|found| found.get("policy")),
        Distribution::OpenSearch => answer.get("policy"),
    };
    let Some(policy) = found else {
        return Err(AnswerError::Malformed("it has no lifecycle policy".to_owned()).into());
    };
    let version = |query, member| answer.get(member).map(|number: &Value| (query, number.to_string()));
    let versions = [version("if_seq_no", "_seq_no"), version("if_primary_term", "_primary_term")];
    Ok(Some(Present {
        policy: json!({"policy": policy}),
        versions: versions.into_iter().flatten().collect(),
    }))
}

fn absent(server: &Server) -> RequestFailure {
    RequestFailure::Rejected {
        status: 400,
        error_type: "no_lifecycle_management".to_owned(),
        reason: format!(
            "{} {} has no lifecycle management: set search.retention.by to `forebay`, and run `forebay retention` from \
             time to time",
            server.distribution.name(),
            server.version
        ),
    }
}

/// How old an index is when it is deleted, counted from when it was made. `None` where that isn't the cluster's to do.
fn age(settings: &SearchSettings) -> Option<Duration> {
    let kept = settings.retention.delete_after.filter(|_| settings.retention.by == RetentionBy::Cluster)?.0;
    let length = Duration::from_millis(settings.target_period.span().ms().unsigned_abs());
    Some(kept.saturating_add(length).saturating_add(MARGIN))
}

/// As both servers read it, rounded up to whole hours.
fn hours(age: Duration) -> String {
    format!("{}h", age.as_secs().div_ceil(3_600))
}

fn ilm(age: Duration) -> Value {
    json!({"policy": {
        "_meta": {"managed_by": "forebay"},
        "phases": {
            "hot": {"min_age": "0ms", "actions": {}},
            "delete": {"min_age": hours(age), "actions": {"delete": {}}},
        },
    }})
}

fn ism(prefix: &str, age: Duration) -> Value {
    json!({"policy": {
        "description": "Deletes indices of Forebay by their age.",
        "default_state": "kept",
        "states": [
            {
                "name": "kept",
                "actions": [],
                "transitions": [{"state_name": "deleted", "conditions": {"min_index_age": hours(age)}}],
            },
            {"name": "deleted", "actions": [{"delete": {}}], "transitions": []},
        ],
        "ism_template": [{"index_patterns": [format!("{prefix}-*")], "priority": ISM_PRIORITY}],
    }})
}

#[cfg(test)]
mod tests;
