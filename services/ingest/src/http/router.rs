//! The paths. Each protocol that comes by HTTP adds its own; every listener that speaks HTTP serves all of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use forebay_yaml::suggest;

use super::body::discard;
use super::counted::{counted, of, sharing};
use super::grpc;
use crate::access::http::check_passwords;
use crate::intake::Intake;
use crate::protocols::{self, Protocol};
use crate::refusal::{Kind, Refusal};

/// The paths that events are sent to, for who went to another.
const PATHS: [&str; 17] = [
    "/v1/ingest",
    "/v1/stream",
    "/v1/logs",
    "/_bulk",
    "/{index}/_bulk",
    "/{index}/_doc",
    "/{index}/_doc/{id}",
    "/{index}/_create/{id}",
    "/services/collector",
    "/services/collector/event",
    "/services/collector/raw",
    "/services/collector/ack",
    "/services/collector/health",
    "/loki/api/v1/push",
    "/events",
    "/gelf",
    "/firehose",
];

/// The methods of gRPC that take events.
const METHODS: [&str; 3] = [
    "/forebay.v1.Ingest/Send",
    "/forebay.v1.Ingest/Stream",
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
];

/// Every path of every protocol.
pub(crate) fn router(intake: Arc<Intake>) -> Router {
    let checked = from_fn_with_state(Arc::clone(&intake), check_passwords);
    let counted = from_fn_with_state(Arc::clone(&intake), counted);
    Router::new()
        .merge(of(Protocol::Bulk, protocols::bulk::routes()))
        .merge(of(Protocol::Events, protocols::events::routes()))
        .merge(of(Protocol::Firehose, protocols::firehose::routes()))
        .merge(sharing(Protocol::Firehose, protocols::firehose::root()))
        .merge(of(Protocol::Gelf, protocols::gelf_http::routes()))
        .merge(of(Protocol::Hec, protocols::hec::routes()))
        .merge(of(Protocol::Grpc, protocols::grpc::routes()))
        .merge(of(Protocol::Ingest, protocols::ingest::routes()))
        .merge(of(Protocol::Loki, protocols::loki::routes()))
        .merge(of(Protocol::Otlp, protocols::otlp::routes()))
        .merge(of(Protocol::Websocket, protocols::websocket::routes()))
        .fallback(not_found)
        .layer(checked)
        .layer(counted)
        .with_state(intake)
}

/// The answer for paths that don't exist.
async fn not_found(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    discard(body, &parts.headers).await;
    if grpc::is_call(&parts) {
        let hint = hint(parts.uri.path(), &METHODS);
        return grpc::refused(&Refusal::new(Kind::NotFound, "there is no such method", hint));
    }
    let hint = hint(parts.uri.path(), &PATHS);
    Refusal::new(Kind::NotFound, "there is nothing at this path", hint).into_response()
}

/// What may have been meant, or what there is. What was asked for isn't repeated: addresses may hold secrets.
fn hint(path: &str, known: &[&str]) -> String {
    let path = path.get(..path.len().min(64)).unwrap_or_default();
    match suggest::nearest(path, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("events are sent to: {}", known.join(", ")),
    }
}

/// The answer for other methods than a path takes, which `Allow` names.
pub(super) async fn not_allowed(request: Request) -> Refusal {
    let (parts, body) = request.into_parts();
    discard(body, &parts.headers).await;
    Refusal::new(Kind::MethodNotAllowed, "this path doesn't take this method", "see the header `Allow`")
}
