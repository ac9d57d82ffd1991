//! A Kafka broker inside the process, for `forebay dev` and for fast tests.
//!
//! One node, loopback only, no authentication, data in one SQLite file. It speaks enough of Kafka's protocol for
//! librdkafka: produce with `acks=all` and idempotence, fetch, consumer groups, committed offsets, admin requests for
//! topics. Records, topics and committed offsets outlive restarts and `kill -9`; an acknowledged record can be lost
//! only when the machine itself goes down, since SQLite's log is not synced on every commit.
//!
//! The broker is `tansu`, behind the feature `embedded`, because it takes minutes to build. Without the feature the
//! API stays and [`EmbeddedBroker::start`] answers [`BrokerError::NotBuilt`].
//!
//! What is ours, and why (see `engine`):
//! - the accept loop, so that port 0 works and nothing is printed;
//! - the fetch service: the original answers at once or sleeps blindly, and never delivers a record above 5 MiB;
//! - one thread with a runtime of its own: SQLite's calls block, and the broker's own chatter in the log is cut off.
//!
//! Gaps against Kafka: topics are created only by [`EmbeddedOptions::topics`] or an admin client, and are never
//! deleted; transactions can't be aborted; offsets can't be looked up by timestamp; a topic keeps its partition count.

mod data_dir;
#[cfg(feature = "embedded")]
mod engine;
mod tuning;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "embedded")]
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

pub use crate::tuning::recommended_properties;

/// What the broker needs to start.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// The folder that holds the data. It is created when absent; one broker at a time may use it.
    pub data_dir: PathBuf,
    /// Where to listen: a loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Topics that must exist. Those that are there already stay as they are.
    pub topics: Vec<TopicSpec>,
    /// Stops the broker. Cancel it last: the tiers need the broker while they drain.
    pub shutdown: CancellationToken,
}

/// A topic to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// The topic's name.
    pub name: String,
    /// How many partitions it gets; at least 1. A fetch costs a query per partition, so keep it small.
    pub partitions: i32,
    /// How long records are kept; `None` keeps them for good.
    pub retention: Option<Duration>,
}

/// Why the broker didn't start, or stopped badly.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// The feature `embedded` is off.
    #[error(
        "built without the embedded broker: build with the feature `embedded`, or set kafka.bootstrap_servers"
    )]
    NotBuilt,
    /// The broker has no authentication, so it listens on loopback only.
    #[error("the embedded broker listens on loopback only, not on {0}")]
    NotLoopback(SocketAddr),
    /// Another process uses the folder.
    #[error("the data folder {} is in use by another forebay process", .0.display())]
    InUse(PathBuf),
    /// The folder can't be created, locked or named to SQLite.
    #[error("the data folder {} can't be used", .path.display())]
    DataDir {
        /// The folder, or the file in it.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The address can't be bound.
    #[error("can't listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The storage can't be opened, or refused a topic.
    #[error("the embedded broker's storage failed: {0}")]
    Storage(String),
    /// The broker's thread couldn't start, or ended without a word.
    #[error("the embedded broker's thread ended early")]
    Thread,
}

/// A running broker. Dropping it stops it without waiting; [`EmbeddedBroker::stop`] waits.
#[derive(Debug)]
pub struct EmbeddedBroker {
    address: SocketAddr,
    shutdown: CancellationToken,
    #[cfg(feature = "embedded")]
    ended: oneshot::Receiver<()>,
}

// === impl EmbeddedBroker ===

impl EmbeddedBroker {
    /// Starts the broker and returns when it answers and its topics exist.
    ///
    /// # Errors
    /// [`BrokerError`]: each variant says what is wrong and where.
    #[cfg(feature = "embedded")]
    pub async fn start(options: EmbeddedOptions) -> Result<Self, BrokerError> {
        if !options.listen.ip().is_loopback() {
            return Err(BrokerError::NotLoopback(options.listen));
        }
        let shutdown = options.shutdown.child_token();
        let (address, ended) = engine::spawn(options, shutdown.clone()).await?;
        tracing::info!(%address, "embedded broker ready");
        Ok(Self { address, shutdown, ended })
    }

    /// Answers [`BrokerError::NotBuilt`]: the feature `embedded` is off.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(feature = "embedded"))]
    #[expect(clippy::unused_async, reason = "the signature is that of the build with the broker")]
    pub async fn start(_options: EmbeddedOptions) -> Result<Self, BrokerError> {
        Err(BrokerError::NotBuilt)
    }

    /// The address for `bootstrap.servers`, which is also the one that the broker advertises.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        self.address.to_string()
    }

    /// Closes all connections and the storage, frees the data folder, and returns when that is done.
    ///
    /// # Errors
    /// [`BrokerError::Thread`] when the broker had ended by itself before.
    #[cfg(feature = "embedded")]
    pub async fn stop(mut self) -> Result<(), BrokerError> {
        self.shutdown.cancel();
        (&mut self.ended).await.map_err(|_| BrokerError::Thread)
    }

    /// Never called: without the feature no broker exists.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(feature = "embedded"))]
    #[expect(clippy::unused_async, reason = "the signature is that of the build with the broker")]
    pub async fn stop(self) -> Result<(), BrokerError> {
        Err(BrokerError::NotBuilt)
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

// === impl TopicSpec ===

impl TopicSpec {
    /// A topic that keeps its records for good.
    #[must_use]
    pub fn new(name: impl Into<String>, partitions: i32) -> Self {
        Self { name: name.into(), partitions, retention: None }
    }
}

#[cfg(all(test, not(feature = "embedded")))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn says_that_it_was_not_built() {
        let options = EmbeddedOptions {
            data_dir: PathBuf::from("unused"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            topics: Vec::new(),
            shutdown: CancellationToken::new(),
        };
        assert!(matches!(EmbeddedBroker::start(options).await, Err(BrokerError::NotBuilt)));
    }
}
