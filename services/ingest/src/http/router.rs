//! The paths. Each protocol that comes by HTTP adds its own.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::middleware::from_fn_with_state;

use super::body::discard;
use crate::access::http::check_passwords;
use crate::intake::Intake;
use crate::protocols;
use crate::refusal::{Kind, Refusal};

/// Every path of every protocol.
pub(crate) fn router(intake: Arc<Intake>) -> Router {
    let checked = from_fn_with_state(Arc::clone(&intake), check_passwords);
    Router::new()
        .merge(protocols::bulk::routes(&intake))
        .merge(protocols::events::routes())
        .merge(protocols::firehose::routes())
        .merge(protocols::gelf_http::routes())
        .merge(protocols::hec::routes(&intake))
        .merge(protocols::grpc::routes())
        .merge(protocols::ingest::routes())
        .merge(protocols::loki::routes())
        .merge(protocols::otlp::routes())
        .merge(protocols::websocket::routes())
        .fallback(not_found)
        .layer(checked)
        .with_state(intake)
}

/// The answer for paths that don't exist.
async fn not_found(headers: HeaderMap, body: Body) -> Refusal {
    discard(body, &headers).await;
    Refusal::new(Kind::NotFound, "there is nothing at this path", "send events to POST /v1/ingest")
}

/// The answer for other methods than POST.
pub(crate) async fn post_only(headers: HeaderMap, body: Body) -> Refusal {
    discard(body, &headers).await;
    Refusal::new(Kind::MethodNotAllowed, "this path takes POST only", "send events with POST")
}
