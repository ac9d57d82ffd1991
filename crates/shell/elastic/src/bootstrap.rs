//! Bootstrap: puts the index templates, and the lifecycle policy where the cluster is to delete by itself, or says what it
//! would change.
//!
//! A template governs indices that are made after it; those that exist keep their mappings.

pub(crate) mod difference;

use elasticsearch::http::Method;
use forebay_bulk::{AnswerError, RequestFailure};
use forebay_settings::sections::SearchSettings;
use forebay_store::{Change, ChangeKind};
use serde_json::Value;

use crate::client::{Client, Request};
use crate::lifecycle;
use crate::server::Server;
use crate::template::{self, IndexTemplate};

pub(crate) async fn run(
    client: &Client,
    settings: &SearchSettings,
    dry_run: bool,
) -> Result<Vec<Change>, RequestFailure> {
    let server = Server::ask(client).await?;
    let mut changes = Vec::new();
    // Before the templates: indices are made at any time, and a name that leads nowhere manages nothing.
    changes.extend(lifecycle::put(client, settings, &server, dry_run).await?);
    for IndexTemplate { name, body: wanted } in template::index_templates(settings, &server) {
        let path = format!("/_index_template/{name}");
        let kind = match present(client, &path).await? {
            None => ChangeKind::Create,
            Some(present) => match difference::between(&present, &wanted) {
                differences if differences.is_empty() => ChangeKind::Unchanged,
                differences => ChangeKind::Update(differences),
            },
        };
        if !dry_run && kind != ChangeKind::Unchanged {
            let reply = client.send(Request::json(Method::Put, &path, &wanted)).await?;
            let _acknowledged = reply.success()?;
        }
        changes.push(Change { what: format!("index template `{name}`"), kind });
    }
    Ok(changes)
}

/// The template that the server has.
async fn present(client: &Client, path: &str) -> Result<Option<Value>, RequestFailure> {
    let reply = client.send(Request::get(path)).await?;
    if reply.status == 404 {
        return Ok(None);
    }
    let mut answer: Value = serde_json::from_slice(&reply.success()?)
        .map_err(|error| AnswerError::Malformed(error.to_string()))?;
    match answer.pointer_mut("/index_templates/0/index_template").map(Value::take) {
        Some(template) => Ok(Some(template)),
        None => Err(AnswerError::Malformed("it has no index template".to_owned()).into()),
    }
}
