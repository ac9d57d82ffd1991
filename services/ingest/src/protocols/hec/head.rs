//! What a request's head says.

use axum::extract::Query;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use forebay_wire::hec::{Code, HecError, Metadata, ack};

use super::answer::Failure;
use crate::access::headers::Shown;
use crate::http::request::{self, encoding, text};
use crate::http::take;
use crate::intake::{Intake, Sender};
use crate::protocols::Protocol;
use crate::refusal::Kind;

/// A request's head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) head: take::Head,
    pub(super) metadata: Metadata,
    /// Whether the client wants to ask for acknowledgements.
    pub(super) has_channel: bool,
}

impl Head {
    pub(super) fn read(parts: &Parts, intake: &Intake) -> Result<Self, Failure> {
        let head = take::Head { sender: sender(parts, intake)?, encoding: encoding(parts)? };
        let mut metadata = Metadata::default();
        let mut channel = text(parts, "x-splunk-request-channel")?.map(str::to_owned);
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
        Ok(Self { head, metadata, has_channel: channel.is_some() })
    }
}

/// Who sends, by its token.
pub(super) fn sender(parts: &Parts, intake: &Intake) -> Result<Sender, Failure> {
    request::sender(parts, &intake.access, Protocol::Hec).map_err(|refusal| {
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
        Failure::new(HecError::new(code, refusal.reason.clone()), refusal)
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
