//! Names that senders use for what the schema calls otherwise, and what they become.

use super::fields::Field;

/// What a value must be for its name to count as an alias.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum When {
    /// Any value that the field's type takes.
    Always,
    /// The name of an HTTP method.
    HttpMethod,
    /// A number from 100 to 599.
    HttpStatus,
    /// An id of a trace: 32 hexadecimal digits (W3C), 16 (B3), a UUID, or a decimal number of up to 20 digits
    /// (Datadog). Zero is none.
    TraceId,
    /// An id of a span: 16 hexadecimal digits, or a decimal number of up to 20. Zero is none.
    SpanId,
}

/// Names and the fields they may become: the first that is free and takes the value. Case doesn't matter.
///
/// Where an alias is also the name of an object of the schema (`host`), it holds for scalars only.
pub const ALIASES: &[(&[&str], When, &[Field])] = &[
    (&["msg", "@m", "@mt", "log", "short_message", "event"], When::Always, &[Field::Message]),
    (
        &[
            "level",
            "severity",
            "lvl",
            "loglevel",
            "log_level",
            "levelname",
            "@l",
            "severitytext",
            "severity_text",
        ],
        When::Always,
        &[Field::LogLevel],
    ),
    (&["logger", "logger_name", "loggername"], When::Always, &[Field::LogLogger]),
    (&["host", "hostname", "host_name"], When::Always, &[Field::HostName]),
    (&["service", "service_name", "servicename"], When::Always, &[Field::ServiceName]),
    (&["user", "username", "user_name", "remote_user"], When::Always, &[Field::UserName]),
    (&["user_id", "userid"], When::Always, &[Field::UserId]),
    (&["error"], When::Always, &[Field::ErrorMessage]),
    (&["stack_trace", "stacktrace", "stack", "@x"], When::Always, &[Field::ErrorStackTrace]),
    (
        &[
            "trace",
            "trace_id",
            "traceid",
            "trace-id",
            "oteltraceid",
            "otel_trace_id",
            "dd.trace_id",
            "x-b3-traceid",
            "x_b3_traceid",
            "x-trace-id",
            "x_trace_id",
        ],
        When::TraceId,
        &[Field::TraceId],
    ),
    (
        &[
            "span",
            "span_id",
            "spanid",
            "span-id",
            "otelspanid",
            "otel_span_id",
            "dd.span_id",
            "x-b3-spanid",
            "x_b3_spanid",
        ],
        When::SpanId,
        &[Field::SpanId],
    ),
    (&["transaction", "transaction_id"], When::Always, &[Field::TransactionId]),
    (&["process", "process_name"], When::Always, &[Field::ProcessName]),
    (&["pid", "process_id"], When::Always, &[Field::ProcessPid]),
    (&["thread", "thread_name", "threadname"], When::Always, &[Field::ProcessThreadName]),
    (&["method", "http_method", "request_method"], When::HttpMethod, &[Field::HttpRequestMethod]),
    (
        &["status", "status_code", "statuscode", "http_status"],
        When::HttpStatus,
        &[Field::HttpResponseStatusCode],
    ),
    (&["body_bytes_sent"], When::Always, &[Field::HttpResponseBodyBytes]),
    (
        &["request_id", "requestid", "request-id", "req_id", "reqid", "x-request-id", "x_request_id"],
        When::Always,
        &[Field::HttpRequestId],
    ),
    (&["referer", "referrer", "http_referer"], When::Always, &[Field::HttpRequestReferrer]),
    (&["url", "uri", "request_uri"], When::Always, &[Field::UrlOriginal]),
    (&["user_agent", "useragent", "http_user_agent"], When::Always, &[Field::UserAgentOriginal]),
    (&["source"], When::Always, &[Field::SourceIp, Field::SourceAddress]),
    (
        &["remote_addr", "remote_ip", "client_ip", "clientip"],
        When::Always,
        &[Field::SourceIp, Field::SourceAddress],
    ),
    (&["client"], When::Always, &[Field::ClientIp, Field::ClientAddress]),
    (&["server"], When::Always, &[Field::ServerIp, Field::ServerAddress]),
    (&["destination"], When::Always, &[Field::DestinationIp, Field::DestinationAddress]),
    (&["agent"], When::Always, &[Field::AgentName]),
    (&["cloud"], When::Always, &[Field::CloudProvider]),
    (&["container", "container_name"], When::Always, &[Field::ContainerName]),
    (&["container_id"], When::Always, &[Field::ContainerId]),
    (&["device"], When::Always, &[Field::DeviceId]),
    (&["ecs"], When::Always, &[Field::EcsVersion]),
    (&["event"], When::Always, &[Field::EventAction]),
    (&["faas"], When::Always, &[Field::FaasName]),
    (&["file"], When::Always, &[Field::FilePath]),
    (&["group"], When::Always, &[Field::GroupName]),
    (&["network"], When::Always, &[Field::NetworkName]),
    (&["observer"], When::Always, &[Field::ObserverName]),
    (&["orchestrator"], When::Always, &[Field::OrchestratorType]),
    (&["organization"], When::Always, &[Field::OrganizationName]),
    (&["package"], When::Always, &[Field::PackageName]),
    (&["rule"], When::Always, &[Field::RuleName]),
    (&["vulnerability"], When::Always, &[Field::VulnerabilityId]),
];

/// Names of the id that ties the events of one operation together; a scalar becomes `labels.correlation_id`, if that is
/// free. Case doesn't matter.
pub const CORRELATIONS: &[&str] =
    &["correlation_id", "correlationid", "correlation-id", "x-correlation-id", "x_correlation_id"];

/// Names whose value may be the event's own time, the most telling first. The first that can be read as a time becomes
/// `@timestamp`; the others stay what they are. Case doesn't matter.
pub const TIMES: &[&str] =
    &["@timestamp", "timestamp", "time", "ts", "@t", "date", "datetime", "eventtime", "event_time", "t"];

/// Names that a shipper's attributes have and the schema calls otherwise; all other attributes are taken by their ECS
/// name, or else go to `labels`.
pub const ATTRIBUTES: &[(&str, Field)] = &[
    ("host", Field::HostName),
    ("hostname", Field::HostName),
    ("service", Field::ServiceName),
    ("service_name", Field::ServiceName),
    // Loki's streams carry their level as a label.
    ("level", Field::LogLevel),
    ("severity", Field::LogLevel),
    ("detected_level", Field::LogLevel),
    ("trace_id", Field::TraceId),
    ("span_id", Field::SpanId),
    ("file", Field::LogFilePath),
    ("path", Field::LogFilePath),
    ("filename", Field::LogFilePath),
    ("log.file.name", Field::LogFilePath),
    ("container.image", Field::ContainerImageName),
    ("k8s.cluster.name", Field::OrchestratorClusterName),
    ("k8s.namespace.name", Field::OrchestratorNamespace),
    ("k8s.pod.name", Field::OrchestratorResourceName),
    ("k8s.container.name", Field::ContainerName),
    ("deployment.environment", Field::ServiceEnvironment),
    ("client.address", Field::ClientAddress),
];

/// The name at the top of an event under which Beats tell Logstash which Beat they are and which pipeline they want. Logstash takes it
/// out as well (<https://www.elastic.co/docs/reference/logstash/event-dependent-configuration#metadata>).
pub const ROUTING: &str = "@metadata";

/// Names at the top of a document that search servers keep to themselves.
pub const METADATA: &[&str] = &[
    "_id",
    "_index",
    "_type",
    "_source",
    "_routing",
    "_version",
    "_seq_no",
    "_primary_term",
    "_field_names",
    "_ignored",
    "_ignored_source",
    "_doc_count",
    "_nested_path",
    "_tier",
    "_size",
    "_tsid",
    "_ts_routing_hash",
    "_feature",
    "_meta",
    "_all",
    "_parent",
    "_timestamp",
    "_ttl",
    "_op_type",
    "_score",
    "_explanation",
    "_data_stream_timestamp",
    "_inference_fields",
    "_recovery_source",
    "_uid",
];
