//! OTLP logs: by HTTP at `/v1/logs`, in protobuf or JSON, and by gRPC.
//!
//! A success is answered once the brokers have all records of a request; those that can't be taken are counted in its
//! partial success, and must not be sent again. A request that may come again gets 429 or 503 with `Retry-After`, or
//! `RESOURCE_EXHAUSTED` or `UNAVAILABLE` with a `RetryInfo`. Records that carry a `log.record.uid` are indexed once however
//! often they come.
//!
//! Source: <https://opentelemetry.io/docs/specs/otlp/>.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use forebay_wire::otlp::{self, OtlpError, answer};
use forebay_wire::writer::Overflow;
use forebay_wire::{Batch, Limits, Rejections};

use super::Protocol;
use crate::http::answer::{refused, status};
use crate::http::body::discard;
use crate::http::grpc::{self, Call, Packed};
use crate::http::request::sender;
use crate::http::take::{Head, decoded};
use crate::http::unpack::Room;
use crate::intake::{Admitted, Intake};
use crate::refusal::{Kind, Refusal};

/// How a request is encoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Protobuf,
    Json,
}

/// The paths.
pub(crate) fn routes() -> Router<Arc<Intake>> {
    Router::new()
        .route("/v1/logs", post(by_http))
        .route("/opentelemetry.proto.collector.logs.v1.LogsService/Export", post(by_grpc))
}

/// Takes a request by HTTP.
async fn by_http(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    // The answer has the form of the request, also when that can't be taken.
    let form = Form::of(&parts);
    let known = form.as_ref().copied().unwrap_or(Form::Json);
    let outcome = match (form, Head::read(&parts, &intake, Protocol::Otlp)) {
        (Err(refusal), _) | (_, Err(refusal)) => Err(refusal),
        (Ok(form), Ok(head)) => take(&intake, &head, form, &mut body).await,
    };
    if outcome.is_err() {
        discard(body, &parts.headers).await;
    }
    match outcome {
        Ok(rejections) => known.success(&rejections),
        Err(refusal) => known.failure(&refusal),
    }
}

async fn take(intake: &Arc<Intake>, head: &Head, form: Form, body: &mut Body) -> Result<Rejections, Refusal> {
    ship(intake, head.take(intake, body, move |body, room| form.decode(&body, room)).await?).await
}

/// Takes a call by gRPC.
async fn by_grpc(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let call = Call::read(&parts);
    let taking = async {
        let call = call.as_ref().map_err(Clone::clone)?;
        let sender = sender(&parts, &intake.access, Protocol::Otlp)?;
        let Packed { body, encoding, admitted } = grpc::message(&intake, &sender, *call, &mut body).await?;
        let decode = |body: Bytes, room: &mut Room<'_>| Form::Protobuf.decode(&body, room);
        ship(&intake, decoded(&intake, admitted, body, encoding, decode).await?).await
    };
    let timeout = call.as_ref().ok().and_then(|call| call.timeout);
    match grpc::in_time(timeout, taking).await {
        Some(Ok(rejections)) => grpc::reply(&answer::response(&rejections)),
        Some(Err(refusal)) => grpc::refused(&refusal),
        None => grpc::too_late(&body),
    }
}

async fn ship(intake: &Arc<Intake>, (batch, admitted): (Batch, Admitted)) -> Result<Rejections, Refusal> {
    let receipt = intake.ship(admitted, batch, intake.new_ids()).await?;
    Ok(receipt.rejections)
}

impl Form {
    fn of(parts: &Parts) -> Result<Self, Refusal> {
        let header = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = header.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/x-protobuf" | "application/protobuf" => Ok(Self::Protobuf),
            "application/json" => Ok(Self::Json),
            _ => Err(Refusal::new(
                Kind::Unsupported,
                "the content type is neither application/x-protobuf nor application/json",
                "set it to what the body is",
            )),
        }
    }

    /// Memory counts before it is taken: what nearly every request needs at first, and all that is allowed where what many
    /// records share is large.
    fn decode(self, body: &[u8], room: &mut Room<'_>) -> Result<Batch, Refusal> {
        let limits = room.limits();
        let usual = body.len().saturating_mul(3).saturating_add(64 * 1024).min(limits.max_inflated);
        room.hold(usual)?;
        let batch = match self.read(body, Limits { max_inflated: usual, ..limits }) {
            Err(OtlpError::Overflow(Overflow::Bytes(_))) if usual < limits.max_inflated => {
                room.hold(limits.max_inflated)?;
                self.read(body, limits)
            }
            batch => batch,
        };
        let batch = batch.map_err(|error| of_decoder(&error))?;
        room.hold(batch.bytes.len().saturating_add(batch.weight()))?;
        Ok(batch)
    }

    fn read(self, body: &[u8], limits: Limits) -> Result<Batch, OtlpError> {
        match self {
            Self::Protobuf => otlp::protobuf(body, limits),
            Self::Json => otlp::json(body, limits),
        }
    }

    const fn content_type(self) -> HeaderValue {
        match self {
            Self::Protobuf => HeaderValue::from_static("application/x-protobuf"),
            Self::Json => HeaderValue::from_static("application/json"),
        }
    }

    fn success(self, rejections: &Rejections) -> Response {
        let body = match self {
            Self::Protobuf => answer::response(rejections),
            Self::Json => answer::response_json(rejections),
        };
        self.response(StatusCode::OK, body)
    }

    fn failure(self, refusal: &Refusal) -> Response {
        let (code, words) = (grpc::code(refusal.kind), grpc::words(refusal));
        let body = match self {
            Self::Protobuf => answer::status(code, &words, refusal.retry_after),
            Self::Json => answer::status_json(code, &words),
        };
        refused(self.response(status(refusal.kind), body), refusal)
    }

    fn response(self, status: StatusCode, body: Vec<u8>) -> Response {
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let _before = response.headers_mut().insert(header::CONTENT_TYPE, self.content_type());
        response
    }
}

fn of_decoder(error: &OtlpError) -> Refusal {
    let (kind, hint) = match error {
        OtlpError::Overflow(Overflow::Events(_)) => {
            (Kind::TooLarge, "send smaller batches, or raise ingest.max_events")
        }
        OtlpError::Overflow(Overflow::Bytes(_)) => {
            (Kind::TooLarge, "send smaller batches, or raise ingest.max_inflated_body")
        }
        _ => (Kind::MalformedBody, "send an ExportLogsServiceRequest of OTLP 1"),
    };
    Refusal::new(kind, error.to_string(), hint)
}
