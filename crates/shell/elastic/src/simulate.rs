//! What the cluster would say to documents, by Elasticsearch's simulate ingest API.
//!
//! `POST /_ingest/_simulate` runs a document through the pipelines of its index and checks it against the index's mapping, or
//! that of the template if there is no such index yet; nothing is written. It checks mappings from Elasticsearch 8.16 on.
//! OpenSearch has nothing like it.
//! <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-simulate-ingest>

use elasticsearch::http::Method;
use forebay_bulk::{AnswerError, RequestFailure};
use forebay_store::{Candidate, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::client::{Client, Request};
use crate::server::{Distribution, Server};

/// The first version that checks mappings.
const SINCE: (u32, u32) = (8, 16);

/// What is wanted of the answer: without it, each document comes with the whole mapping.
const FILTER: &str = "docs.doc._id,docs.doc.error.type,docs.doc.error.reason";

#[derive(Serialize)]
struct Question<'a> {
    docs: Vec<Doc<'a>>,
}

#[derive(Serialize)]
struct Doc<'a> {
    #[serde(rename = "_index")]
    index: &'a str,
    #[serde(rename = "_id")]
    id: &'a str,
    #[serde(rename = "_source")]
    source: &'a RawValue,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    docs: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    doc: Simulated,
}

#[derive(Deserialize)]
struct Simulated {
    error: Option<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default, rename = "type")]
    error_type: String,
    #[serde(default)]
    reason: String,
}

/// Asks about each document; `None` where the cluster can't tell.
pub(crate) async fn would_take(
    client: &Client,
    documents: &[Candidate<'_>],
) -> Result<Option<Vec<Verdict>>, RequestFailure> {
    let server = Server::ask(client).await?;
    if server.distribution != Distribution::Elasticsearch || !server.is_at_least(SINCE.0, SINCE.1) {
        return Ok(None);
    }
    if documents.is_empty() {
        return Ok(Some(Vec::new()));
    }
    // What is no JSON object is refused here: one of those would fail the whole request.
    let sources: Vec<Option<&RawValue>> =
        documents.iter().map(|candidate| object(candidate.document)).collect();
    let docs = documents.iter().zip(&sources).filter_map(|(candidate, source)| {
        source.map(|source| Doc { index: candidate.target, id: candidate.id, source })
    });
    let question = Question { docs: docs.collect() };
    let outcomes = if question.docs.is_empty() { Vec::new() } else { ask(client, &question).await? };
    let mut outcomes = outcomes.into_iter();
    let verdicts = sources.iter().map(|source| match source {
        Some(_) => outcomes.next().map(Verdict::from),
        None => Some(Verdict::Refuses {
            error_type: "document_parsing_exception".to_owned(),
            reason: "the document is no JSON object".to_owned(),
        }),
    });
    let verdicts: Option<Vec<Verdict>> = verdicts.collect();
    verdicts.map(Some).ok_or_else(|| malformed("fewer outcomes than documents"))
}

async fn ask(client: &Client, question: &Question<'_>) -> Result<Vec<Outcome>, RequestFailure> {
    let body = serde_json::to_vec(question).map_err(|error| malformed(&error.to_string()))?;
    let request = Request {
        method: Method::Post,
        query: &[("filter_path", FILTER)],
        body: Some(body.into()),
        ..Request::get("/_ingest/_simulate")
    };
    let reply = client.send(request).await?.success()?;
    let answer: Answer = serde_json::from_slice(&reply).map_err(|error| malformed(&error.to_string()))?;
    if answer.docs.len() == question.docs.len() {
        Ok(answer.docs)
    } else {
        Err(malformed("not one outcome a document"))
    }
}

fn object(document: &[u8]) -> Option<&RawValue> {
    let raw: &RawValue = serde_json::from_slice(document).ok()?;
    raw.get().starts_with('{').then_some(raw)
}

fn malformed(what: &str) -> RequestFailure {
    AnswerError::Malformed(format!("of the simulate ingest API: {what}")).into()
}

impl From<Outcome> for Verdict {
    fn from(outcome: Outcome) -> Self {
        match outcome.doc.error {
            None => Self::Takes,
            Some(Problem { error_type, reason }) => Self::Refuses { error_type, reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_verdict_for_each_document() {
        let answer = br#"{"docs":[{"doc":{"_id":"a","error":{"type":"document_parsing_exception","reason":"no"}}},{"doc":{"_id":"b"}}]}"#;
        let answer: Answer = serde_json::from_slice(answer).unwrap();
        let verdicts: Vec<Verdict> = answer.docs.into_iter().map(Verdict::from).collect();
        let (error_type, reason) = ("document_parsing_exception".to_owned(), "no".to_owned());
        assert_eq!(verdicts, [Verdict::Refuses { error_type, reason }, Verdict::Takes]);
    }

    #[test]
    fn only_an_object_is_a_document() {
        assert!(object(br#"{"a":1}"#).is_some());
        for other in [&b"[1]"[..], b"1", b"{", b"", b"\xff"] {
            assert!(object(other).is_none());
        }
    }
}
