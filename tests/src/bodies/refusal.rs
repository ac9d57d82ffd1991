//! What can't be processed: refused at the door, or dead-lettered with its neighbours unharmed.

use anyhow::{Context as _, Result};
use forebay_record::Stage;
use serde_json::json;

use crate::{Backend, Stack};

const NDJSON: &str = "application/x-ndjson";

/// Scenario: one line of three isn't JSON.
/// Guarantees: its neighbours are found; the answer names the line; with `?atomic=true` nothing is taken.
///
/// # Errors
/// When that doesn't hold.
pub async fn a_bad_line_harms_no_neighbour(backend: Backend) -> Result<()> {
    let stack = Stack::start(backend, |_| {}).await?;
    let body = "{\"n\":1}\n{\"n\":\n{\"n\":3}\n";
    let atomic = stack.send("?atomic=true", NDJSON, body).await?;
    assert_eq!(atomic.status, 400, "{}", atomic.body);
    let answer = stack.send("", NDJSON, body).await?;
    assert_eq!((answer.status, &answer.body["accepted"]), (200, &json!(2)), "{}", answer.body);
    assert_eq!(answer.body["errors"][0]["line"], 2, "{}", answer.body);
    let documents = stack.wait_for_documents(2).await?;
    assert_eq!(documents.len(), 2);
    stack.stop().await
}

/// Scenario: an event is declared to be in a format that it isn't in.
/// Guarantees: it is dead-lettered with stage, reason and its own bytes; the events around it are found.
///
/// # Errors
/// When that doesn't hold.
pub async fn what_does_not_parse_is_dead_lettered(backend: Backend) -> Result<()> {
    let stack = Stack::start(backend, |_| {}).await?;
    stack.send_ok("", "application/json", r#"{"message":"before"}"#).await?;
    stack.send_ok("?format=combined", "text/plain", "this is no access log").await?;
    stack.send_ok("", "application/json", r#"{"message":"after"}"#).await?;
    let letters = stack.wait_for_dead_letters(1).await?;
    let (letter, record) = letters.first().context("no letter")?;
    assert_eq!(letter.stage, Stage::Parse);
    assert_eq!(letter.source_topic, stack.settings.kafka.topics.raw);
    assert!(!letter.reason.is_empty());
    let event = forebay_record::RawEvent::read(&record.value)?;
    assert_eq!(event.body, b"this is no access log");
    assert_eq!(stack.wait_for_documents(2).await?.len(), 2);
    stack.stop().await
}

/// Scenario: broken UTF-8, NUL bytes, a scalar where the schema has an object, JSON nested 10,000 deep, an empty line, in
/// one request.
/// Guarantees: what is accepted is found or dead-lettered, what isn't is named in the answer; nothing is unaccounted for.
///
/// # Errors
/// When that doesn't hold.
pub async fn strange_input_is_accounted_for(backend: Backend) -> Result<()> {
    let stack = Stack::start(backend, |_| {}).await?;
    let mut body: Vec<u8> = Vec::new();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let lines: [&[u8]; 7] = [
        b"{\"message\":\"nul \\u0000 inside\"}",
        b"{\"message\":\"broken \xff\xfe utf-8\"}",
        b"{\"http\":\"yes\",\"host\":\"web-1\",\"user\":7,\"message\":{\"a\":1}}",
        deep.as_bytes(),
        b"{\"a\":1,\"a\":2,\"a.b\":3,\"\":4,\"_id\":\"x\"}",
        b"42",
        b"{\"message\":\"fine\"}",
    ];
    for line in lines {
        body.extend_from_slice(line);
        body.push(b'\n');
    }
    let answer = stack.send("", NDJSON, body).await?;
    let accepted = answer.body["accepted"].as_u64().context("accepted")?;
    let rejected = answer.body["rejected"].as_u64().context("rejected")?;
    assert_eq!(accepted + rejected, lines.len() as u64, "{}", answer.body);
    assert!(accepted >= 4, "{}", answer.body);
    let accepted = usize::try_from(accepted)?;
    let documents = stack.wait_for_documents(1).await?;
    assert!(!documents.is_empty());
    forebay_testkit::eventually("all are accounted for", crate::stack::PATIENCE, async || {
        let found = stack.documents().await.map_or(0, |documents| documents.len());
        let letters = stack.dead_letters().await.map_or(0, |letters| letters.len());
        found + letters == accepted
    })
    .await?;
    // None of this needs a dead letter: the parser makes it fit.
    assert_eq!(stack.dead_letters().await?.len(), 0, "{:?}", stack.dead_letters().await?.first());
    stack.stop().await
}
