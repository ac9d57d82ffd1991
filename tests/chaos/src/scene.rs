//! Where a run takes place: servers, processes, a client, and the judge of what became of its events.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use forebay_testkit::oracle::Oracle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::audit;
use crate::bed::{Bed, Destination};
use crate::events::{Events, WARM_UP};
use crate::fleet::Fleet;
use crate::sender::{Load, Sender};

/// How long everything may take to be in its place.
pub(crate) const WARM: Duration = Duration::from_secs(180);
/// How long what is done under load may take, and what was sent then until it is acknowledged.
const LONGEST: Duration = Duration::from_secs(900);

/// Where a run takes place.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) bed: Bed,
    pub(crate) fleet: Fleet,
    pub(crate) sender: Sender,
    pub(crate) oracle: Arc<Oracle>,
    /// Is told what happens, a line at a time.
    pub(crate) say: fn(&str),
}

// === impl Scene ===

impl Scene {
    /// A client that sends these events to these addresses. Without processes there is none, and files are kept.
    ///
    /// # Errors
    /// When the processes didn't start, or there are no addresses.
    pub(crate) fn set(
        mut bed: Bed,
        fleet: Result<Fleet>,
        events: Events,
        urls: impl FnOnce(&Bed) -> Result<Vec<String>>,
        say: fn(&str),
    ) -> Result<Self> {
        let fleet = match fleet.context("tiers") {
            Ok(fleet) => fleet,
            Err(error) => {
                say(&format!("files are kept in {}", bed.keep().display()));
                return Err(error);
            }
        };
        let oracle = Arc::new(Oracle::new());
        let sender = Sender::new(urls(&bed)?, events, Arc::clone(&oracle));
        Ok(Self { bed, fleet, sender, oracle, say })
    }

    /// Watches the processes, beside everything else: reads what they count, and starts again what ends by itself. It ends only
    /// with an error.
    pub(crate) async fn watch(&self, stop: &CancellationToken) -> anyhow::Error {
        let patrol = tokio::select! {
            patrol = self.fleet.patrol(stop) => patrol,
            () = self.fleet.lives.watch(stop) => Ok(()),
        };
        patrol.err().unwrap_or_else(|| anyhow!("nobody watches any more"))
    }

    /// What comes of `what`, unless the watch breaks before.
    ///
    /// # Errors
    /// Those of either.
    pub(crate) async fn watched<T>(&self, what: impl Future<Output = Result<T>>) -> Result<T> {
        let stop = CancellationToken::new();
        let _stop = stop.clone().drop_guard();
        tokio::select! {
            outcome = what => outcome,
            broken = self.watch(&stop) => Err(broken),
        }
    }

    /// Good events alone, which decide the mapping of each index.
    ///
    /// # Errors
    /// When they don't get through.
    pub(crate) async fn warm_up(&self, transactions: bool) -> Result<()> {
        let load = Load {
            rate: None,
            batches: Some(WARM_UP),
            stop: CancellationToken::new(),
            give_up: CancellationToken::new(),
        };
        timeout(WARM, self.sender.send(load)).await.context("the first events")??;
        let _took = audit::drained(&self.bed, transactions, WARM).await.context("the first events")?;
        (self.say)("the pipeline runs");
        Ok(())
    }

    /// Does something while so many events a second are sent, and waits until these are acknowledged.
    ///
    /// # Errors
    /// When it can't be done, or not in time.
    pub(crate) async fn under_load<T>(&self, rate: u64, work: impl Future<Output = Result<T>>) -> Result<T> {
        let stop = CancellationToken::new();
        let load =
            Load { rate: Some(rate), batches: None, stop: stop.clone(), give_up: CancellationToken::new() };
        let work = async {
            // Also when it fails.
            let _stops = stop.drop_guard();
            work.await
        };
        let both = async { tokio::join!(self.sender.send(load), work) };
        let (sent, done) = timeout(LONGEST, both).await.context("under load")?;
        sent?;
        done
    }

    /// Keeps the files of a run in which something was wrong, with the logs.
    ///
    /// # Errors
    /// When they can't be written.
    pub(crate) async fn keep(&mut self) -> Result<()> {
        self.fleet.keep_logs().await;
        let kafka = self.bed.kafka.get_mut().log();
        let search = self.bed.search.log();
        let folder = self.bed.keep();
        std::fs::write(folder.join("kafka-server.log"), kafka)?;
        if matches!(self.bed.search, Destination::Server(_)) {
            std::fs::write(folder.join("search-server.log"), search)?;
        }
        (self.say)(&format!("files are kept in {}", folder.display()));
        Ok(())
    }
}
