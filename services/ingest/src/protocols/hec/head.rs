//! What a request's head says.

use axum::extract::Query;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use forebay_record::Tenant;
use forebay_wire::Encoding;
use forebay_wire::hec::{Code, HecError, Metadata, ack};
use jiff::Timestamp;

use super::answer::Failure;
use crate::access::headers::Shown;
use crate::access::http::authorize;
use crate::config::Access;
use crate::intake::{Peer, Sender};
use crate::protocols::Protocol;
use crate::protocols::ingest::options::header;
use crate::refusal::{Kind, Refusal};

/// A request's head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) sender: Sender,
    pub(super) encoding: Encoding,
    pub(super) metadata: Metadata,
    /// Whether the client wants to ask for acknowledgements.
    pub(super) has_channel: bool,
}

impl Head {
    pub(super) fn read(parts: &Parts, access: &Access) -> Result<Self, Failure> {
        let tenant = tenant(parts, access)?;
        let peer = parts.extensions.get().copied().unwrap_or(Peer::Local);
        let sender = Sender { tenant, protocol: Protocol::Hec, peer };
        let text = |name| {
            header(&parts.headers, name)
                .map_err(|error| HecError::new(Code::InvalidDataFormat, error.to_string()))
        };
        let encoding = Encoding::from_header(text("content-encoding")?).map_err(|error| {
            Refusal::new(Kind::Unsupported, error.to_string(), "use gzip, zstd, deflate or identity")
        })?;
        let mut metadata = Metadata::default();
        let mut channel = text("x-splunk-request-channel")?.map(str::to_owned);
        for (name, value) in query(parts)? {
            let slot = match name.as_str() {
                "host" => &mut metadata.host,
                "source" => &mut metadata.source,
                "sourcetype" => &mut metadata.sourcetype,
                "index" => &mut metadata.index,
                "channel" => &mut channel,
                _ => continue,
            };
            *slot = Some(value).filter(|value| !value.is_empty());
        }
        if channel.as_deref().is_some_and(|channel| !ack::is_channel(channel)) {
            return Err(HecError::new(Code::InvalidChannel, "a channel is a GUID").into());
        }
        Ok(Self { sender, encoding, metadata, has_channel: channel.is_some() })
    }
}

/// Whose token it is.
pub(super) fn tenant(parts: &Parts, access: &Access) -> Result<Tenant, Failure> {
    authorize(access, parts, Timestamp::now()).map_err(|refusal| {
        let said = parts.headers.get(AUTHORIZATION);
        let is_token = Shown::read(&parts.headers).is_ok_and(|shown| shown.claim().is_some());
        let code = match (refusal.kind, said) {
            (Kind::Unauthorized, None) if has_query_token(parts) => Code::QueryAuthorization,
            (Kind::Unauthorized, None) => Code::TokenRequired,
            (Kind::Unauthorized, Some(_)) if is_token => Code::InvalidToken,
            (Kind::Unauthorized, Some(_)) => Code::InvalidAuthorization,
            (Kind::Forbidden, _) => Code::TokenDisabled,
            _ => return refusal.into(),
        };
        HecError::new(code, refusal.reason).into()
    })
}

fn has_query_token(parts: &Parts) -> bool {
    query(parts).is_ok_and(|query| query.iter().any(|(name, _)| name == "token"))
}

fn query(parts: &Parts) -> Result<Vec<(String, String)>, HecError> {
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    let unreadable = |_| HecError::new(Code::InvalidDataFormat, "the query can't be read");
    query.map(|query| query.0).map_err(unreadable)
}
