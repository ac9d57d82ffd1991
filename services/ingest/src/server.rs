//! Accepts connections, and brings them to an end.
//!
//! Beyond the limit on connections nothing more is accepted: who comes later waits in the system's queue until one
//! ends, and idle ones do end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use forebay_telemetry::rate_limited_warn;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection;
use crate::handler::{App, ingest, method_not_allowed, not_found};

/// How long to wait after a failed accept, which is nearly always for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The paths.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/ingest", post(ingest).fallback(method_not_allowed))
        .fallback(not_found)
        .with_state(app)
}

/// Serves until `shutdown`, then waits for requests and deliveries under way, at most for the drain timeout.
pub(crate) async fn serve(listener: TcpListener, app: Arc<App>, shutdown: CancellationToken) {
    let connections = TaskTracker::new();
    let slots = Arc::new(Semaphore::new(app.limits.max_connections.min(Semaphore::MAX_PERMITS)));
    let router = router(Arc::clone(&app));
    let give_up = CancellationToken::new();
    loop {
        if slots.available_permits() == 0 {
            rate_limited_warn!(
                per_minute = 1,
                limit = app.limits.max_connections,
                "connections wait for a free slot"
            );
        }
        let accepted = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let Some((slot, accepted)) = shutdown.run_until_cancelled(accepted).await else { break };
        match accepted {
            Ok((stream, peer)) => {
                let (app, router) = (Arc::clone(&app), router.clone());
                let (idle, stop, give_up) = (app.limits.read_timeout, shutdown.clone(), give_up.clone());
                let _task = connections.spawn(async move {
                    app.meters.connections(1.0);
                    let served = connection::serve(stream, peer, router, idle, stop);
                    let _ended_or_given_up = give_up.run_until_cancelled(served).await;
                    app.meters.connections(-1.0);
                    drop(slot);
                });
            }
            Err(error) => {
                rate_limited_warn!(per_minute = 6, %error, "can't accept a connection");
                let _stopping = shutdown.run_until_cancelled(sleep(ACCEPT_PAUSE)).await;
            }
        }
    }
    // From here on new clients are refused by the system, and find another instance.
    drop(listener);
    let _closed = (connections.close(), app.deliveries.close());
    let drained = async {
        connections.wait().await;
        app.deliveries.wait().await;
    };
    if tokio::time::timeout(app.limits.drain_timeout, drained).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            deliveries = app.deliveries.len(),
            "requests were still under way at the end of the drain timeout, their clients got no answer"
        );
    }
    give_up.cancel();
    connections.wait().await;
}
