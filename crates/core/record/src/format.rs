//! The names of the formats that a sender may declare. The parser reads them, and has their table; ingest only has to know a name when it
//! sees one.

/// The formats with a fixed name, in the order of the reference.
pub const NAMED: &[&str] = &[
    "auto",
    "json",
    "kubernetes_audit",
    "windows_event",
    "auditd",
    "iptables",
    "klog",
    "cef",
    "leef",
    "gelf",
    "otlp",
    "mozdef",
    "journald",
    "docker",
    "cri",
    "haproxy",
    "aws_alb",
    "vpc_flow",
    "postgresql",
    "mysql",
    "redis",
    "kafka",
    "elasticsearch",
    "python",
    "java",
    "syslog",
    "aws_elb",
    "cloudfront",
    "combined",
    "common",
    "error",
    "logfmt",
    "key_value",
    "stack_trace",
    "raw",
];

/// What stands before the colon in the names of formats that the parser's settings define, such as `regex:app`.
pub const CONFIGURED: &[&str] = &["regex", "grok", "csv"];
