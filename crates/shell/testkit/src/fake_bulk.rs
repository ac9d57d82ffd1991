//! A search server that isn't one: it speaks as much of Elasticsearch 9's HTTP interface as the indexer needs, keeps
//! documents by index and id, and can be told to misbehave in every way that real clusters do.
//!
//! Answers imitate what Elasticsearch 9.5.3 was seen to answer, `filter_path` included. `create` refuses an id that is
//! there (409); `index` replaces it. Faults of whole requests ([`RequestFault`]) and of single items ([`ItemFault`])
//! are set from outside, [`Counters`] tell what came.
//!
//! [`FakeBulk::sink`] is for benches: it reads bodies, counts lines and says that all was created, as cheaply as it
//! can.
//!
//! What it doesn't prove: that a real server answers so. The tests in `tests/` do that on real ones.

mod bulk;
mod fault;
mod filter_path;
mod http;
mod routes;
mod state;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use fault::{Item, ItemFault, RequestFault};
pub use state::Counters;
use state::State;

/// A running fake; it stops when this is dropped.
#[derive(Debug)]
pub struct FakeBulk {
    address: SocketAddr,
    state: Arc<State>,
    _stop: DropGuard,
}

// === impl FakeBulk ===

impl FakeBulk {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// When no port is to be had.
    pub async fn start() -> Result<Self> {
        Self::serve(State::default()).await
    }

    /// Starts one that keeps nothing and answers every bulk request with success, for benches.
    ///
    /// # Errors
    /// When no port is to be had.
    pub async fn sink() -> Result<Self> {
        Self::serve(State::sink()).await
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next bulk request meets this fault; several are met one after the other.
    pub fn fail_next(&self, fault: RequestFault) {
        self.state.faults().next.push_back(fault);
    }

    /// Every bulk request meets this fault until [`Self::heal`]; those of [`Self::fail_next`] come first.
    pub fn fail_always(&self, fault: RequestFault) {
        self.state.faults().always = Some(fault);
    }

    /// Items for which `when` holds meet this fault, until [`Self::heal`].
    pub fn fail_items(&self, fault: ItemFault, when: impl Fn(&Item<'_>) -> bool + Send + 'static) {
        self.state.faults().add_rule(fault, usize::MAX, when);
    }

    /// The next `times` items for which `when` holds meet this fault.
    pub fn fail_items_times(
        &self,
        fault: ItemFault,
        times: usize,
        when: impl Fn(&Item<'_>) -> bool + Send + 'static,
    ) {
        self.state.faults().add_rule(fault, times, when);
    }

    /// Takes back every fault.
    pub fn heal(&self) {
        *self.state.faults() = fault::Faults::default();
    }

    /// What has come so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.state.counters()
    }

    /// The `traceparent` headers of requests, in the order in which they came.
    #[must_use]
    pub fn traceparents(&self) -> Vec<String> {
        self.state.traceparents().clone()
    }

    /// The indices that hold documents, sorted.
    #[must_use]
    pub fn indices(&self) -> Vec<String> {
        self.state.documents().keys().cloned().collect()
    }

    /// The ids in an index, sorted; none if there is no such index.
    #[must_use]
    pub fn ids(&self, index: &str) -> Vec<String> {
        self.state.documents().get(index).map(|ids| ids.keys().cloned().collect()).unwrap_or_default()
    }

    /// The ids in all indices, with repetitions where an id is in several: what the oracle wants.
    #[must_use]
    pub fn all_ids(&self) -> Vec<String> {
        self.state.documents().values().flat_map(|ids| ids.keys().cloned()).collect()
    }

    /// A document, byte for byte as it came.
    #[must_use]
    pub fn document(&self, index: &str, id: &str) -> Option<Bytes> {
        self.state.documents().get(index)?.get(id).cloned()
    }

    async fn serve(state: State) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("a port of 127.0.0.1")?;
        let address = listener.local_addr()?;
        let state = Arc::new(state);
        let stop = CancellationToken::new();
        let _task = tokio::spawn(http::accept(listener, Arc::clone(&state), stop.clone()));
        Ok(Self { address, state, _stop: stop.drop_guard() })
    }
}

#[cfg(test)]
mod tests;
