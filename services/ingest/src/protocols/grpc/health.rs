//! `grpc.health.v1.Health`: whether events are taken now, for the whole server and for each service of it.
//!
//! Messages: `HealthCheckRequest { string service = 1 }`, `HealthCheckResponse { ServingStatus status = 1 }`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use forebay_wire::grpc::framed;
use forebay_wire::protobuf::{Fields, Value, push_varint};
use http_body_util::{BodyExt, Limited};
use tokio::time::{sleep, timeout};

use crate::http::connection::Held;
use crate::http::grpc::{self, Call, Saying, channel};
use crate::intake::Intake;
use crate::listen::Stop;
use crate::refusal::{Kind, Refusal};

/// Events are taken.
const SERVING: u64 = 1;
/// They aren't, since Kafka isn't there or the process stops.
const NOT_SERVING: u64 = 2;
/// There is no such service, which a watcher is told; who asks once gets `NOT_FOUND`.
const SERVICE_UNKNOWN: u64 = 3;
/// The code of gRPC for what doesn't exist.
const NOT_FOUND: u32 = 5;

/// What health is known of; the empty name is the whole server.
const SERVICES: [&str; 3] = ["", "forebay.v1.Ingest", "opentelemetry.proto.collector.logs.v1.LogsService"];

/// The largest question, in bytes.
const MAX_QUESTION: usize = 4096;
/// How often a watcher's answer is looked at anew.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a watcher may leave an answer unread.
const UNREAD: Duration = Duration::from_secs(60);

pub(super) fn routes() -> Router<Arc<Intake>> {
    Router::new()
        .route("/grpc.health.v1.Health/Check", post(check))
        .route("/grpc.health.v1.Health/Watch", post(watch))
}

async fn check(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    match question(&intake, request).await {
        Ok((service, _)) if !is_known(&service) => grpc::failed(NOT_FOUND, "there is no such service", None),
        Ok((service, stop)) => grpc::reply(&answer(status(&intake, &service, stop.as_ref()))),
        Err(refusal) => grpc::refused(&refusal),
    }
}

async fn watch(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    match question(&intake, request).await {
        Ok((service, stop)) => {
            let (saying, said) = channel(2);
            let _until_the_client_is_gone = tokio::spawn(tell(intake, service, stop, saying));
            grpc::stream(said)
        }
        Err(refusal) => grpc::refused(&refusal),
    }
}

/// Tells a watcher at once, and whenever it changes. Watching is no request under way: it needs no credential, and a connection on which
/// nothing else is done gives its place up in time, like all of them; clients of gRPC then watch anew.
async fn tell(intake: Arc<Intake>, service: String, stop: Option<Stop>, saying: Saying) {
    let mut told = None;
    loop {
        let now = status(&intake, &service, stop.as_ref());
        if told != Some(now) && saying.message(framed(&answer(now)), UNREAD).await.is_err() {
            return;
        }
        told = Some(now);
        let is_over = stop.as_ref().is_some_and(|stop| stop.drain.is_cancelled());
        if is_over {
            let trailers = grpc::trailers(grpc::UNAVAILABLE, "the server is stopping", None);
            let _ended = saying.end(trailers, UNREAD).await;
            return;
        }
        tokio::select! {
            () = saying.unheard() => return,
            () = sleep(LOOK_EVERY) => {}
        }
    }
}

/// The service that is asked for.
async fn question(intake: &Intake, request: Request) -> Result<(String, Option<Stop>), Refusal> {
    let (parts, body) = request.into_parts();
    let _uncompressed = Call::read(&parts)?;
    let refused = |kind, reason: &str| Refusal::new(kind, reason, "send one HealthCheckRequest");
    let body = timeout(intake.limits.read_timeout, Limited::new(body, MAX_QUESTION).collect());
    let body = body.await.map_err(|_| refused(Kind::SlowBody, "the question did not come in time"))?;
    let body =
        body.map_err(|_| refused(Kind::TooLarge, "the question is too large, or broke off"))?.to_bytes();
    let message = forebay_wire::grpc::only(&body, MAX_QUESTION).map_err(|error| grpc::broken(&error))?;
    let mut service = "";
    let mut fields = Fields::of(&message.bytes);
    while let Some(field) = fields.read().map_err(|error| refused(Kind::MalformedBody, &error.to_string()))? {
        if let (1, Value::Bytes(name)) = field {
            service = std::str::from_utf8(name).unwrap_or("?");
        }
    }
    Ok((service.to_owned(), parts.extensions.get().map(|held: &Held| held.stop.clone())))
}

fn is_known(service: &str) -> bool {
    SERVICES.contains(&service)
}

fn status(intake: &Intake, service: &str, stop: Option<&Stop>) -> u64 {
    let stops = stop.is_some_and(|stop| stop.drain.is_cancelled());
    match (is_known(service), stops || !intake.upstream.is_there()) {
        (false, _) => SERVICE_UNKNOWN,
        (true, true) => NOT_SERVING,
        (true, false) => SERVING,
    }
}

fn answer(status: u64) -> Vec<u8> {
    let mut out = Vec::new();
    push_varint(&mut out, 1, status);
    out
}
