//! Events arrive: in every shape and format, each once, with what stands in them.

use anyhow::Result;
use serde_json::{Value, json};

use crate::days::days_ago;
use crate::{Backend, Stack};

const NDJSON: &str = "application/x-ndjson";

/// Scenario: one JSON object, an array, NDJSON and plain lines are sent.
/// Guarantees: each event is found exactly once, with its own fields.
///
/// # Errors
/// When that doesn't hold.
pub async fn every_shape_of_body_arrives(backend: Backend) -> Result<()> {
    let stack = Stack::start(backend, |_| {}).await?;
    stack.send_ok("", "application/json", r#"{"message":"one object"}"#).await?;
    stack
        .send_ok("", "application/json", r#"[{"message":"first of an array"},{"message":"second"}]"#)
        .await?;
    stack.send_ok("", NDJSON, "{\"message\":\"line one\"}\n{\"message\":\"line two\"}\n").await?;
    stack.send_ok("", "text/plain", "plain one\nplain two\n").await?;
    let documents = stack.wait_for_documents(7).await?;
    let mut messages: Vec<String> = Vec::new();
    for hit in documents.values() {
        messages.push(field(hit.document.get(), "/message")?.as_str().unwrap_or_default().to_owned());
    }
    messages.sort();
    assert_eq!(
        messages,
        ["first of an array", "line one", "line two", "one object", "plain one", "plain two", "second"]
    );
    assert!(stack.dead_letters().await?.is_empty());
    stack.stop().await
}

/// Scenario: lines of every format that the parser knows, found out by itself.
/// Guarantees: each becomes a document with the fields of the common schema and its own time.
///
/// # Errors
/// When that doesn't hold.
pub async fn every_format_is_understood(backend: Backend) -> Result<()> {
    let stack = Stack::start(backend, |_| {}).await?;
    let day = days_ago(1);
    let stamp = format!("{day}T10:00:00.250Z");
    let lines = [
        format!(r#"{{"timestamp":"{stamp}","level":"warn","service":"checkout","message":"slow"}}"#),
        format!("<34>1 {stamp} web-1 su 77 ID47 - 'su root' failed"),
        format!(
            r#"203.0.113.9 - bob [{}:10:00:00 +0000] "GET /cart?x=1 HTTP/1.1" 404 12 "-" "curl/8.5.0""#,
            day.strftime("%d/%b/%Y")
        ),
    ];
    for line in &lines {
        // A stream each, as three shippers would have.
        stack.send_ok("", "text/plain", line.clone()).await?;
    }
    let documents = stack.wait_for_documents(3).await?;
    let found: Vec<Value> =
        documents.values().map(|hit| serde_json::from_str(hit.document.get())).collect::<Result<_, _>>()?;
    let having = |pointer: &str, value: Value| {
        let count = found.iter().filter(|document| document.pointer(pointer) == Some(&value)).count();
        assert_eq!(count, 1, "{pointer} = {value} in {found:#?}");
    };
    having("/service/name", json!("checkout"));
    having("/log/level", json!("warn"));
    having("/host/name", json!("web-1"));
    having("/process/name", json!("su"));
    having("/http/response/status_code", json!(404));
    having("/source/ip", json!("203.0.113.9"));
    having("/user_agent/original", json!("curl/8.5.0"));
    let index_of_its_day = day.strftime("-default-%Y.%m.%d").to_string();
    for hit in documents.values() {
        assert!(hit.target.ends_with(&index_of_its_day), "{}", hit.target);
    }
    stack.stop().await
}

/// Scenario: several thousand events in many requests.
/// Guarantees: each acknowledged event is found exactly once; there are no dead letters.
///
/// # Errors
/// When that doesn't hold.
pub async fn many_events_arrive_once(backend: Backend) -> Result<()> {
    let stack = Stack::start(backend, |_| {}).await?;
    let (requests, lines) = (10, 500);
    for request in 0..requests {
        let body: String = (0..lines).map(|n| format!("{{\"n\":{n},\"request\":{request}}}\n")).collect();
        stack.send_ok("", NDJSON, body).await?;
    }
    let documents = stack.wait_for_documents(requests * lines).await?;
    assert_eq!(documents.len(), requests * lines);
    assert!(stack.dead_letters().await?.is_empty());
    stack.stop().await
}

fn field(document: &str, pointer: &str) -> Result<Value> {
    let document: Value = serde_json::from_str(document)?;
    Ok(document.pointer(pointer).cloned().unwrap_or(Value::Null))
}
