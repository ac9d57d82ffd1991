//! The stage between poll loop and writer: cuts loads, hands them over, lets go of what belongs to others.

use std::sync::Arc;

use forebay_bulk::BulkBuilder;
use forebay_delivery::Gate;
use forebay_kafka::{KafkaError, Member, RecordBatch};
use forebay_worker::{Gather, Shared, Stage, WorkerError};
use forebay_writing::Draft;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::records::{Records, Spares};
use crate::tools::Tools;
use crate::writer::Writer;

/// One life of the client. When it ends, its writer ends with it: what is under way is read again.
pub(crate) struct IndexerStage {
    tools: Arc<Tools>,
    shared: Shared,
    writer: Arc<Writer>,
    task: AbortHandle,
    builder: BulkBuilder,
    spares: Spares,
    /// Whether partitions may have gone, with loads that are still being written.
    is_stale: bool,
}

// === impl IndexerStage ===

impl IndexerStage {
    /// Starts a writer on the runtime.
    pub(crate) fn new(tools: Arc<Tools>, shared: Shared, runtime: &Handle) -> Self {
        let writer = Arc::new(Writer::new(Arc::clone(&tools), shared.clone()));
        let task = runtime.spawn(Arc::clone(&writer).run()).abort_handle();
        let (builder, spares) = (BulkBuilder::new(), Spares::default());
        Self { tools, shared, writer, task, builder, spares, is_stale: false }
    }
}

impl Stage for IndexerStage {
    fn gather(&self) -> Gather {
        self.tools.config.gather
    }

    fn gate(&self) -> Gate {
        self.writer.gate()
    }

    fn spare(&mut self) -> RecordBatch {
        self.spares.get()
    }

    fn take(&mut self, records: RecordBatch) -> Result<(), WorkerError> {
        let offsets = records.iter().map(|record| (record.partition, record.offset));
        // Can't fail unless the client gives records of partitions that it has not assigned. Starting it anew reads them
        // again from what is committed.
        let receipt = self.shared.lock().open(offsets, records.bytes());
        let receipt = receipt.map_err(|error| KafkaError::Other(error.to_string()))?;
        let records = Records::new(records, &self.spares);
        let draft = Draft::new(records, &mut self.builder, &self.tools.config.prefix);
        self.writer.take(draft, receipt);
        Ok(())
    }

    fn advance(&mut self, _member: &Member<'_>) -> Result<(), WorkerError> {
        if std::mem::take(&mut self.is_stale) {
            self.writer.abandon();
        }
        if let Some(error) = self.tools.producer.failed() {
            return Err(WorkerError::Tier(error));
        }
        match self.writer.failed() {
            Some(reason) => Err(WorkerError::Client(KafkaError::Other(reason))),
            None => Ok(()),
        }
    }

    fn give_up(&mut self) {
        // The partitions go right after this call.
        self.is_stale = true;
    }
}

impl Drop for IndexerStage {
    fn drop(&mut self) {
        self.task.abort();
    }
}
