//! An event's id is fixed where it enters: sending again adds nothing.

use anyhow::Result;

use crate::days::days_ago;
use crate::stack::Answer;
use crate::{Backend, Stack};

/// Scenario: a client never saw the answer and sends the same request again, with the same `Idempotency-Key`.
/// Guarantees: every event is found exactly once.
///
/// # Errors
/// When that doesn't hold.
pub async fn a_request_sent_again_adds_nothing(backend: Backend) -> Result<()> {
    let stack = Stack::start(backend, |_| {}).await?;
    let day = days_ago(1);
    let body: String =
        (0..200).map(|n| format!("{{\"@timestamp\":\"{day}T10:00:00Z\",\"n\":{n}}}\n")).collect();
    for _time in 0..3 {
        let request = stack.post("")?.header("content-type", "application/x-ndjson");
        let answer = Answer::of(request.header("idempotency-key", "batch-1").body(body.clone())).await?;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    // What is sent last is found last: when it is there, so is all that went before it in its stream's partition.
    stack.send_ok("", "application/json", r#"{"message":"last"}"#).await?;
    let documents = stack.wait_for_documents(201).await?;
    assert_eq!(documents.len(), 201);
    assert!(documents.contains_key("batch-1-0") && documents.contains_key("batch-1-199"));
    stack.stop().await
}
