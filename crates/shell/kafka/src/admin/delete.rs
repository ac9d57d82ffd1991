//! Deleting the beginning of partitions: the only deletion that Kafka has.

use rdkafka::admin::AdminOptions;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::{Admin, REQUEST_TIMEOUT};
use crate::error::KafkaError;

impl Admin {
    /// Deletes all records before these offsets, given with their partitions (`DeleteRecords`, KIP-107). They are gone for
    /// good.
    ///
    /// # Errors
    /// When no broker answers, or one refuses: not all can do it. Some of the partitions may be done then.
    pub async fn delete_before(&self, topic: &str, offsets: &[(i32, i64)]) -> Result<(), KafkaError> {
        if offsets.is_empty() {
            return Ok(());
        }
        let failed = |error| KafkaError::of(&error, topic);
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (partition, offset) in offsets {
            list.add_partition_offset(topic, *partition, Offset::Offset(*offset)).map_err(failed)?;
        }
        let options = AdminOptions::new()
            .request_timeout(Some(REQUEST_TIMEOUT))
            .operation_timeout(Some(REQUEST_TIMEOUT));
        let answer = self.shared.client.delete_records(&list, &options).await.map_err(failed)?;
        answer.elements().iter().try_for_each(|partition| partition.error().map_err(failed))
    }
}
