//! How long events take: from their acknowledgement until the search server has them, measured on a sample.
//!
//! Twice a second, one event that was just acknowledged is asked for by its id until it is there. A get by id sees what is
//! written, refreshed or not; so this is the pipeline's time alone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use forebay_settings::sections::SearchSettings;
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::events::Sample;

/// How often a sample is taken.
const EVERY: Duration = Duration::from_millis(500);
/// How often it is asked for.
const ASK: Duration = Duration::from_millis(100);
/// The most samples that are waited for at once; in a long outage no more are taken.
const AT_ONCE: usize = 100;
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(2);

/// Takes samples and keeps how long each took.
#[derive(Debug)]
pub struct Probe {
    url: String,
    client: reqwest::Client,
    took: Mutex<Vec<Duration>>,
}

// === impl Probe ===

impl Probe {
    /// A probe of this search server, asked directly.
    #[must_use]
    pub fn new(search: &SearchSettings) -> Arc<Self> {
        let url = format!("{}/{}", search.url, search.index_prefix);
        Arc::new(Self { url, client: reqwest::Client::new(), took: Mutex::default() })
    }

    /// Takes samples until it is told to stop; those that are not there by then don't count.
    pub async fn watch(self: Arc<Self>, latest: impl Fn() -> Option<Sample>, stop: &CancellationToken) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut last = None;
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let Some(sample) = latest().filter(|sample| Some(sample) != last.as_ref()) else { continue };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            last = Some(sample.clone());
            let (probe, stop) = (Arc::clone(&self), stop.clone());
            let _task = tokio::spawn(async move {
                let _place = place;
                let _stopped = stop.run_until_cancelled(probe.wait_for(&sample)).await;
            });
        }
    }

    /// The time within which this share (0 to 1) of the samples was there; none if there was no sample.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let mut took = self.took.lock().unwrap_or_else(PoisonError::into_inner).clone();
        took.sort_unstable();
        let at = (took.len() as f64 * share).ceil() as usize;
        took.get(at.max(1) - 1).copied()
    }

    async fn wait_for(&self, sample: &Sample) {
        let url = format!("{}-{}/_doc/{}?_source=false", self.url, sample.target, sample.id);
        let mut ticks = interval(ASK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let start = Instant::now();
        loop {
            let _at = ticks.tick().await;
            let answer = self.client.get(&url).timeout(ANSWER).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                self.took.lock().unwrap_or_else(PoisonError::into_inner).push(start.elapsed());
                return;
            }
        }
    }
}
