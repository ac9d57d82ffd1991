//! What can go wrong with Kafka, reduced to what a caller can do about it.
//!
//! librdkafka knows some two hundred codes; here they fall into a few kinds, each with a domain (whose fault) and a hint
//! (is waiting of use). The codes are those of the protocol (<https://kafka.apache.org/protocol#protocol_error_codes>)
//! and librdkafka's own.

use forebay_record::ErrorDomain;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode as Code};
use thiserror::Error;

/// A failed call to Kafka, or a record that was not delivered.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum KafkaError {
    /// The settings can't be used as they are.
    #[error("kafka settings: {0}")]
    Settings(String),
    /// The topic isn't there.
    #[error("topic `{topic}` does not exist: run `forebay bootstrap`")]
    UnknownTopic {
        /// Its name.
        topic: String,
    },
    /// No broker answers, or none that can serve the request just now.
    #[error("kafka is not reachable: {0}")]
    Unreachable(String),
    /// There was no answer in time.
    #[error("kafka did not answer in time: {0}")]
    Timeout(String),
    /// The brokers answer, and can't do it now: too few replicas, an election, a full disk.
    #[error("kafka is not able to do it now: {0}")]
    Busy(String),
    /// The commit came from a member that no longer owns the partitions. Nothing is lost: whoever owns them now starts
    /// from the offset committed last.
    #[error("the group has moved on without this member: {0}")]
    StaleMember(String),
    /// Another process has the same instance id (`kafka.instance_id`), and only one of them can work.
    #[error("the instance id is in use, by another process or by the session of one that crashed: {0}")]
    Fenced(String),
    /// The broker doesn't let this client in, or not at this topic or group.
    #[error("kafka refuses access: {0}")]
    Denied(String),
    /// The record is larger than the broker or topic takes.
    #[error("the record is too large for kafka: {0}")]
    TooLarge(String),
    /// The client can't go on and must be made anew.
    #[error("the kafka client has failed for good: {0}")]
    Fatal(String),
    /// Anything else.
    #[error("kafka: {0}")]
    Other(String),
}

impl KafkaError {
    /// Whose fault it is.
    #[must_use]
    pub fn domain(&self) -> ErrorDomain {
        match self {
            Self::Settings(_)
            | Self::UnknownTopic { .. }
            | Self::Fenced(_)
            | Self::Denied(_)
            | Self::TooLarge(_) => ErrorDomain::User,
            Self::Unreachable(_) | Self::Timeout(_) | Self::Busy(_) | Self::StaleMember(_) => {
                ErrorDomain::Upstream
            }
            Self::Fatal(_) | Self::Other(_) => ErrorDomain::Internal,
        }
    }

    /// Whether the same call may succeed later without anybody changing settings or code. A missing topic and refused
    /// access count: an operator mends them while we wait.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        !matches!(self, Self::Settings(_) | Self::Fenced(_) | Self::TooLarge(_) | Self::Fatal(_))
    }

    /// Whether the client must be made anew. After [`KafkaError::Fenced`] that would fence the other process in turn: it is
    /// better to end, and to say so.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Fatal(_) | Self::Fenced(_))
    }

    /// A stable name for metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Settings(_) => "settings",
            Self::UnknownTopic { .. } => "unknown_topic",
            Self::Unreachable(_) => "unreachable",
            Self::Timeout(_) => "timeout",
            Self::Busy(_) => "busy",
            Self::StaleMember(_) => "stale_member",
            Self::Fenced(_) => "fenced",
            Self::Denied(_) => "denied",
            Self::TooLarge(_) => "too_large",
            Self::Fatal(_) => "fatal",
            Self::Other(_) => "other",
        }
    }

    /// What an error of the client library means for something done to `topic`.
    pub(crate) fn of(error: &ClientError, topic: &str) -> Self {
        match error {
            ClientError::ClientConfig(_, reason, name, value) => {
                Self::Settings(format!("`{name}` can't be `{value}`: {reason}"))
            }
            ClientError::ClientCreation(reason) => Self::Settings(reason.clone()),
            ClientError::MessageConsumptionFatal(code) => Self::Fatal(code.to_string()),
            other => match other.rdkafka_error_code() {
                Some(code) => Self::of_code(code, topic),
                None => Self::Other(other.to_string()),
            },
        }
    }

    /// What a code means for something done to `topic`.
    pub(crate) fn of_code(code: Code, topic: &str) -> Self {
        Self::because(code, topic, code.to_string())
    }

    /// What a code means for something done to `topic`, told in the client library's words.
    pub(crate) fn because(code: Code, topic: &str, reason: String) -> Self {
        match code {
            Code::UnknownTopic
            | Code::UnknownTopicOrPartition
            | Code::UnknownPartition
            | Code::UnknownTopicId => Self::UnknownTopic { topic: topic.to_owned() },
            Code::BrokerTransportFailure | Code::AllBrokersDown | Code::Resolve | Code::NetworkException => {
                Self::Unreachable(reason)
            }
            Code::MessageTimedOut | Code::OperationTimedOut | Code::RequestTimedOut | Code::TimedOutQueue => {
                Self::Timeout(reason)
            }
            Code::NotEnoughReplicas
            | Code::NotEnoughReplicasAfterAppend
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::BrokerNotAvailable
            | Code::ReplicaNotAvailable
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::WaitingForCoordinator
            | Code::KafkaStorageError
            | Code::ConcurrentTransactions
            | Code::GroupMaxSizeReached
            | Code::ThrottlingQuotaExceeded
            | Code::PolicyViolation
            | Code::QueueFull => Self::Busy(reason),
            Code::RebalanceInProgress
            | Code::IllegalGeneration
            | Code::UnknownMemberId
            | Code::FencedInstanceId
            | Code::StaleMemberEpoch
            | Code::FencedMemberEpoch
            | Code::AssignmentLost => Self::StaleMember(reason),
            Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::SaslAuthenticationFailed
            | Code::Authentication
            | Code::SSL => Self::Denied(reason),
            Code::MessageSizeTooLarge | Code::InvalidMessageSize | Code::MessageBatchTooLarge => {
                Self::TooLarge(reason)
            }
            Code::Fatal | Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch => {
                Self::Fatal(reason)
            }
            _ => Self::Other(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: codes as brokers send them.
    /// Guarantees: what an operator or time can mend is worth a retry; what only new settings or code mend is not.
    #[test]
    fn a_code_says_whether_waiting_helps() {
        for (code, name, retriable) in [
            (Code::NotEnoughReplicas, "busy", true),
            (Code::AllBrokersDown, "unreachable", true),
            (Code::UnknownTopicOrPartition, "unknown_topic", true),
            (Code::IllegalGeneration, "stale_member", true),
            (Code::TopicAuthorizationFailed, "denied", true),
            (Code::MessageSizeTooLarge, "too_large", false),
            (Code::Fatal, "fatal", false),
        ] {
            let error = KafkaError::of_code(code, "t");
            assert_eq!((error.name(), error.is_retriable()), (name, retriable), "{code}");
        }
    }

    #[test]
    fn a_missing_topic_says_what_to_do() {
        let error = KafkaError::of_code(Code::UnknownTopic, "forebay.raw");
        assert_eq!(error.to_string(), "topic `forebay.raw` does not exist: run `forebay bootstrap`");
    }
}
