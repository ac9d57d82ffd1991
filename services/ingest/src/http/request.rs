//! What the heads of requests have in common, whatever protocol they are of: who sends, and how the body is compressed.

use axum::http::HeaderValue;
use axum::http::request::Parts;
use forebay_wire::Encoding;
use jiff::Timestamp;

use crate::access::http::authorize;
use crate::config::Access;
use crate::intake::{Peer, Sender};
use crate::protocols::Protocol;
use crate::refusal::{Kind, Refusal};

/// Who sends: the tenant is its credential's, in whichever header the protocol has for it.
///
/// # Errors
/// Without a credential that may send.
pub(crate) fn sender(parts: &Parts, access: &Access, protocol: Protocol) -> Result<Sender, Refusal> {
    let tenant = authorize(access, parts, Timestamp::now())?;
    let peer = parts.extensions.get().copied().unwrap_or(Peer::Local);
    Ok(Sender { tenant, protocol, peer })
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
