//! Tells waiting fetches that a topic has new records.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// A version per topic that grows with each write, and a bell.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    versions: Mutex<HashMap<String, u64>>,
    bell: Notify,
}

// === impl Arrivals ===

impl Arrivals {
    /// Says that `topics` may have new records.
    pub(crate) fn announce<'a>(&self, topics: impl Iterator<Item = &'a str>) {
        {
            let mut versions = self.lock();
            for topic in topics {
                match versions.get_mut(topic) {
                    Some(version) => *version += 1,
                    None => drop(versions.insert(topic.to_owned(), 1)),
                }
            }
        }
        self.bell.notify_waiters();
    }

    /// What [`Arrivals::changed`] compares with; take it before reading.
    pub(crate) fn seen(&self, topics: &[String]) -> u64 {
        let versions = self.lock();
        topics.iter().filter_map(|topic| versions.get(topic)).sum()
    }

    /// Waits until one of `topics` was written to since `seen` was taken.
    pub(crate) async fn changed(&self, topics: &[String], seen: u64) {
        loop {
            let rung = self.bell.notified();
            tokio::pin!(rung);
            // Listen first and look second, or an announcement in between would be missed.
            let _already = rung.as_mut().enable();
            if self.seen(topics) != seen {
                return;
            }
            rung.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    /// Scenario: a write to another topic, then one to ours.
    /// Guarantees: only ours wakes the waiter, even when it came between looking and waiting.
    #[tokio::test]
    async fn only_the_own_topic_wakes() {
        let arrivals = Arrivals::default();
        let ours = ["ours".to_owned()];
        let seen = arrivals.seen(&ours);
        arrivals.announce(["other"].into_iter());
        let waiting = arrivals.changed(&ours, seen);
        tokio::pin!(waiting);
        let once = std::future::poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_ready()));
        assert!(!once.await, "a write to another topic woke it");
        arrivals.announce(["ours"].into_iter());
        waiting.await;
        assert_ne!(arrivals.seen(&ours), seen);
    }
}
