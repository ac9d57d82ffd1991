//! What a request's head says, and what the head of every answer has to say.

use axum::extract::{Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use forebay_wire::bulk::filter::Filter;

use super::patience::Patience;
use crate::http::request::text;
use crate::http::take;
use crate::intake::Intake;
use crate::protocols::Protocol;
use crate::refusal::{Kind, Refusal};

/// A request's head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) head: take::Head,
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
    pub(super) fn read(parts: &Parts, params: &RawPathParams, intake: &Intake) -> Result<Self, Refusal> {
        let head = take::Head::read(parts, intake, Protocol::Bulk)?;
        let content_type = text(parts, "content-type")?.unwrap_or_default().to_ascii_lowercase();
        if ["cbor", "smile", "yaml"].iter().any(|form| content_type.contains(form)) {
            let reason = "documents are taken as JSON only";
            return Err(Refusal::new(Kind::Unsupported, reason, "use application/x-ndjson"));
        }
        let of_path =
            |wanted| params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned());
        let (mut pipeline, mut filter, mut patience) = (String::new(), Filter::default(), None);
        // Other parameters ask for what isn't there: refreshes, shards, versions.
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        for (name, value) in
            query.map_err(|_| Refusal::new(Kind::BadRequest, "the query can't be read", ""))?.0
        {
            match name.as_str() {
                "filter_path" => filter = Filter::new(&value),
                "pipeline" => pipeline = value,
                "timeout" => patience = Patience::new(&value),
                _ => {}
            }
        }
        Ok(Self {
            head,
            index: of_path("index").unwrap_or_default(),
            id: of_path("id"),
            pipeline,
            filter,
            patience,
        })
    }
}

/// Gives every answer what clients check it for: the product, and the media type that they speak.
pub(super) async fn as_elasticsearch(request: Request, next: Next) -> Response {
    let media_type = media_type(request.headers());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let product = HeaderValue::from_static("Elasticsearch");
    let _before = headers.insert("x-elastic-product", product);
    let _before = headers.insert(header::CONTENT_TYPE, media_type);
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
