//! The client: sends batches at a rate, sends again what was not acknowledged, and remembers what was.
//!
//! It does what the documentation asks of a client: after 429, 503 and a lost connection the same batch goes out again, with
//! the same ids. An outage holds it up, since only so many requests are under way; afterwards it catches up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use forebay_testkit::oracle::Oracle;
use rand::Rng;
use reqwest::Client;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::events::{BATCH, Batch, Events, Sample};
use crate::ledger::Owed;

/// Connections, and so requests under way at once, of a client that isn't told otherwise.
const CONNECTIONS: usize = 16;
/// How long a request may take: longer than ingest waits for the broker.
const REQUEST: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(2);
/// The pause before a batch is sent again.
const PAUSE: Duration = Duration::from_millis(250);

/// Sends batches to one of several ingests.
#[derive(Clone, Debug)]
pub struct Sender {
    shared: Arc<Shared>,
    connections: usize,
}

#[derive(Debug)]
struct Shared {
    urls: Vec<String>,
    events: Events,
    oracle: Arc<Oracle>,
    next: AtomicU64,
    owed: Mutex<Owed>,
    latest: Mutex<Option<u64>>,
    slowest: Mutex<Duration>,
    answers: Mutex<BTreeMap<String, u64>>,
}

/// How much is sent, and how fast.
#[derive(Clone, Debug)]
pub struct Load {
    /// Events per second; as fast as it goes without.
    pub rate: Option<u64>,
    /// Ends after so many batches.
    pub batches: Option<u64>,
    /// Ends when this is cancelled: what is under way is then sent until it is acknowledged.
    pub stop: CancellationToken,
    /// Gives up when this is cancelled: what is under way then counts as sent and not acknowledged.
    pub give_up: CancellationToken,
}

// === impl Sender ===

impl Sender {
    /// A client of these ingests, which tells the oracle what is owed.
    #[must_use]
    pub fn new(urls: Vec<String>, events: Events, oracle: Arc<Oracle>) -> Self {
        let shared = Shared {
            urls,
            events,
            oracle,
            next: AtomicU64::new(0),
            owed: Mutex::default(),
            latest: Mutex::new(None),
            slowest: Mutex::default(),
            answers: Mutex::default(),
        };
        Self { shared: Arc::new(shared), connections: CONNECTIONS }
    }

    /// The same client with so many connections.
    #[must_use]
    pub fn over(self, connections: usize) -> Self {
        Self { connections, ..self }
    }

    /// Sends until the load says that it is enough. Batches go on where the last load ended.
    ///
    /// # Errors
    /// When a sender's task fails.
    pub async fn send(&self, load: Load) -> Result<()> {
        let start = Instant::now();
        let first = self.shared.next.load(Ordering::Relaxed);
        let mut tasks = JoinSet::new();
        for _connection in 0..self.connections {
            let _handle = tasks.spawn(Arc::clone(&self.shared).connection(load.clone(), start, first));
        }
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// What was acknowledged so far, and what has to become of it.
    #[must_use]
    pub fn owed(&self) -> Owed {
        *self.shared.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An event that was acknowledged just now.
    #[must_use]
    pub fn latest(&self) -> Option<Sample> {
        let number = *self.shared.latest.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.events.sample(number?)
    }

    /// The longest time from a batch's first request to its acknowledgement.
    #[must_use]
    pub fn slowest(&self) -> Duration {
        *self.shared.slowest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often each answer came, by status or kind of failure.
    #[must_use]
    pub fn answers(&self) -> BTreeMap<String, u64> {
        self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

// === impl Shared ===

impl Shared {
    /// One connection's work: batch by batch.
    async fn connection(self: Arc<Self>, load: Load, start: Instant, first: u64) -> Result<()> {
        let client = Client::builder().timeout(REQUEST).connect_timeout(CONNECT).build()?;
        while !load.stop.is_cancelled() {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if load.batches.is_some_and(|batches| number >= first + batches) {
                // The number was not used, and is the next load's.
                let _before = self.next.fetch_sub(1, Ordering::Relaxed);
                break;
            }
            if let Some(rate) = load.rate {
                let due = start + Duration::from_secs_f64(((number - first) * BATCH) as f64 / rate as f64);
                let _stopped = load.stop.run_until_cancelled(sleep_until(due)).await;
            }
            self.deliver(&client, number, &load.give_up).await;
        }
        Ok(())
    }

    /// Sends a batch until it is acknowledged.
    async fn deliver(&self, client: &Client, number: u64, give_up: &CancellationToken) {
        let batch = self.events.batch(number);
        let began = Instant::now();
        let found = batch.ids.iter().zip(&batch.fates).flat_map(|(id, fate)| fate.ids(id));
        loop {
            let Some(accepted) = give_up.run_until_cancelled(self.post(client, &batch)).await else {
                found.for_each(|id| self.oracle.attempted(id));
                return;
            };
            if accepted {
                found.for_each(|id| self.oracle.acknowledged(id));
                *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(number);
                let mut slowest = self.slowest.lock().unwrap_or_else(PoisonError::into_inner);
                *slowest = began.elapsed().max(*slowest);
                drop(slowest);
                let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
                *owed = batch.fates.iter().fold(*owed, |owed, fate| owed.and(*fate));
                return;
            }
            let _gave_up = give_up.run_until_cancelled(sleep(PAUSE)).await;
        }
    }

    /// Sends a batch once, to any ingest. Whether all of it was accepted.
    async fn post(&self, client: &Client, batch: &Batch) -> bool {
        let at = rand::rng().random_range(0..self.urls.len());
        let url = format!("{}{}", self.urls.get(at).map_or("", String::as_str), batch.path);
        let mut request =
            client.post(url).header("content-type", batch.content_type).body(batch.body.clone());
        if let Some(key) = &batch.key {
            request = request.header("idempotency-key", key);
        }
        let answer = async {
            let response = request.send().await?;
            let status = response.status().as_u16();
            Ok::<_, reqwest::Error>((status, response.json::<Value>().await?))
        };
        let (accepted, name) = match answer.await {
            Ok((200, body)) if body["accepted"] == BATCH => (true, "200".to_owned()),
            Ok((200, _)) => (false, "200 for a part".to_owned()),
            Ok((status, body)) => {
                let kind = body["error"]["type"].as_str().unwrap_or_default();
                (false, format!("{status} {kind}"))
            }
            Err(error) if error.is_timeout() => (false, "no answer in time".to_owned()),
            Err(error) if error.is_connect() => (false, "no connection".to_owned()),
            Err(_) => (false, "connection lost".to_owned()),
        };
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        accepted
    }
}
