//! Accepts connections and watches over the storage.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rama::{Context, Service as _};
use tansu_broker::coordinator::group::administrator::Controller;
use tansu_storage::Storage as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time;
use tokio_util::sync::CancellationToken;

use super::arrivals::Arrivals;
use super::catalog::Catalog;
use super::routes;
use super::storage::Opened;

/// How often the storage is asked whether it lives.
const WATCH: Duration = Duration::from_secs(2);
/// How often records past their retention are deleted. It reads every record's timestamp, so not often.
const MAINTENANCE: Duration = Duration::from_secs(30 * 60);

/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why [`serve`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was asked to.
    Shutdown,
    /// The storage no longer answers.
    StorageGone,
}

/// Serves connections until `shutdown` or until the storage is gone, and drops them all.
pub(crate) async fn serve(
    listener: &TcpListener,
    opened: Arc<Opened>,
    shutdown: &CancellationToken,
) -> Ended {
    let Ok(groups) = Controller::with_storage(opened.storage.clone()) else {
        return Ended::StorageGone;
    };
    let shared = routes::Shared {
        storage: opened.storage.clone(),
        groups,
        catalog: Arc::new(Catalog::default()),
        arrivals: Arc::new(Arrivals::default()),
    };
    let mut connections = JoinSet::new();
    let mut watch = time::interval(WATCH);
    let mut maintenance = time::interval_at(time::Instant::now() + MAINTENANCE, MAINTENANCE);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return Ended::Shutdown,
            accepted = listener.accept() => {
                let Ok((stream, _peer)) = accepted else {
                    // Out of descriptors, most likely: trying again at once would only burn the CPU.
                    time::sleep(ACCEPT_PAUSE).await;
                    continue;
                };
                let _best_effort = stream.set_nodelay(true);
                let Ok(service) = routes::connection(&shared) else { continue };
                let _handle = connections.spawn(async move {
                    // It ends with an error when the client hangs up, which clients just do.
                    let _ended = service.serve(Context::default(), stream).await;
                });
            }
            Some(_ended) = connections.join_next(), if !connections.is_empty() => {}
            _ = watch.tick() => {
                if shared.storage.ping().await.is_err() {
                    return Ended::StorageGone;
                }
            }
            _ = maintenance.tick() => {
                // What isn't deleted now is deleted next time.
                let _best_effort = shared.storage.maintain(SystemTime::now()).await;
            }
        }
    }
}
