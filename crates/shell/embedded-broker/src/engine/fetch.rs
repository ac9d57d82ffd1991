//! The fetch service: answers as soon as there is something, and waits without work while there is nothing.
//!
//! The semantics are those of KIP-74: limits bound an answer, but the first record always goes out, however large.

use std::sync::Arc;
use std::time::Duration;

use rama::{Context, Service};
use tansu_broker::Error;
use tansu_sans_io::fetch_request::{FetchPartition, FetchTopic};
use tansu_sans_io::fetch_response::{FetchableTopicResponse, PartitionData};
use tansu_sans_io::record::deflated::{Batch, Frame};
use tansu_sans_io::{ErrorCode, FetchRequest, FetchResponse, IsolationLevel};
use tansu_storage::{OffsetStage, Storage as _, StorageContainer, Topition};
use tokio::time::{Instant, timeout_at};

use super::arrivals::Arrivals;
use super::catalog::{Catalog, Topic};

/// The most that one answer holds; the storage builds it in memory, several copies of it at once.
const MAX_ANSWER: u32 = 4 * 1024 * 1024;
/// The most that one record may have: above what any Forebay producer sends (8 MiB).
const MAX_RECORD: u32 = 16 * 1024 * 1024;
/// The longest wait, whatever the client asks for.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// Reads, and waits for arrivals.
#[derive(Clone, Debug)]
pub(crate) struct WaitingFetch {
    pub(crate) storage: StorageContainer,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) arrivals: Arc<Arrivals>,
}

/// One reading of everything that a request names.
struct Reading {
    responses: Vec<FetchableTopicResponse>,
    bytes: u64,
    failed: bool,
}

/// What is left of the answer's room.
struct Budget {
    left: u32,
    isolation: IsolationLevel,
}

impl Service<(), FetchRequest> for WaitingFetch {
    type Response = FetchResponse;
    type Error = Error;

    async fn serve(&self, _context: Context<()>, request: FetchRequest) -> Result<FetchResponse, Error> {
        let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(MAX_WAIT);
        let enough = u64::try_from(request.min_bytes).unwrap_or(0).max(1);
        let deadline = Instant::now() + wait;
        let wanted = request.topics.unwrap_or_default();
        let max_bytes = request.max_bytes.and_then(|max| u32::try_from(max).ok()).unwrap_or(MAX_ANSWER);
        let isolation = request
            .isolation_level
            .and_then(|level| IsolationLevel::try_from(level).ok())
            .unwrap_or(IsolationLevel::ReadUncommitted);

        let names = self.names(&wanted).await?;
        let responses = loop {
            let seen = self.arrivals.seen(&names);
            let budget = Budget { left: max_bytes.min(MAX_ANSWER), isolation };
            let reading = self.read(&wanted, budget).await?;
            if reading.bytes >= enough || reading.failed || wanted.is_empty() {
                break reading.responses;
            }
            if timeout_at(deadline, self.arrivals.changed(&names, seen)).await.is_err() {
                break reading.responses;
            }
        };
        Ok(FetchResponse::default()
            .throttle_time_ms(Some(0))
            .error_code(Some(ErrorCode::None.into()))
            .session_id(Some(0))
            .node_endpoints(Some(Vec::new()))
            .responses(Some(responses)))
    }
}

// === impl WaitingFetch ===

impl WaitingFetch {
    async fn names(&self, wanted: &[FetchTopic]) -> Result<Vec<String>, Error> {
        let mut names = Vec::with_capacity(wanted.len());
        for topic in wanted {
            names.extend(self.catalog.find(&self.storage, topic).await?.map(|topic| topic.name));
        }
        Ok(names)
    }

    async fn read(&self, wanted: &[FetchTopic], mut budget: Budget) -> Result<Reading, Error> {
        let mut reading = Reading { responses: Vec::with_capacity(wanted.len()), bytes: 0, failed: false };
        for fetch in wanted {
            let topic = self.catalog.find(&self.storage, fetch).await?;
            let mut partitions = Vec::new();
            for partition in fetch.partitions.iter().flatten() {
                let data = self.partition(topic.as_ref(), partition, &mut budget, reading.bytes == 0).await?;
                reading.failed |= data.error_code != i16::from(ErrorCode::None);
                reading.bytes += data.records.as_ref().map_or(0, |frame| size(&frame.batches));
                partitions.push(data);
            }
            reading.responses.push(
                FetchableTopicResponse::default()
                    .topic(fetch.topic.clone())
                    .topic_id(topic.map(|topic| topic.id).or(fetch.topic_id).or(Some([0; 16])))
                    .partitions(Some(partitions)),
            );
        }
        Ok(reading)
    }

    async fn partition(
        &self,
        topic: Option<&Topic>,
        fetch: &FetchPartition,
        budget: &mut Budget,
        first: bool,
    ) -> Result<PartitionData, Error> {
        let exists = |topic: &&Topic| usize::try_from(fetch.partition).is_ok_and(|n| n < topic.partitions);
        let Some(topic) = topic.filter(exists) else {
            return Ok(answer(fetch.partition, ErrorCode::UnknownTopicOrPartition, None));
        };
        let topition = Topition::new(topic.name.as_str(), fetch.partition);
        let stage = self.storage.offset_stage(&topition).await?;
        if fetch.fetch_offset < 0 || fetch.fetch_offset > stage.high_watermark() {
            return Ok(answer(fetch.partition, ErrorCode::OffsetOutOfRange, Some(&stage)));
        }
        let end = match budget.isolation {
            IsolationLevel::ReadCommitted => stage.last_stable(),
            IsolationLevel::ReadUncommitted => stage.high_watermark(),
        };
        let mut batches = Vec::new();
        if fetch.fetch_offset < end && (budget.left > 0 || first) {
            let limit = u32::try_from(fetch.partition_max_bytes).unwrap_or(MAX_ANSWER).min(budget.left);
            let read = |limit| self.storage.fetch(&topition, fetch.fetch_offset, 1, limit, budget.isolation);
            batches = read(limit).await?;
            if first && size(&batches) == 0 {
                batches = read(MAX_RECORD).await?;
            }
            batches.retain(|batch| batch.record_count > 0);
            let taken = u32::try_from(size(&batches)).unwrap_or(u32::MAX);
            budget.left = budget.left.saturating_sub(taken);
        }
        let records = (!batches.is_empty()).then_some(Frame { batches });
        Ok(answer(fetch.partition, ErrorCode::None, Some(&stage)).records(records))
    }
}

/// The bytes of the records in `batches`.
fn size(batches: &[Batch]) -> u64 {
    batches.iter().filter(|batch| batch.record_count > 0).map(|batch| batch.record_data.len() as u64).sum()
}

/// An answer for one partition, without records; `stage` is absent when there is no such partition.
fn answer(partition: i32, error: ErrorCode, stage: Option<&OffsetStage>) -> PartitionData {
    PartitionData::default()
        .partition_index(partition)
        .error_code(error.into())
        .high_watermark(stage.map_or(-1, OffsetStage::high_watermark))
        .last_stable_offset(Some(stage.map_or(-1, OffsetStage::last_stable)))
        .log_start_offset(Some(stage.map_or(-1, OffsetStage::log_start)))
        .aborted_transactions(Some(Vec::new()))
        .preferred_read_replica(Some(-1))
        .diverging_epoch(None)
        .current_leader(None)
        .snapshot_id(None)
        .records(None)
}
