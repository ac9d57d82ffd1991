//! The protocols that events come in by: a thin shell each, around a decoder of `forebay_wire`.
//!
//! A shell finds out who sends, reads what it sends, has it decoded, gives the batch to the intake, and
//! answers in its protocol's way: success only after the intake's receipt.

pub(crate) mod bulk;
mod datagrams;
pub(crate) mod events;
mod exchange;
pub(crate) mod firehose;
mod flow;
mod forward;
pub(crate) mod gelf_http;
pub(crate) mod grpc;
pub(crate) mod hec;
pub(crate) mod ingest;
mod lines;
mod local;
pub(crate) mod loki;
mod lumberjack;
pub(crate) mod otlp;
pub mod reference;
mod relp;
mod syslog;
mod talk;
mod unnamed;
pub(crate) mod websocket;

use std::sync::Arc;

use axum::Router;
use forebay_settings::sections::ingest::ListenerProtocol;

use self::lines::Lines;
use self::relp::Relp;
use self::syslog::Syslog;
use crate::http::{connection, router};
use crate::intake::Intake;
use crate::listen::{Connection, Listener, Socket, Stop};

/// What connections of all protocols share, made once for a listener.
#[derive(Clone, Debug)]
pub(crate) struct Ways {
    http: Router,
}

impl Ways {
    pub(crate) fn new(intake: &Arc<Intake>) -> Self {
        Self { http: router::router(Arc::clone(intake)) }
    }
}

/// Serves a connection in its listener's protocol, until it ends.
pub(crate) async fn serve(connection: Connection, intake: &Arc<Intake>, ways: Ways) {
    let max = intake.limits.max_event;
    match connection.listener.protocol {
        ListenerProtocol::Http => connection::serve(connection, intake, ways.http).await,
        // Idle connections are many: none takes the room of what another protocol needs.
        ListenerProtocol::Forward => Box::pin(forward::serve(connection, intake)).await,
        ListenerProtocol::Gelf => flow::serve(connection, intake, Lines::<lines::Gelf>::new(max)).await,
        ListenerProtocol::Lines => flow::serve(connection, intake, Lines::<lines::Text>::new(max)).await,
        ListenerProtocol::Lumberjack => Box::pin(lumberjack::serve(connection, intake)).await,
        ListenerProtocol::Relp => flow::serve(connection, intake, Relp::new(max)).await,
        ListenerProtocol::Syslog => flow::serve(connection, intake, Syslog::new(max)).await,
    }
}

/// The protocols that clients of a listener may name in the handshake of TLS (RFC 7301), the best first.
pub(crate) const fn alpn(protocol: ListenerProtocol) -> &'static [&'static [u8]] {
    if matches!(protocol, ListenerProtocol::Http) { &[b"h2", b"http/1.1"] } else { &[] }
}

/// Takes datagrams in a listener's protocol, until the stop.
pub(crate) async fn serve_datagrams(
    listener: Arc<Listener>,
    socket: Socket,
    intake: Arc<Intake>,
    stop: Stop,
) {
    match (datagrams::dialect(listener.protocol), listener.protocol) {
        (Some(dialect), _) => datagrams::serve(listener, dialect, socket, intake, stop).await,
        (None, ListenerProtocol::Forward) => forward::serve_heartbeats(&listener, socket, &stop).await,
        // The settings were checked: no protocol that takes no datagrams gets here.
        (None, _) => {
            tracing::error!(listener = listener.name, ?socket, "this protocol takes no datagrams");
        }
    }
}

/// The table. A row has what the reference says of a protocol, its variant, and its name in metrics and attributes.
macro_rules! protocols {
    ($($(#[doc = $doc:literal])+ $variant:ident $name:literal;)*) => {
        /// A protocol, as metrics and events name it.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Protocol {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl Protocol {
            /// All of them, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name: the label `protocol`, and the `source` of events whose sender names none.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

protocols! {
    /// Forebay's own: `POST /v1/ingest`, lines and JSON.
    Ingest "http";
    /// Forebay's own by WebSocket: `/v1/stream`.
    Websocket "websocket";
    /// `forebay.v1.Ingest` by gRPC.
    Grpc "grpc";
    /// OTLP logs, by HTTP and gRPC.
    Otlp "otlp";
    /// Elasticsearch's API for documents: `_bulk`, `_doc`, `_create`.
    Bulk "bulk";
    /// Lumberjack 1 and 2: Beats, Elastic Agent, Logstash.
    Lumberjack "lumberjack";
    /// Fluent Forward: Fluentd, Fluent Bit, Docker, `fluent-logger`.
    Forward "forward";
    /// Syslog over UDP, TCP, TLS or Unix sockets.
    Syslog "syslog";
    /// RELP over TCP or TLS.
    Relp "relp";
    /// GELF over HTTP, UDP, TCP or Unix sockets.
    Gelf "gelf";
    /// JSON events at `/events`, as `MozDef` takes them.
    Events "events";
    /// Splunk's HTTP Event Collector: events, raw lines, acknowledgements.
    Hec "hec";
    /// Loki's push API, protobuf or JSON.
    Loki "loki";
    /// Amazon Data Firehose: records that producers put, and its deliveries to HTTP endpoints.
    Firehose "firehose";
    /// Plain lines over TCP or Unix sockets, or in datagrams.
    Lines "lines";
}
