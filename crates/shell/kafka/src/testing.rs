//! A broker for tests, in the test's own process: librdkafka's mock cluster, with faults on demand.
//!
//! It speaks the real protocol over loopback, groups and idempotence included. It keeps nothing on disk, has no
//! transactions worth the name, and creates topics with four partitions when asked for one that it doesn't know.

use std::fmt;
use std::time::Duration;

use forebay_settings::sections::{GroupProtocol, KafkaSettings};
use forebay_settings::units::Period;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::error::KafkaError;

/// A cluster that lives as long as this value.
pub struct TestCluster {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

/// What a broker may answer instead of doing what it was asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Too few replicas are in sync: passing.
    NotEnoughReplicas,
    /// The replicas did not answer in time: passing.
    RequestTimedOut,
    /// Another broker leads now: passing.
    NotLeader,
    /// The client may not write or read there: lasting, until somebody grants it.
    TopicDenied,
    /// The client may not write anywhere: lasting, and the end of an idempotent producer.
    ClusterDenied,
    /// The record is too large for the topic: lasting.
    RecordTooLarge,
    /// The group has a newer generation.
    IllegalGeneration,
    /// The topic isn't there.
    UnknownTopic,
    /// The broker's memory of what it has doesn't fit to the producer's: the producer has failed for good.
    OutOfOrder,
    /// Something went wrong inside of the broker.
    Unknown,
    /// Another producer has taken the transactional id: lasting.
    Fenced,
}

/// Which requests a fault hits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Request {
    /// Writing records.
    Produce,
    /// Reading records.
    Fetch,
    /// Committing offsets.
    Commit,
    /// Asking for topics and brokers.
    Metadata,
    /// A producer's first request: the id by which its records are told apart.
    InitProducer,
    /// Committing or aborting a transaction.
    EndTransaction,
}

impl TestCluster {
    /// Starts a cluster of so many brokers.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn start(brokers: i32) -> Result<Self, KafkaError> {
        let cluster = MockCluster::new(brokers).map_err(|error| KafkaError::of(&error, ""))?;
        Ok(Self { cluster })
    }

    /// Settings for a client of this cluster, with times fit for a test.
    #[must_use]
    pub fn settings(&self) -> KafkaSettings {
        KafkaSettings {
            bootstrap_servers: self.cluster.bootstrap_servers(),
            linger: Period::from_millis(2),
            delivery_timeout: Period::from_secs(20),
            session_timeout: Period::from_secs(6),
            group_protocol: GroupProtocol::Classic,
            ..KafkaSettings::default()
        }
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// When it is there already.
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<(), KafkaError> {
        self.cluster.create_topic(name, partitions, 1).map_err(|error| KafkaError::of(&error, name))
    }

    /// Answers the next requests of a kind with these faults, one each, then goes back to work.
    pub fn fail_next(&self, request: Request, faults: &[Fault]) {
        let errors: Vec<RDKafkaRespErr> = faults.iter().map(|fault| fault.code()).collect();
        self.cluster.request_errors(request.api_key(), &errors);
    }

    /// Answers everything that concerns a topic with this fault, until [`TestCluster::mend_topic`].
    ///
    /// # Errors
    /// When the topic isn't there.
    pub fn break_topic(&self, topic: &str, fault: Fault) -> Result<(), KafkaError> {
        self.cluster.topic_error(topic, fault.code()).map_err(|error| KafkaError::of(&error, topic))
    }

    /// Ends [`TestCluster::break_topic`].
    ///
    /// # Errors
    /// When the topic isn't there.
    pub fn mend_topic(&self, topic: &str) -> Result<(), KafkaError> {
        let none = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
        self.cluster.topic_error(topic, none).map_err(|error| KafkaError::of(&error, topic))
    }

    /// Takes a broker (from 1) off the network: connections are cut, new ones are refused.
    ///
    /// # Errors
    /// When there is no such broker.
    pub fn broker_down(&self, broker: i32) -> Result<(), KafkaError> {
        self.cluster.broker_down(broker).map_err(|error| KafkaError::of(&error, ""))
    }

    /// Makes each of a broker's answers (from 1) take so long, from now on.
    ///
    /// # Errors
    /// When there is no such broker.
    pub fn round_trip(&self, broker: i32, time: Duration) -> Result<(), KafkaError> {
        self.cluster.broker_round_trip_time(broker, time).map_err(|error| KafkaError::of(&error, ""))
    }

    /// Brings it back, with all that it held.
    ///
    /// # Errors
    /// When there is no such broker.
    pub fn broker_up(&self, broker: i32) -> Result<(), KafkaError> {
        self.cluster.broker_up(broker).map_err(|error| KafkaError::of(&error, ""))
    }
}

impl fmt::Debug for TestCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestCluster").field("bootstrap_servers", &self.cluster.bootstrap_servers()).finish()
    }
}

impl Fault {
    fn code(self) -> RDKafkaRespErr {
        match self {
            Self::NotEnoughReplicas => RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            Self::RequestTimedOut => RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            Self::NotLeader => RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            Self::TopicDenied => RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            Self::ClusterDenied => RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
            Self::RecordTooLarge => RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
            Self::IllegalGeneration => RDKafkaRespErr::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
            Self::UnknownTopic => RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
            Self::OutOfOrder => RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
            Self::Unknown => RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN,
            Self::Fenced => RDKafkaRespErr::RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
        }
    }
}

impl Request {
    fn api_key(self) -> RDKafkaApiKey {
        match self {
            Self::Produce => RDKafkaApiKey::Produce,
            Self::Fetch => RDKafkaApiKey::Fetch,
            Self::Commit => RDKafkaApiKey::OffsetCommit,
            Self::Metadata => RDKafkaApiKey::Metadata,
            Self::InitProducer => RDKafkaApiKey::InitProducerId,
            Self::EndTransaction => RDKafkaApiKey::EndTxn,
        }
    }
}
