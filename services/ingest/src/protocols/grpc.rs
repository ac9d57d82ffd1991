//! gRPC: `forebay.v1.Ingest`, and beside it health and reflection, which need no token.
//!
//! A batch of `Send` is answered once the brokers have it. A stream has batches under the client's own numbers; each is answered
//! by its number, in any order, with what it was or why it was not taken. So many may be open; beyond that the stream isn't read.
//!
//! Schema: [`ingest.proto`](../../../../proto/schema/forebay/v1/ingest.proto), health:
//! <https://github.com/grpc/grpc/blob/master/doc/health-checking.md>, reflection:
//! <https://github.com/grpc/grpc/blob/master/doc/server-reflection.md>.

mod health;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use forebay_wire::Limits;
use forebay_wire::rpc::{self, CallError, send_request, send_response};
use tokio_util::sync::CancellationToken;
use tonic_reflection::server::Builder;

use super::Protocol;
use crate::access::Lease;
use crate::http::grpc::{self, Call, Packed};
use crate::http::unpack::Room;
use crate::http::{request, take};
use crate::intake::{Admitted, Intake, Receipt, Sender};
use crate::refusal::{Kind, Refusal};

/// The paths.
pub(crate) fn routes() -> Router<Arc<Intake>> {
    let routes = Router::new()
        .route("/forebay.v1.Ingest/Send", post(send))
        .route("/forebay.v1.Ingest/Stream", post(stream::stream))
        .merge(health::routes());
    let described = || Builder::configure().register_encoded_file_descriptor_set(forebay_proto::DESCRIPTORS);
    match (described().build_v1(), described().build_v1alpha()) {
        (Ok(v1), Ok(v1alpha)) => routes
            .route_service("/grpc.reflection.v1.ServerReflection/{method}", v1)
            .route_service("/grpc.reflection.v1alpha.ServerReflection/{method}", v1alpha),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "the schema can't be described, reflection is off");
            routes
        }
    }
}

/// Takes one batch.
async fn send(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let call = Call::read(&parts);
    let taking = async {
        let call = call.as_ref().map_err(Clone::clone)?;
        let sender = sender(&intake, &parts)?;
        let packed = grpc::message(&intake, &sender, *call, &mut body).await?;
        let (call, admitted) = decoded(&intake, packed, send_request, |call| call.batch.weight()).await?;
        ship(&intake, admitted, call).await
    };
    let timeout = call.as_ref().ok().and_then(|call| call.timeout);
    match grpc::in_time(timeout, taking).await {
        Some(Ok(receipt)) => grpc::reply(&send_response(receipt.accepted, &receipt.rejections)),
        Some(Err(refusal)) => grpc::refused(&refusal),
        None => grpc::too_late(&body),
    }
}

async fn ship(intake: &Arc<Intake>, admitted: Admitted, call: rpc::Call) -> Result<Receipt, Refusal> {
    let rpc::Call { mut batch, idempotency_key, atomic, .. } = call;
    if atomic {
        batch.all_or_nothing();
    }
    let key = Some(idempotency_key.as_str()).filter(|key| !key.is_empty());
    let ids = intake.ids_by_key(admitted.sender(), "`idempotency_key`", key)?;
    intake.ship(admitted, batch, ids).await
}

fn sender(intake: &Intake, parts: &Parts) -> Result<Sender, Refusal> {
    request::sender(parts, &intake.access, Protocol::Grpc)
}

/// Who sends by a stream, and what ends that when his credential ends.
fn lasting_sender(intake: &Intake, parts: &Parts) -> Result<(Sender, Lease), Refusal> {
    let (sender, stamp) = request::lasting_sender(parts, &intake.access, Protocol::Grpc)?;
    Ok((sender, intake.access.lease(stamp, CancellationToken::new())))
}

/// Decompresses and reads a message. Events stay where they are in it.
async fn decoded<T: Send + 'static>(
    intake: &Arc<Intake>,
    packed: Packed,
    read: fn(&Bytes, Limits) -> Result<T, CallError>,
    weight: fn(&T) -> usize,
) -> Result<(T, Admitted), Refusal> {
    let Packed { body, encoding, admitted } = packed;
    let decode = move |body: Bytes, room: &mut Room<'_>| {
        let decoded = read(&body, room.limits()).map_err(|error| of_decoder(&error))?;
        room.hold(weight(&decoded))?;
        Ok(decoded)
    };
    take::decoded(intake, admitted, body, encoding, decode).await
}

fn of_decoder(error: &CallError) -> Refusal {
    let (kind, hint) = match error {
        CallError::Overflow(_) => (Kind::TooLarge, "send smaller batches, or raise ingest.max_events"),
        CallError::Fact(_) => (Kind::BadRequest, "see ingest.proto"),
        CallError::Text(_) | CallError::Protobuf { .. } => (Kind::MalformedBody, "see ingest.proto"),
    };
    Refusal::new(kind, error.to_string(), hint)
}
