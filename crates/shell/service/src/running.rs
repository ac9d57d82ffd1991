//! A tier that runs.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use tokio::task::JoinHandle;

/// A tier that was started. It runs until its cancellation token is cancelled and it has drained, or until it fails.
#[derive(Debug)]
pub struct Running {
    address: Option<SocketAddr>,
    task: JoinHandle<Result<()>>,
}

impl Running {
    /// A tier that works in `task`; `address` is where it listens, if it does.
    #[must_use]
    pub const fn new(address: Option<SocketAddr>, task: JoinHandle<Result<()>>) -> Self {
        Self { address, task }
    }

    /// Where it listens; a port of 0 in the settings has become a real one.
    #[must_use]
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Waits until it has stopped.
    ///
    /// # Errors
    /// When it failed, or panicked.
    pub async fn stopped(self) -> Result<()> {
        self.task.await.context("the tier panicked")?
    }
}
