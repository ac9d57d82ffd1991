//! The clients.

use forebay_settings::sections::ingest::ListenerProtocol;

/// A client, and what is expected of it.
#[derive(Debug)]
pub struct Client {
    /// Its file or folder in `clients/`, without what comes behind the dot.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The protocol that it speaks, by its name in the README's table.
    pub speaks: &'static str,
    /// Which listener it is given.
    pub to: Door,
    /// Where it comes from.
    pub from: Package,
    /// When it tells what it believes.
    pub tells: Tells,
    /// How many of its events it has to believe delivered at the end.
    pub delivers: Delivers,
}

/// Which listener a client is given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Door {
    /// `ingest.listen`, which all protocols over HTTP share.
    Http,
    /// A TCP listener of its own with this protocol, bound to the client's tenant.
    Tcp(ListenerProtocol),
    /// The same with TLS; the certificate's authority is the file that `FOREBAY_COMPAT_CA` names.
    Tls(ListenerProtocol),
}

/// Where a client comes from, which says where its version stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Package {
    /// A package of `clients/requirements.txt`.
    Python(&'static str),
    /// A module of the client's own `go.mod`.
    Go(&'static str),
    /// A package of Debian.
    Debian(&'static str),
}

/// When a client tells what it believes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tells {
    /// Batch by batch.
    AsItGoes,
    /// All at once, when it has nothing left to send.
    AtTheEnd,
}

/// How many of its events a client has to believe delivered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivers {
    /// Every one: it goes on trying for longer than the outage lasts.
    All,
    /// Those before and after the outage: it gives up on what fails, or ends before it has heard of everything.
    Some,
}

/// All of them, by protocol.
pub const CLIENTS: &[Client] = &[
    Client {
        name: "http_requests",
        title: "Requests",
        speaks: "http",
        to: Door::Http,
        from: Package::Python("requests"),
        tells: Tells::AsItGoes,
        delivers: Delivers::All,
    },
    Client {
        name: "websocket",
        title: "websockets",
        speaks: "websocket",
        to: Door::Http,
        from: Package::Python("websockets"),
        tells: Tells::AsItGoes,
        delivers: Delivers::All,
    },
    Client {
        name: "grpc_reflected",
        title: "grpcio, by reflection",
        speaks: "grpc",
        to: Door::Http,
        from: Package::Python("grpcio-reflection"),
        tells: Tells::AsItGoes,
        delivers: Delivers::All,
    },
    Client {
        name: "bulk_python",
        title: "elasticsearch (Python)",
        speaks: "bulk",
        to: Door::Http,
        from: Package::Python("elasticsearch"),
        tells: Tells::AsItGoes,
        delivers: Delivers::All,
    },
    Client {
        name: "rsyslog_elasticsearch",
        title: "rsyslog (omelasticsearch)",
        speaks: "bulk",
        to: Door::Http,
        from: Package::Debian("rsyslog-elasticsearch"),
        tells: Tells::AtTheEnd,
        delivers: Delivers::All,
    },
    Client {
        name: "hec_ack",
        title: "Requests, with acknowledgements",
        speaks: "hec",
        to: Door::Http,
        from: Package::Python("requests"),
        tells: Tells::AsItGoes,
        delivers: Delivers::All,
    },
    Client {
        name: "hec_python",
        title: "splunk-handler",
        speaks: "hec",
        to: Door::Http,
        from: Package::Python("splunk-handler"),
        tells: Tells::AsItGoes,
        delivers: Delivers::Some,
    },
    Client {
        name: "loki_python",
        title: "python-logging-loki",
        speaks: "loki",
        to: Door::Http,
        from: Package::Python("python-logging-loki"),
        tells: Tells::AsItGoes,
        delivers: Delivers::All,
    },
    Client {
        name: "firehose_boto3",
        title: "boto3",
        speaks: "firehose",
        to: Door::Http,
        from: Package::Python("boto3"),
        tells: Tells::AsItGoes,
        delivers: Delivers::All,
    },
    Client {
        name: "events_mozdef",
        title: "mozdef-client",
        speaks: "events",
        to: Door::Http,
        from: Package::Python("mozdef-client"),
        tells: Tells::AsItGoes,
        delivers: Delivers::All,
    },
    Client {
        name: "fluent_logger",
        title: "fluent-logger (Python)",
        speaks: "forward",
        to: Door::Tcp(ListenerProtocol::Forward),
        from: Package::Python("fluent-logger"),
        tells: Tells::AsItGoes,
        delivers: Delivers::All,
    },
    Client {
        name: "fluent-logger-go",
        title: "fluent-logger (Go)",
        speaks: "forward",
        to: Door::Tcp(ListenerProtocol::Forward),
        from: Package::Go("github.com/fluent/fluent-logger-golang"),
        tells: Tells::AsItGoes,
        delivers: Delivers::All,
    },
    Client {
        name: "graypy_tcp",
        title: "graypy",
        speaks: "gelf",
        to: Door::Tcp(ListenerProtocol::Gelf),
        from: Package::Python("graypy"),
        tells: Tells::AsItGoes,
        delivers: Delivers::All,
    },
    Client {
        name: "beats_python",
        title: "pylogbeat",
        speaks: "lumberjack",
        to: Door::Tcp(ListenerProtocol::Lumberjack),
        from: Package::Python("pylogbeat"),
        tells: Tells::AsItGoes,
        delivers: Delivers::All,
    },
    Client {
        name: "go-lumber",
        title: "go-lumber",
        speaks: "lumberjack",
        to: Door::Tcp(ListenerProtocol::Lumberjack),
        from: Package::Go("github.com/elastic/go-lumber"),
        tells: Tells::AsItGoes,
        delivers: Delivers::All,
    },
    Client {
        name: "otlp_grpc",
        title: "the SDK for Python (gRPC)",
        speaks: "otlp",
        to: Door::Http,
        from: Package::Python("opentelemetry-exporter-otlp-proto-grpc"),
        tells: Tells::AsItGoes,
        delivers: Delivers::Some,
    },
    Client {
        name: "otlp_http",
        title: "the SDK for Python (HTTP)",
        speaks: "otlp",
        to: Door::Http,
        from: Package::Python("opentelemetry-exporter-otlp-proto-http"),
        tells: Tells::AsItGoes,
        delivers: Delivers::Some,
    },
    Client {
        name: "otel_collector",
        title: "the collector",
        speaks: "otlp",
        to: Door::Http,
        from: Package::Go("go.opentelemetry.io/collector/otelcol"),
        tells: Tells::AsItGoes,
        delivers: Delivers::All,
    },
    Client {
        name: "rsyslog_relp",
        title: "rsyslog (omrelp)",
        speaks: "relp",
        to: Door::Tcp(ListenerProtocol::Relp),
        from: Package::Debian("rsyslog-relp"),
        tells: Tells::AtTheEnd,
        delivers: Delivers::All,
    },
    Client {
        name: "rsyslog_tcp",
        title: "rsyslog (omfwd)",
        speaks: "syslog",
        to: Door::Tcp(ListenerProtocol::Syslog),
        from: Package::Debian("rsyslog"),
        tells: Tells::AtTheEnd,
        delivers: Delivers::All,
    },
    Client {
        name: "rsyslog_tls",
        title: "rsyslog (omfwd, TLS)",
        speaks: "syslog",
        to: Door::Tls(ListenerProtocol::Syslog),
        from: Package::Debian("rsyslog-gnutls"),
        tells: Tells::AtTheEnd,
        delivers: Delivers::All,
    },
    Client {
        name: "syslog_ng",
        title: "syslog-ng",
        speaks: "syslog",
        to: Door::Tcp(ListenerProtocol::Syslog),
        from: Package::Debian("syslog-ng-core"),
        tells: Tells::AtTheEnd,
        delivers: Delivers::All,
    },
    Client {
        name: "logger",
        title: "logger of util-linux",
        speaks: "syslog",
        to: Door::Tcp(ListenerProtocol::Syslog),
        from: Package::Debian("bsdutils"),
        tells: Tells::AtTheEnd,
        delivers: Delivers::All,
    },
];

/// Those that need nothing but Python, and together take less than a minute: the ordinary tests run them.
pub fn quick() -> impl Iterator<Item = &'static Client> {
    CLIENTS
        .iter()
        .filter(|client| matches!(client.from, Package::Python(_)) && client.tells == Tells::AsItGoes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let names: HashSet<&str> = CLIENTS.iter().map(|client| client.name).collect();
        assert_eq!(names.len(), CLIENTS.len());
    }
}
