//! What a request's head says, and what the head of every answer has to say.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Query, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use forebay_wire::Encoding;
use forebay_wire::bulk::filter::Filter;
use jiff::Timestamp;

use super::patience::Patience;
use crate::access::http::authorize;
use crate::config::Access;
use crate::intake::{Intake, Peer, Sender};
use crate::protocols::Protocol;
use crate::protocols::ingest::options::header;
use crate::refusal::{Kind, Refusal};

/// A request's head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) sender: Sender,
    pub(super) encoding: Encoding,
    /// From the path; empty if it has none.
    pub(super) index: String,
    /// From the path, for one document.
    pub(super) id: Option<String>,
    /// From the query; empty if it has none.
    pub(super) pipeline: String,
    /// Which parts of the answer are wanted.
    pub(super) filter: Filter,
    /// How long the client wants to wait, if it says so.
    pub(super) patience: Option<Patience>,
}

impl Head {
    pub(super) fn read(parts: &Parts, params: &RawPathParams, access: &Access) -> Result<Self, Refusal> {
        let sender = sender(parts, access)?;
        let bad = |error: &dyn std::fmt::Display| Refusal::new(Kind::BadRequest, error.to_string(), "");
        let text = |name| header(&parts.headers, name).map_err(|error| bad(&error));
        let encoding = Encoding::from_header(text("content-encoding")?).map_err(|error| {
            Refusal::new(Kind::Unsupported, error.to_string(), "use gzip, zstd, deflate or identity")
        })?;
        let content_type = text("content-type")?.unwrap_or_default().to_ascii_lowercase();
        if ["cbor", "smile", "yaml"].iter().any(|form| content_type.contains(form)) {
            let reason = "documents are taken as JSON only";
            return Err(Refusal::new(Kind::Unsupported, reason, "use application/x-ndjson"));
        }
        let of_path =
            |wanted| params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned());
        let (mut pipeline, mut filter, mut patience) = (String::new(), Filter::default(), None);
        // Other parameters ask for what isn't there: refreshes, shards, versions.
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        for (name, value) in query.map_err(|_| bad(&"the query can't be read"))?.0 {
            match name.as_str() {
                "filter_path" => filter = Filter::new(&value),
                "pipeline" => pipeline = value,
                "timeout" => patience = Patience::new(&value),
                _ => {}
            }
        }
        Ok(Self {
            sender,
            encoding,
            index: of_path("index").unwrap_or_default(),
            id: of_path("id"),
            pipeline,
            filter,
            patience,
        })
    }
}

/// Who sends.
pub(super) fn sender(parts: &Parts, access: &Access) -> Result<Sender, Refusal> {
    let tenant = authorize(access, parts, Timestamp::now())?;
    let peer = parts.extensions.get().copied().unwrap_or(Peer::Local);
    Ok(Sender { tenant, protocol: Protocol::Bulk, peer })
}

/// Gives every answer what clients check it for: the product, and the media type that they speak.
pub(super) async fn as_elasticsearch(
    State(intake): State<Arc<Intake>>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let media_type = media_type(request.headers());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let product = HeaderValue::from_static("Elasticsearch");
    let _before = headers.insert("x-elastic-product", product);
    let _before = headers.insert(header::CONTENT_TYPE, media_type);
    intake.answered(response.status(), started.elapsed());
    response
}

fn media_type(headers: &HeaderMap) -> HeaderValue {
    HeaderValue::from_static(match version(headers) {
        Version::Unsaid => "application/json",
        Version::Seven => "application/vnd.elasticsearch+json;compatible-with=7",
        Version::Eight => "application/vnd.elasticsearch+json;compatible-with=8",
        Version::Nine => "application/vnd.elasticsearch+json;compatible-with=9",
    })
}

/// The version of the API that a client says it speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Version {
    Unsaid,
    Seven,
    Eight,
    Nine,
}

/// Source: <https://www.elastic.co/docs/reference/elasticsearch/rest-apis/compatibility>.
pub(super) fn version(headers: &HeaderMap) -> Version {
    let said = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let number = said.and_then(|accept| accept.split_once("vnd.elasticsearch+"));
    let number =
        number.and_then(|(_, rest)| rest.split_once("compatible-with=")).map(|(_, number)| number.trim());
    match number.and_then(|number| number.bytes().next()) {
        Some(b'7') => Version::Seven,
        Some(b'8') => Version::Eight,
        Some(b'9') => Version::Nine,
        _ => Version::Unsaid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_answered_in_the_version_that_it_speaks() {
        let of = |accept: &'static str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            media_type(&headers).to_str().unwrap().to_owned()
        };
        let nine = "application/vnd.elasticsearch+json;compatible-with=9";
        assert_eq!(of("application/vnd.elasticsearch+json; compatible-with=9"), nine);
        assert_eq!(of("application/json"), "application/json");
        assert_eq!(of("application/vnd.elasticsearch+json; compatible-with=x"), "application/json");
    }
}
