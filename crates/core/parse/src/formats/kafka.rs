//! Apache Kafka's `server.log`: `[time] LEVEL message (logger)`.
//!
//! A message may have several lines, as when a broker prints its configuration; the logger stands behind the last. A
//! stack trace after that goes to `error.*`.
//!
//! Source: `config/log4j2.yaml` of the distribution, whose pattern is `[%d] %p %m (%c)%n`,
//! <https://kafka.apache.org/documentation/#log4j>.

use super::java::head::{is_level, is_logger};
use super::stack_trace::java as trace;
use super::{Guess, Reader, java, stamp};
use crate::shape::EventTime;

/// A date in brackets, and a level that isn't.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte == b'[',
        looks_like: |text| {
            text.as_bytes().get(5) == Some(&b'-') && text.get(24..).is_some_and(|rest| rest.starts_with("] "))
        },
    }),
    read: |text, context, shape| {
        let (text, trace) = trace::split_off(text);
        let (time, rest) = stamp::take_iso(text.strip_prefix('[')?, context.clock)?;
        let (level, rest) = rest.strip_prefix("] ")?.split_once(' ').filter(|(level, _)| is_level(level))?;
        let (message, logger) = rest.trim_end().strip_suffix(')')?.rsplit_once('(')?;
        if !is_logger(logger) || !message.ends_with([' ', '\n']) {
            return None;
        }
        java::place(shape, (level, logger, message.trim_end()), trace);
        Some(EventTime::of(Some(time)))
    },
};

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::Format;

    /// Written by a Kafka 4.1.0 that got a request for a web server and one for an API that doesn't exist.
    pub(crate) const SAMPLES: Samples = Samples {
        format: "kafka",
        auto: &[Format::Kafka],
        read: &[
            (
                "[2026-11-21 08:59:58,867] INFO [QuorumController id=1] Replayed a FeatureLevelRecord setting feature group.version to 1 (org.apache.kafka.controller.FeatureControlManager)",
                r#"{"@timestamp": "2026-11-21T08:59:58.867Z", "log": {"level": "INFO", "logger": "org.apache.kafka.controller.FeatureControlManager"},
                "message": "[QuorumController id=1] Replayed a FeatureLevelRecord setting feature group.version to 1"}"#,
            ),
            (
                "[2026-11-21 08:59:58,231] INFO KafkaConfig values: \n\tadd.partitions.to.txn.retry.backoff.max.ms = 100\n\tadvertised.listeners = PLAINTEXT://127.0.0.1:9092\n (org.apache.kafka.common.config.AbstractConfig)",
                r#"{"@timestamp": "2026-11-21T08:59:58.231Z", "log": {"level": "INFO", "logger": "org.apache.kafka.common.config.AbstractConfig"},
                "message": "KafkaConfig values: \n\tadd.partitions.to.txn.retry.backoff.max.ms = 100\n\tadvertised.listeners = PLAINTEXT://127.0.0.1:9092"}"#,
            ),
            (
                "[2026-11-21 08:59:58,457] WARN [SocketServer listenerType=BROKER, nodeId=1] Unexpected error from /127.0.0.1 (channelId=127.0.0.1:9092-127.0.0.1:48402-0-0); closing connection (org.apache.kafka.common.network.Selector)\norg.apache.kafka.common.network.InvalidReceiveException: Invalid receive (size = 1195725856 larger than 104857600)\n\tat org.apache.kafka.common.network.NetworkReceive.readFrom(NetworkReceive.java:95) ~[kafka-clients-4.1.0.jar:?]\n\tat kafka.network.Processor.poll(SocketServer.scala:1010) [kafka_2.13-4.1.0.jar:?]",
                r#"{"@timestamp": "2026-11-21T08:59:58.457Z", "log": {"level": "WARN", "logger": "org.apache.kafka.common.network.Selector"},
                "message": "[SocketServer listenerType=BROKER, nodeId=1] Unexpected error from /127.0.0.1 (channelId=127.0.0.1:9092-127.0.0.1:48402-0-0); closing connection",
                "error": {"type": "org.apache.kafka.common.network.InvalidReceiveException", "message": "Invalid receive (size = 1195725856 larger than 104857600)",
                "stack_trace": "org.apache.kafka.common.network.InvalidReceiveException: Invalid receive (size = 1195725856 larger than 104857600)\n\tat org.apache.kafka.common.network.NetworkReceive.readFrom(NetworkReceive.java:95) ~[kafka-clients-4.1.0.jar:?]\n\tat kafka.network.Processor.poll(SocketServer.scala:1010) [kafka_2.13-4.1.0.jar:?]"}}"#,
            ),
            (
                "[2026-11-21 08:59:58,487] ERROR Closing socket for 127.0.0.1:9092-127.0.0.1:48416-1-0 because of error (kafka.network.Processor)\norg.apache.kafka.common.errors.InvalidRequestException: Error parsing request header. Our best guess of the apiKeyId is: 32639\nCaused by: java.lang.IllegalArgumentException: Unexpected api key: 32639\n\tat org.apache.kafka.common.protocol.ApiKeys.forId(ApiKeys.java:209) ~[kafka-clients-4.1.0.jar:?]",
                r#"{"@timestamp": "2026-11-21T08:59:58.487Z", "log": {"level": "ERROR", "logger": "kafka.network.Processor"},
                "message": "Closing socket for 127.0.0.1:9092-127.0.0.1:48416-1-0 because of error",
                "error": {"type": "org.apache.kafka.common.errors.InvalidRequestException", "message": "Error parsing request header. Our best guess of the apiKeyId is: 32639",
                "stack_trace": "org.apache.kafka.common.errors.InvalidRequestException: Error parsing request header. Our best guess of the apiKeyId is: 32639\nCaused by: java.lang.IllegalArgumentException: Unexpected api key: 32639\n\tat org.apache.kafka.common.protocol.ApiKeys.forId(ApiKeys.java:209) ~[kafka-clients-4.1.0.jar:?]"}}"#,
            ),
        ],
        refused: &[
            "",
            "[2026-11-21 08:59:58,867] INFO no logger",
            "[2026-11-21 08:59:58,867] INFO a remark (two words)",
            "[2026-11-21 08:59:58,867] hello there (a.b.C)",
            "2026-11-21 08:59:58,867 INFO text (a.b.C)",
            "[2026-11-21 08:59:58,867][INFO ][a.b.C] [node] text",
        ],
    };
}
