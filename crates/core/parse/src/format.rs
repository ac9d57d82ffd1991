//! The formats that events come in: the one table of them.

use std::fmt;

use crate::formats::{
    Reader, access_log, auditd, aws_elb, cef, cloudfront, container, elasticsearch, error_log, gelf, haproxy,
    iptables, java, journald, kafka, key_value, klog, kubernetes_audit, leef, logfmt, mozdef, mysql, otlp,
    postgresql, python, redis, stack_trace, syslog, vpc_flow, windows_event,
};

/// The table. A row has what the reference says of the format, its variant, its name, and its reader.
///
/// `auto` tries readers in this order, so that the more special ones stand before those that take more lines.
macro_rules! formats {
    ($($(#[doc = $doc:literal])+ $variant:ident $name:literal $reader:path;)*) => {
        /// A format, as it was declared or found.
        #[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
        pub enum Format {
            /// Found out for each event, with a memory of what its stream sent before.
            #[default]
            Auto,
            /// One JSON text.
            Json,
            $($(#[doc = $doc])+ $variant,)*
            /// Text that is taken as it is.
            Raw,
            /// A regular expression from the configuration, by its position there.
            Regex(u16),
            /// A grok pattern from the configuration, by its position there.
            Grok(u16),
            /// Columns from the configuration, by their position there.
            Csv(u16),
        }

        impl Format {
            /// The formats with a fixed name, in the order in which they are listed to people.
            pub const NAMED: &[Self] = &[Self::Auto, Self::Json, $(Self::$variant,)* Self::Raw];

            /// The format's name; of one from the configuration just its kind, which keeps metric labels few.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::Auto => "auto",
                    Self::Json => "json",
                    $(Self::$variant => $name,)*
                    Self::Raw => "raw",
                    Self::Regex(_) => "regex",
                    Self::Grok(_) => "grok",
                    Self::Csv(_) => "csv",
                }
            }

            /// What it is, in a sentence.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self {
                    Self::Auto => "Found out for each event, with a memory of what its stream sent before.",
                    Self::Json => "One JSON text.",
                    $(Self::$variant => concat!($($doc),+).trim_ascii_start(),)*
                    Self::Raw => "Text that is taken as it is.",
                    Self::Regex(_) => "A regular expression from the configuration.",
                    Self::Grok(_) => "A grok pattern from the configuration.",
                    Self::Csv(_) => "Comma-separated values with columns from the configuration.",
                }
            }

            /// How it is read, if it is a text format with a fixed name.
            pub(crate) const fn reader(self) -> Option<&'static Reader> {
                match self {
                    $(Self::$variant => Some(&$reader),)*
                    Self::Auto | Self::Json | Self::Raw | Self::Regex(_) | Self::Grok(_) | Self::Csv(_) => None,
                }
            }
        }

        /// The formats that have a reader, in the order in which `auto` tries them.
        pub(crate) const READERS: &[(Format, Reader)] = &[$((Format::$variant, $reader),)*];
    };
}

formats! {
    /// Audit events of Kubernetes, `audit.k8s.io/v1`.
    KubernetesAudit "kubernetes_audit" kubernetes_audit::READER;
    /// Events of Windows as XML.
    WindowsEvent "windows_event" windows_event::READER;
    /// The Linux audit system's records, as auditd writes them.
    Auditd "auditd" auditd::READER;
    /// Lines of the kernel's packet filter: iptables, nftables, ufw.
    Iptables "iptables" iptables::READER;
    /// The logs of klog (Kubernetes), glog and Abseil.
    Klog "klog" klog::READER;
    /// ArcSight's Common Event Format.
    Cef "cef" cef::READER;
    /// IBM's Log Event Extended Format, versions 1.0 and 2.0.
    Leef "leef" leef::READER;
    /// Graylog's Extended Log Format, a JSON object.
    Gelf "gelf" gelf::READER;
    /// A log record of OpenTelemetry, as it is written when it comes in by OTLP.
    Otlp "otlp" otlp::READER;
    /// Events as `MozDef` takes them at `/events`, a JSON object.
    Mozdef "mozdef" mozdef::READER;
    /// An entry of systemd's journal in its export format.
    Journald "journald" journald::READER;
    /// Docker's `json-file`; the line inside is read by itself.
    Docker "docker" container::READER;
    /// The files of Kubernetes' container runtimes; the line inside is read by itself.
    Cri "cri" container::READER;
    /// HAProxy's logs of HTTP and TCP connections.
    Haproxy "haproxy" haproxy::READER;
    /// Access logs of AWS application load balancers.
    AwsAlb "aws_alb" aws_elb::ALB;
    /// Flow logs of AWS VPCs, version 2.
    VpcFlow "vpc_flow" vpc_flow::READER;
    /// `PostgreSQL`'s log, plain, CSV or JSON.
    Postgresql "postgresql" postgresql::READER;
    /// The error log of `MySQL` and `MariaDB`, and entries of their slow query log.
    Mysql "mysql" mysql::READER;
    /// The log of Redis and Valkey.
    Redis "redis" redis::READER;
    /// Kafka's `server.log`.
    Kafka "kafka" kafka::READER;
    /// The logs of Elasticsearch and OpenSearch.
    Elasticsearch "elasticsearch" elasticsearch::READER;
    /// Python's `logging` with its default and the manual's patterns.
    Python "python" python::READER;
    /// Log4j, Logback and `java.util.logging` with the usual patterns.
    Java "java" java::READER;
    /// RFC 5424, RFC 3164, or what syslog daemons write to files.
    Syslog "syslog" syslog::READER;
    /// Access logs of AWS classic load balancers.
    AwsElb "aws_elb" aws_elb::ELB;
    /// Standard access logs of AWS CloudFront.
    Cloudfront "cloudfront" cloudfront::READER;
    /// The same as `common` with referrer and user agent, nginx's and Apache's `combined`.
    Combined "combined" access_log::COMBINED;
    /// The Common Log Format of access logs.
    Common "common" access_log::COMMON;
    /// The error logs of nginx and Apache.
    Error "error" error_log::READER;
    /// logfmt: `key=value` pairs between white space.
    Logfmt "logfmt" logfmt::READER;
    /// Pairs of keys and values, however they are separated.
    KeyValue "key_value" key_value::READER;
    /// Stack traces of Java, Python, Go and Node as events of their own.
    StackTrace "stack_trace" stack_trace::READER;
}

impl Format {
    /// The format with this fixed name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().copied().find(|format| format.as_str() == name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name_and_described() {
        for format in Format::NAMED {
            assert_eq!(Format::named(format.as_str()), Some(*format));
            assert!(format.about().ends_with('.') && !format.about().starts_with(' '), "{format}");
        }
        let names: Vec<&str> = Format::NAMED.iter().map(|format| format.as_str()).collect();
        assert_eq!(names, forebay_record::format::NAMED, "ingest knows the same names");
        // The table of first bytes has a bit for each.
        assert!(READERS.len() <= 128);
    }
}
