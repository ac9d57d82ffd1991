//! The broker's thread: opens the storage, creates the topics, accepts connections.
//!
//! Invariants:
//! - All of it runs on one thread with a runtime of its own, in which no log subscriber is set: the broker's libraries
//!   log normal events as errors, and records' contents at debug level.
//! - A request that has begun is never cancelled while the broker lives: the storage takes a vanished requester for
//!   its own end. Connections are dropped only when the storage goes too.
//! - When the storage ends by itself (a request that it can't bear makes it panic), it is opened anew and the clients
//!   connect again; what was acknowledged is on disk.

mod accept;
mod arrivals;
mod catalog;
mod fetch;
mod produce;
mod routes;
mod storage;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use self::accept::Ended;
use crate::data_dir::DataDir;
use crate::{BrokerError, EmbeddedOptions};

/// The cluster's name towards clients and in the storage: changing it hides all existing data.
const CLUSTER: &str = "forebay-embedded";
const NODE: i32 = 1;

/// Starts the thread; returns the bound address and what completes when the thread has let go of everything.
pub(crate) async fn spawn(
    options: EmbeddedOptions,
    shutdown: CancellationToken,
) -> Result<(SocketAddr, oneshot::Receiver<()>), BrokerError> {
    let (ready, started) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    let failures = tracing::dispatcher::get_default(tracing::Dispatch::clone);
    let _detached = thread::Builder::new()
        .name("embedded-broker".to_owned())
        .spawn(move || {
            let _silent = tracing::dispatcher::set_default(&tracing::Dispatch::none());
            run(options, &shutdown, ready, &failures);
            // The receiver is gone when the broker was dropped instead of stopped.
            let _unheard = end.send(());
        })
        .map_err(|_| BrokerError::Thread)?;
    let address = started.await.map_err(|_| BrokerError::Thread)??;
    Ok((address, ended))
}

/// The thread's body. `ready` gets the outcome of the start; after that, trouble goes to `log`.
fn run(
    options: EmbeddedOptions,
    shutdown: &CancellationToken,
    ready: oneshot::Sender<Result<SocketAddr, BrokerError>>,
    log: &tracing::Dispatch,
) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        let _unheard = ready.send(Err(BrokerError::Thread));
        return;
    };
    runtime.block_on(async {
        match Node::open(&options).await {
            Ok((mut node, opened)) => {
                if ready.send(Ok(node.address)).is_ok() {
                    node.serve(&options, opened, shutdown, log).await;
                }
            }
            Err(error) => {
                let _unheard = ready.send(Err(error));
            }
        }
    });
    // Dropping the runtime ends the storage's task, which closes SQLite.
    drop(runtime);
}

/// What stays the same when the storage is opened anew.
struct Node {
    data: DataDir,
    listener: TcpListener,
    address: SocketAddr,
}

// === impl Node ===

impl Node {
    async fn open(options: &EmbeddedOptions) -> Result<(Self, storage::Opened), BrokerError> {
        let data = DataDir::acquire(&options.data_dir)?;
        let failed = |source| BrokerError::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let node = Self { data, listener, address };
        let opened = node.open_storage(options).await?;
        Ok((node, opened))
    }

    async fn open_storage(&self, options: &EmbeddedOptions) -> Result<storage::Opened, BrokerError> {
        storage::open(&self.data.database()?, self.address, &options.topics).await
    }

    /// Serves until `shutdown`, opening the storage again as often as it fails.
    async fn serve(
        &mut self,
        options: &EmbeddedOptions,
        mut opened: storage::Opened,
        shutdown: &CancellationToken,
        log: &tracing::Dispatch,
    ) {
        loop {
            let ended = accept::serve(&self.listener, Arc::new(opened), shutdown).await;
            if ended == Ended::Shutdown {
                return;
            }
            tracing::dispatcher::with_default(log, || {
                tracing::warn!("the embedded broker's storage ended by itself, opening it again");
            });
            opened = match self.open_storage(options).await {
                Ok(opened) => opened,
                Err(error) => {
                    tracing::dispatcher::with_default(log, || {
                        tracing::error!(%error, "the embedded broker is down: restart forebay");
                    });
                    return;
                }
            };
        }
    }
}
