//! A consumer's standing in its group, as a transaction needs it.
//!
//! Offsets that are committed in a transaction go to the group's coordinator by way of the producer. What tells the
//! coordinator that the producer's consumer still owns the partitions is the member's id and its generation (in the new
//! protocol: epoch), which go along (KIP-447). So a consumer that was left behind can't commit over its successor.

use std::fmt;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};

use super::rebalance::Context;

/// A consumer's standing in its group. It is looked up when it is used, so that it is never out of date.
pub struct Member<'a>(&'a BaseConsumer<Context>);

impl<'a> Member<'a> {
    pub(super) const fn new(consumer: &'a BaseConsumer<Context>) -> Self {
        Self(consumer)
    }

    /// Group, member id and generation; `None` when the client is being closed.
    pub(crate) fn metadata(&self) -> Option<ConsumerGroupMetadata> {
        self.0.group_metadata()
    }

    /// The topic that the consumer reads.
    pub(crate) fn topic(&self) -> &str {
        self.0.context().topic()
    }
}

impl fmt::Debug for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("topic", &self.topic()).finish_non_exhaustive()
    }
}
