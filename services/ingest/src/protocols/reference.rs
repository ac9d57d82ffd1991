//! What the README says of each protocol. The compliance suite holds every one of them to the same guarantees.

use super::Protocol;

/// A protocol, for who looks whether his shipper can send here.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// Which.
    pub protocol: Protocol,
    /// What people call it.
    pub title: &'static str,
    /// Where it comes in: paths of HTTP, or the listener and the port that shippers expect.
    pub place: &'static str,
    /// How it acknowledges, once all in-sync replicas have the events.
    pub acknowledged: &'static str,
    /// What slows its senders down while Kafka takes less than what they send.
    pub slowed: &'static str,
    /// Its specification: an address, or a page of this repository.
    pub specification: &'static str,
}

/// All of them, in the order of the README.
pub const REFERENCE: &[Reference] = &[
    Reference {
        protocol: Protocol::Ingest,
        title: "Forebay's own",
        place: "`POST /v1/ingest`",
        acknowledged: "200",
        slowed: "429, 503",
        specification: "services/ingest/README.md",
    },
    Reference {
        protocol: Protocol::Websocket,
        title: "WebSocket",
        place: "`/v1/stream`",
        acknowledged: "by number",
        slowed: "refused by number",
        specification: "docs/protocols/websocket.md",
    },
    Reference {
        protocol: Protocol::Grpc,
        title: "gRPC",
        place: "`forebay.v1.Ingest`",
        acknowledged: "response, or by number",
        slowed: "`RESOURCE_EXHAUSTED`, `UNAVAILABLE`",
        specification: "proto/schema/forebay/v1/ingest.proto",
    },
    Reference {
        protocol: Protocol::Otlp,
        title: "OTLP logs",
        place: "gRPC and `POST /v1/logs` (4317, 4318)",
        acknowledged: "response, partial success",
        slowed: "`RESOURCE_EXHAUSTED`, `UNAVAILABLE`; 429, 503",
        specification: "https://opentelemetry.io/docs/specs/otlp/",
    },
    Reference {
        protocol: Protocol::Bulk,
        title: "Elasticsearch",
        place: "`_bulk`, `_doc`, `_create` (9200)",
        acknowledged: "each item",
        slowed: "429, 503",
        specification: "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk",
    },
    Reference {
        protocol: Protocol::Lumberjack,
        title: "Beats (Lumberjack)",
        place: "listener `lumberjack` (5044)",
        acknowledged: "each window",
        slowed: "keep-alives, no more is read",
        specification: "https://github.com/logstash-plugins/logstash-input-beats/blob/main/PROTOCOL.md",
    },
    Reference {
        protocol: Protocol::Forward,
        title: "Fluent Forward",
        place: "listener `forward` (24224)",
        acknowledged: "each chunk",
        slowed: "no more is read",
        specification: "https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1",
    },
    Reference {
        protocol: Protocol::Syslog,
        title: "Syslog",
        place: "listener `syslog`: TCP, TLS, UDP, Unix (514, 601, 6514)",
        acknowledged: "never",
        slowed: "TCP: no more is read",
        specification: "https://www.rfc-editor.org/rfc/rfc5424",
    },
    Reference {
        protocol: Protocol::Relp,
        title: "RELP",
        place: "listener `relp` (2514)",
        acknowledged: "each message",
        slowed: "no more is read",
        specification: "https://www.rsyslog.com/doc/relp.html",
    },
    Reference {
        protocol: Protocol::Gelf,
        title: "GELF",
        place: "listener `gelf`: UDP, TCP (12201); `POST /gelf`",
        acknowledged: "by HTTP: 202",
        slowed: "TCP: no more is read; 429, 503",
        specification: "https://go2docs.graylog.org/current/getting_in_log_data/gelf_format.html",
    },
    Reference {
        protocol: Protocol::Hec,
        title: "Splunk HEC",
        place: "`/services/collector` (8088)",
        acknowledged: "code 0, `ackId`",
        slowed: "code 9 with 503",
        specification: "https://docs.splunk.com/Documentation/Splunk/latest/Data/UsetheHTTPEventCollector",
    },
    Reference {
        protocol: Protocol::Loki,
        title: "Loki",
        place: "`POST /loki/api/v1/push` (3100)",
        acknowledged: "204",
        slowed: "429, 503",
        specification: "https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs",
    },
    Reference {
        protocol: Protocol::Firehose,
        title: "Firehose",
        place: "`PutRecord`, `PutRecordBatch`; `POST /firehose`",
        acknowledged: "each record",
        slowed: "`ServiceUnavailableException`",
        specification: "https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html",
    },
    Reference {
        protocol: Protocol::Events,
        title: "MozDef's events",
        place: "`POST /events`",
        acknowledged: "200",
        slowed: "429, 503",
        specification: "https://mozdef.readthedocs.io/en/latest/usage.html#sending-logs-to-mozdef",
    },
    Reference {
        protocol: Protocol::Lines,
        title: "Lines",
        place: "listener `lines`: TCP, UDP, Unix",
        acknowledged: "never",
        slowed: "TCP: no more is read",
        specification: "docs/protocols.md#lines",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_protocol_is_in_the_reference_once() {
        for protocol in Protocol::ALL {
            let rows = REFERENCE.iter().filter(|row| row.protocol == *protocol).count();
            assert_eq!(rows, 1, "{protocol:?}");
        }
    }
}
