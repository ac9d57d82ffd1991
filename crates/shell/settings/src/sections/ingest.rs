//! `ingest:` how events come in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sections::tls::TlsSettings;
use crate::units::{ByteSize, Period};

/// `forebay-ingest`: takes events in and answers once Kafka has them.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestSettings {
    /// Where it listens for events.
    pub listen: String,
    /// Further listeners, by a name that logs and metrics show.
    pub listeners: BTreeMap<String, ListenerSettings>,
    /// The file of tenants, their quotas, and the credentials that may send as them (see `forebay token`). It is read again
    /// when it changes. Without it every sender is accepted, as `default_tenant`, and `listen` must be a loopback address.
    pub access_file: Option<PathBuf>,
    /// The tenant of events that come in without a credential, where that is allowed.
    pub default_tenant: String,
    /// The largest body as it is sent, compressed or not.
    pub max_body: ByteSize,
    /// The largest body once decompressed.
    pub max_inflated_body: ByteSize,
    /// The largest single event; a larger one is refused by itself.
    pub max_event: ByteSize,
    /// How deep an event's JSON may be nested; at most as deep as the parser reads it.
    #[schemars(range(min = 1))]
    pub max_depth: usize,
    /// The most events in one request.
    #[schemars(range(min = 1))]
    pub max_events: usize,
    /// How many bytes requests may hold at once: their bodies, and their events until Kafka has acknowledged them. Beyond
    /// that, and for a tenant beyond its share of it, requests get 429.
    pub max_in_flight: ByteSize,
    /// How long an accepted event should wait for Kafka's acknowledgement at most. When more comes in than Kafka takes in
    /// this time, the rest gets 429 at once. Set it to at least twice the time that Kafka takes when it has nothing else
    /// to do.
    pub max_latency: Period,
    /// How long a request may take to send its body, and how long a connection may be silent: one of HTTP without a request is closed then,
    /// the others may have to go for a newcomer (`max_connections`).
    pub read_timeout: Period,
    /// How long a request waits for Kafka's acknowledgement before it gets 503.
    pub ack_timeout: Period,
    /// The least `Retry-After` of answers 429 and 503. It is more when the backlog takes longer, and up to twice as much by
    /// chance, so that clients don't come back together.
    pub retry_after: Period,
    /// The most connections at once, to each listener. Who comes when there are so many waits. To a listener whose protocol has no requests
    /// (syslog, RELP, GELF, lines, Forward, Beats) it gets the place of a connection that has brought nothing whole for
    /// `read_timeout`, of the address that has the most connections, and more than its own.
    #[schemars(range(min = 1))]
    pub max_connections: usize,
    /// The most connections at once from one address, or from one network of IPv6 (/64), to each listener. Clients behind
    /// one address, such as that of a load balancer, count as one.
    #[schemars(range(min = 1))]
    pub max_connections_per_address: usize,
    /// How long a stop waits for requests under way.
    pub drain_timeout: Period,
    /// TLS towards clients, for `listen` and for every listener that has none of its own.
    pub tls: TlsSettings,
    /// Whether `listen` may do without TLS where others than this machine's processes reach it.
    pub plain: bool,
}

/// One more place where events come in.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerSettings {
    /// What it speaks.
    pub protocol: ListenerProtocol,
    /// Where it listens: `host:port` or `tcp://host:port`, `udp://host:port`, `unix:///path` for a stream socket,
    /// `unixgram:///path` for a datagram socket. The host is an IP address.
    pub address: String,
    /// The tenant of what comes in by connections that can't say who they are.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The most connections at once; `ingest.max_connections` if it isn't set.
    #[serde(default)]
    pub max_connections: Option<usize>,
    /// The most connections at once from one address; `ingest.max_connections_per_address` if it isn't set.
    #[serde(default)]
    pub max_connections_per_address: Option<usize>,
    /// The most memory, in bytes, for what comes in by it and isn't in Kafka yet, as part of `ingest.max_in_flight`; no limit of its own if
    /// it isn't set. What comes while nothing else is under way may be larger.
    #[serde(default)]
    pub max_in_flight: Option<ByteSize>,
    /// TLS towards its clients; `ingest.tls` if it has no certificate of its own. `udp://` and Unix sockets never have TLS.
    #[serde(default)]
    pub tls: TlsSettings,
    /// Whether it does without TLS, also where `ingest.tls` is set and where others than this machine's processes reach it.
    #[serde(default)]
    pub plain: bool,
}

impl ListenerSettings {
    /// A listener with nothing else set.
    #[must_use]
    pub fn new(protocol: ListenerProtocol, address: impl Into<String>) -> Self {
        Self {
            protocol,
            address: address.into(),
            tenant: None,
            max_connections: None,
            max_connections_per_address: None,
            max_in_flight: None,
            tls: TlsSettings::default(),
            plain: false,
        }
    }
}

impl IngestSettings {
    /// The TLS of a listener; `None` where it has none.
    #[must_use]
    pub fn tls_of<'a>(&'a self, listener: &'a ListenerSettings) -> Option<&'a TlsSettings> {
        [&listener.tls, &self.tls].into_iter().find(|tls| tls.is_on() && !listener.plain)
    }
}

/// What a listener speaks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ListenerProtocol {
    /// HTTP/1.1 and HTTP/2, with the paths of all protocols that come by it.
    Http,
    /// Fluent Forward: Fluentd, Fluent Bit, Docker, `fluent-logger`. Over UDP it answers heartbeats.
    Forward,
    /// Graylog's Extended Log Format: messages that end with NUL, or over UDP in chunks, compressed or not.
    Gelf,
    /// Plain lines, or a message in each datagram, in any format.
    Lines,
    /// Lumberjack, versions 1 and 2: Beats, Elastic Agent, Logstash.
    Lumberjack,
    /// RELP, syslog with acknowledgements.
    Relp,
    /// Syslog, RFC 5424 or RFC 3164: with octet counts or line ends, which is found out; or a message in each datagram.
    Syslog,
}

impl ListenerProtocol {
    /// Whether it can come in datagrams.
    #[must_use]
    pub const fn takes_datagrams(self) -> bool {
        matches!(self, Self::Forward | Self::Gelf | Self::Lines | Self::Syslog)
    }
}

impl Default for IngestSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            listeners: BTreeMap::new(),
            access_file: None,
            default_tenant: "default".to_owned(),
            max_body: ByteSize::mib(16),
            max_inflated_body: ByteSize::mib(64),
            max_event: ByteSize::kib(900),
            max_depth: 64,
            max_events: 100_000,
            max_in_flight: ByteSize::mib(64),
            max_latency: Period::from_secs(2),
            read_timeout: Period::from_secs(30),
            ack_timeout: Period::from_secs(30),
            retry_after: Period::from_secs(1),
            max_connections: 4096,
            max_connections_per_address: 1024,
            drain_timeout: Period::from_secs(20),
            tls: TlsSettings::default(),
            plain: false,
        }
    }
}
