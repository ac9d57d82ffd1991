//! Amazon Data Firehose: the two calls of its API that producers make (`put`), and the requests that Firehose itself sends to HTTP
//! endpoints (`delivery`).
//!
//! Sources: those of [`forebay_wire::firehose`], which says what records mean here.

mod answer;
mod delivery;
mod put;
mod signer;

use std::sync::Arc;

use axum::Router;
use axum::routing::post;

use crate::intake::Intake;

/// The paths. Producers know no other than `/`, with the call in a header; Firehose is told the address it delivers to.
pub(crate) fn routes() -> Router<Arc<Intake>> {
    Router::new().route("/firehose", post(delivery::deliver))
}

/// The path of its API, which is Elasticsearch's greeting, too.
pub(crate) fn root() -> Router<Arc<Intake>> {
    Router::new().route("/", post(put::put))
}
