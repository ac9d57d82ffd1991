//! A member of the new protocol that isn't let into its group.
//!
//! Brokers from before Kafka 4.0, and some that only speak Kafka's protocol, don't have the request by which it would join;
//! librdkafka sees that and does nothing, without a word. Kafka moves a living group to the new protocol when the first
//! member comes that speaks it, but not always: never with `group.consumer.migration.policy=disabled`, and not while members
//! share partitions out by `cooperative-sticky`, whose notes it would lose (seen with Kafka 4.1). It refuses the member, and
//! librdkafka asks again for ever. So a member that gets nothing for a while looks what the group is.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::groups::GroupInfo;

use super::rebalance::Context;

/// How long to wait for an assignment before the first look.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often to look after that: a member may well have no partition because there are fewer of them than members.
const EVERY: Duration = Duration::from_secs(30);

/// How long the broker may take to answer. Nothing is missed meanwhile: there is no partition to read from.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The state that brokers tell, to this old request, of a group that speaks the new protocol; it is listed all the same. A
/// group that speaks the classic one is never dead while it is listed.
const OF_THE_NEW_PROTOCOL: &str = "Dead";

/// When to look next.
#[derive(Debug)]
pub(super) struct Joining {
    look_at: Instant,
}

impl Joining {
    pub(super) fn new() -> Self {
        Self { look_at: Instant::now() + PATIENCE }
    }

    /// Whether a member without any assignment so far is not in its group.
    pub(super) fn is_kept_out(&mut self, consumer: &BaseConsumer<Context>, group: &str) -> bool {
        let context = consumer.context();
        let now = Instant::now();
        if context.has_been_assigned() || now < self.look_at {
            return false;
        }
        if !context.connection.is_reachable() {
            // What it is out of can't be known yet, nor has it had the time to join.
            self.look_at = now + PATIENCE;
            return false;
        }
        self.look_at = now + EVERY;
        match consumer.client().fetch_group_list(Some(group), TIMEOUT) {
            Ok(list) => {
                let found = list.groups().iter().find(|found| found.name() == group);
                tracing::debug!(group, state = found.map(GroupInfo::state), "no assignment so far");
                !found.is_some_and(|found| found.state() == OF_THE_NEW_PROTOCOL && found.members().is_empty())
            }
            Err(error) => {
                tracing::debug!(group, error = %error, "the broker doesn't tell what the group is");
                self.look_at = now + PATIENCE;
                false
            }
        }
    }
}
