//! `POST /v1/ingest`, step by step: who, what, read, prepare, deliver, answer.
//!
//! A success is answered only after the brokers have acknowledged everything that was taken. If they fail in the middle,
//! the answer is 503 and the client sends all of it again: ids that it gave, or an `Idempotency-Key`, keep that from
//! making second documents.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant as Clock, SystemTime, UNIX_EPOCH};

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use forebay_kafka::KafkaError;
use forebay_record::{RawEvent, RawTemplate, Tenant};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use crate::admission::Admission;
use crate::answer::{Kind, Receipt, Refusal};
use crate::auth::authorize;
use crate::body::{ReadError, discard, read};
use crate::config::{Access, Limits};
use crate::deliver::{Delivery, Shipment, deliver};
use crate::metrics::Meters;
use crate::options::{KNOWN, Options, header};
use crate::overload::{no_room, of_kafka};
use crate::prepare::{Prepared, Unprepared, prepare};
use crate::progress::Progress;
use crate::upstream::Upstream;
use forebay_wire::Encoding;
use forebay_wire::Ids;
use forebay_wire::Rejections;
use forebay_wire::plan::Plan;
use forebay_wire::shape::Declared;

/// What a record costs beside its bytes, in bytes: librdkafka's and the allocator's own about it.
const RECORD_COST: usize = 256;

/// What requests share.
#[derive(Debug)]
pub struct App {
    /// Who may send.
    pub access: Access,
    /// What is allowed.
    pub limits: Limits,
    /// What may be under way at once.
    pub admission: Admission,
    /// The way to Kafka.
    pub upstream: Upstream,
    /// What is counted.
    pub meters: Meters,
    /// Whether deliveries end.
    pub progress: Progress,
    /// Deliveries under way. They go on when their client goes away, since their events are on their way all the same.
    pub deliveries: TaskTracker,
}

/// The other end of a request's connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What a request's head says.
#[derive(Debug)]
struct Head {
    tenant: Tenant,
    declared: Declared,
    encoding: Encoding,
    options: Options,
    peer: Option<Peer>,
}

/// Takes events in.
pub async fn ingest(State(app): State<Arc<App>>, request: Request) -> Response {
    let started = Clock::now();
    let (parts, mut body) = request.into_parts();
    let outcome = match Head::read(&parts, &app.access) {
        Ok(head) => app.admit(head, &mut body).await,
        Err(refusal) => Err(refusal),
    };
    if outcome.is_err() {
        discard(body, &parts.headers).await;
    }
    let response = outcome.map_or_else(IntoResponse::into_response, IntoResponse::into_response);
    app.meters.answered(response.status(), started.elapsed());
    app.meters.in_use(app.admission.in_use());
    response
}

impl App {
    /// Takes a request, and counts if it has to come again.
    async fn admit(self: &Arc<Self>, head: Head, body: &mut Body) -> Result<Receipt, Refusal> {
        let tenant = head.tenant.clone();
        let outcome = self.take(head, body).await;
        if let Err(Refusal { kind, retry_after: Some(_), .. }) = &outcome {
            self.meters.put_off(tenant.as_str(), kind.name());
        }
        outcome
    }

    async fn take(self: &Arc<Self>, head: Head, body: &mut Body) -> Result<Receipt, Refusal> {
        let mut reservation =
            self.admission.reserve(&head.tenant).map_err(|refused| no_room(&refused, &self.limits))?;
        let announced = body.size_hint().exact();
        let (max, within) = (self.limits.max_body, self.limits.read_timeout);
        let raw = read(body, announced, max, within, &mut reservation)
            .await
            .map_err(|error| of_read(&error, &self.limits))?;
        let received = raw.len();
        let Head { tenant, declared, encoding, options, peer } = head;
        let unprepared = Unprepared { body: raw, encoding, declared, options, reservation };
        let mut prepared = prepare(unprepared, &self.limits).await?;
        let rejections = std::mem::take(&mut prepared.plan.rejections);
        self.meters.divided(tenant.as_str(), received, prepared.plan.events.len(), &rejections);
        if prepared.plan.events.is_empty() || (prepared.options.atomic && rejections.count() > 0) {
            return Ok(Receipt::new(0, &rejections));
        }
        self.ship(tenant, prepared, peer, &rejections).await
    }

    async fn ship(
        self: &Arc<Self>,
        tenant: Tenant,
        prepared: Prepared,
        peer: Option<Peer>,
        rejections: &Rejections,
    ) -> Result<Receipt, Refusal> {
        let deadline = Instant::now() + self.limits.ack_timeout;
        let shipment = self.pack(&tenant, prepared, peer, deadline)?;
        let wanted = shipment.events.len();
        let app = Arc::clone(self);
        let delivery = self.deliveries.spawn(async move {
            let started = Clock::now();
            let _under_way = app.progress.begin();
            let delivery = deliver(&app.upstream, shipment).await;
            app.meters.held_back(delivery.held_back);
            app.meters.delivered(tenant.as_str(), delivery.delivered, delivery.bytes, started.elapsed());
            delivery
        });
        let late = || KafkaError::Timeout(format!("no acknowledgement within {:?}", self.limits.ack_timeout));
        match timeout_at(deadline, delivery).await {
            Ok(Ok(Delivery { delivered, error: None, .. })) if delivered == wanted as u64 => {
                Ok(Receipt::new(wanted, rejections))
            }
            Ok(Ok(Delivery { error, .. })) => Err(of_kafka(&error.unwrap_or_else(late), &self.limits)),
            Ok(Err(_)) | Err(_) => Err(of_kafka(&late(), &self.limits)),
        }
    }

    /// Puts together what the events have in common.
    fn pack(
        &self,
        tenant: &Tenant,
        prepared: Prepared,
        peer: Option<Peer>,
        deadline: Instant,
    ) -> Result<Shipment, Refusal> {
        let Prepared { body, plan, options, mut reservation } = prepared;
        let held = body.len().saturating_add(plan.weight());
        let Plan { shape, events, given_ids, .. } = plan;
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ids = match &options.idempotency_key {
            Some(key) => Ids::from_key(key).map_err(|error| {
                let reason = format!("header `Idempotency-Key`: {error}");
                Refusal::new(Kind::BadRequest, reason, "use a short key of visible characters")
            })?,
            None => Ids::made(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX), rand::random()),
        };
        let ids = ids.or_given(given_ids);
        let stream = match (options.stream, peer) {
            (Some(stream), _) => stream,
            (None, Some(Peer(address))) => address.to_string(),
            (None, None) => "http".to_owned(),
        };
        let template = RawTemplate::new(&RawEvent {
            tenant: tenant.as_str(),
            source: options.source.as_deref().unwrap_or("http"),
            format: match options.format.as_str() {
                "" if shape.is_json() => "json",
                format => format,
            },
            received_at: u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX),
            observed_at: options.observed_at,
            stream: &stream,
            attributes: options
                .attributes
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
            traceparent: &options.traceparent,
            ..RawEvent::default()
        });
        let partition = self.upstream.partition(&stream).map_err(|error| of_kafka(&error, &self.limits))?;
        // What the producer will hold: a copy of each event, its envelope and its key.
        let shared = template.encoded_len().saturating_add(stream.len()).saturating_add(RECORD_COST);
        let weight = shared
            .saturating_mul(events.len())
            .saturating_add(body.len())
            .saturating_add(ids.len_of(&events));
        let place = reservation
            .grow_to(held.saturating_add(weight))
            .and_then(|()| reservation.ship(weight))
            .map_err(|refused| no_room(&refused, &self.limits))?;
        Ok(Shipment { body, events, ids, template, stream, partition, reservation, weight, place, deadline })
    }
}

impl Head {
    fn read(parts: &Parts, access: &Access) -> Result<Self, Refusal> {
        let tenant = authorize(access, &parts.headers, Timestamp::now())?;
        let bad = |error: &dyn std::fmt::Display| {
            Refusal::new(Kind::BadRequest, error.to_string(), format!("the parameters are: {KNOWN}"))
        };
        let options = Options::read(&parts.uri, &parts.headers).map_err(|error| bad(&error))?;
        let text = |name| header(&parts.headers, name).map_err(|error| bad(&error));
        let declared = Declared::from_content_type(text("content-type")?).map_err(|error| {
            let hint = "use application/json, application/x-ndjson or text/plain, or leave it out";
            Refusal::new(Kind::Unsupported, error.to_string(), hint)
        })?;
        let encoding = Encoding::from_header(text("content-encoding")?).map_err(|error| {
            Refusal::new(Kind::Unsupported, error.to_string(), "use gzip, zstd, deflate or identity")
        })?;
        Ok(Self { tenant, declared, encoding, options, peer: parts.extensions.get().copied() })
    }
}

fn of_read(error: &ReadError, limits: &Limits) -> Refusal {
    let reason = error.to_string();
    match error {
        ReadError::TooLarge { .. } => {
            Refusal::new(Kind::TooLarge, reason, "send smaller batches, or raise ingest.max_body")
        }
        ReadError::Slow(_) => Refusal::new(
            Kind::SlowBody,
            reason,
            "nothing was taken; send smaller batches, or raise ingest.read_timeout",
        ),
        ReadError::Broken(_) => {
            Refusal::new(Kind::IncompleteBody, reason, "nothing was taken; send it again")
        }
        ReadError::Refused(refused) => no_room(refused, limits),
    }
}

/// The answer for paths that don't exist.
pub async fn not_found(headers: HeaderMap, body: Body) -> Refusal {
    discard(body, &headers).await;
    Refusal::new(Kind::NotFound, "there is nothing at this path", "send events to POST /v1/ingest")
}

/// The answer for other methods.
pub async fn method_not_allowed(headers: HeaderMap, body: Body) -> Refusal {
    discard(body, &headers).await;
    Refusal::new(Kind::MethodNotAllowed, "this path takes POST only", "send events with POST")
}
