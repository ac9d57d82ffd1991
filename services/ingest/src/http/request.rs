//! What the heads of requests have in common, whatever protocol they are of: who sends, and how the body is compressed.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use forebay_access::Stamp;
use forebay_record::TraceContext;
use forebay_wire::Encoding;
use jiff::Timestamp;

use crate::access::http::authorize;
use crate::admission::budget::Budget;
use crate::config::Access;
use crate::intake::{Peer, Sender};
use crate::listen::Listener;
use crate::protocols::Protocol;
use crate::refusal::{Kind, Refusal};

/// Who sends: the tenant is its credential's, in whichever header the protocol has for it.
///
/// # Errors
/// Without a credential that may send.
pub(crate) fn sender(parts: &Parts, access: &Access, protocol: Protocol) -> Result<Sender, Refusal> {
    lasting_sender(parts, access, protocol).map(|(sender, _)| sender)
}

/// The same for what goes on for long, with the credential that it may end with.
///
/// # Errors
/// As [`sender`].
pub(crate) fn lasting_sender(
    parts: &Parts,
    access: &Access,
    protocol: Protocol,
) -> Result<(Sender, Option<Stamp>), Refusal> {
    let known = authorize(access, parts, Timestamp::now())?;
    let peer = parts.extensions.get().copied().unwrap_or(Peer::Local);
    let trace = trace(&parts.headers);
    let sender = Sender { tenant: known.tenant, protocol, peer, budget: budget(parts), trace };
    Ok((sender, known.stamp))
}

/// What its listener may hold in memory.
pub(crate) fn budget(parts: &Parts) -> Option<Arc<Budget>> {
    parts.extensions.get::<Arc<Listener>>().and_then(|listener| listener.budget.clone())
}

/// The trace that the request is part of. A header that can't be read counts as none, and so do several, of which nobody knows which one is
/// meant (<https://www.w3.org/TR/trace-context/#a-traceparent-is-received>).
pub(crate) fn trace(headers: &HeaderMap) -> Option<TraceContext> {
    let mut all = headers.get_all("traceparent").iter();
    let (Some(only), None) = (all.next(), all.next()) else { return None };
    TraceContext::read(only.to_str().ok()?)
}

/// How the body is compressed.
///
/// # Errors
/// When nothing here can decompress it.
pub(crate) fn encoding(parts: &Parts) -> Result<Encoding, Refusal> {
    Encoding::from_header(text(parts, "content-encoding")?).map_err(|error| {
        Refusal::new(Kind::Unsupported, error.to_string(), "use gzip, zstd, deflate, snappy or identity")
    })
}

/// A header's text.
///
/// # Errors
/// When it isn't text.
pub(crate) fn text<'a>(parts: &'a Parts, name: &'static str) -> Result<Option<&'a str>, Refusal> {
    let text = parts.headers.get(name).map(HeaderValue::to_str).transpose();
    text.map_err(|_| {
        Refusal::new(Kind::BadRequest, format!("header `{name}` is not text"), "write it in ASCII")
    })
}
