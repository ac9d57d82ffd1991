//! A member of the new protocol that the group doesn't let in, because the group speaks the classic one.
//!
//! Kafka moves a living group to the new protocol when the first member comes that speaks it, but not always: never with
//! `group.consumer.migration.policy=disabled`, and not while members share partitions out by `cooperative-sticky`, whose notes
//! it would lose (seen with Kafka 4.1). It refuses the member, and librdkafka asks again for ever without a word. So a member
//! that gets nothing for a while looks what the group is.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};

use super::rebalance::Context;

/// How long to wait for an assignment before the first look.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often to look after that: a member may well have no partition because there are fewer of them than members.
const EVERY: Duration = Duration::from_secs(30);

/// How long the broker may take to answer. Nothing is missed meanwhile: there is no partition to read from.
const TIMEOUT: Duration = Duration::from_secs(2);

/// When to look next.
#[derive(Debug)]
pub(super) struct Joining {
    look_at: Instant,
}

impl Joining {
    pub(super) fn new() -> Self {
        Self { look_at: Instant::now() + PATIENCE }
    }

    /// Whether a member without any assignment so far is kept out by a group that speaks the classic protocol.
    pub(super) fn is_kept_out(&mut self, consumer: &BaseConsumer<Context>, group: &str) -> bool {
        if consumer.context().has_been_assigned() || Instant::now() < self.look_at {
            return false;
        }
        self.look_at = Instant::now() + EVERY;
        match consumer.client().fetch_group_list(Some(group), TIMEOUT) {
            // The request is an old one: of groups that speak the new protocol it tells no members.
            Ok(list) => {
                list.groups().iter().any(|found| found.name() == group && !found.members().is_empty())
            }
            Err(error) => {
                tracing::debug!(group, error = %error, "the broker doesn't tell what the group is");
                self.look_at = Instant::now() + PATIENCE;
                false
            }
        }
    }
}
