//! The writer of a command: it waits.

use forebay_audit::{Chain, Entry};
use forebay_kafka::KafkaError;
use forebay_settings::sections::KafkaSettings;
use jiff::Timestamp;

use crate::outlet::{Outlet, writer_name};

/// Writes the records of one command.
#[derive(Debug)]
pub struct Writer {
    chain: Chain,
    outlet: Outlet,
}

impl Writer {
    /// A writer of this kind, such as `cli`, with a chain of its own.
    ///
    /// # Errors
    /// When no broker answers within seconds, or the topic isn't there.
    pub async fn open(settings: &KafkaSettings, kind: &str) -> Result<Self, KafkaError> {
        let outlet = Outlet::open(settings).await?;
        Ok(Self { chain: Chain::new(&writer_name(kind)), outlet })
    }

    /// Writes a record, and waits until all in-sync replicas have it.
    ///
    /// # Errors
    /// When that isn't known after some seconds. The record may be there all the same, and this writer is of no use any more.
    pub async fn write(&mut self, entry: &Entry) -> Result<(), KafkaError> {
        let seen = self.outlet.last().await?;
        let bytes = self.chain.record(entry, Timestamp::now(), seen);
        self.outlet.send(&bytes).await
    }
}
