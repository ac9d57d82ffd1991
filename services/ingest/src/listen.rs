//! Sockets: bound at the start, served until the stop, drained at the end.
//!
//! A listener knows its protocol and, where a connection can't say who it is, its tenant. Everything that is the same for all
//! protocols is here: accepting, limits on connections, the stop.

mod accept;
mod bound;
mod crowd;
mod hello;
mod keep_alive;
mod low_water;
mod places;
mod stream;
mod turned_away;

use std::sync::Arc;
use std::time::Duration;

use forebay_record::Tenant;
use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_settings::units::ListenAddress;
use forebay_tls::ServerTls;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use self::accept::Connection;
pub(crate) use self::bound::{Bound, Socket};
pub(crate) use self::low_water::LATE;
pub(crate) use self::places::Pulse;
pub(crate) use self::stream::{Stream, WakesLate};
use crate::admission::budget::Budget;
use crate::intake::Intake;
use crate::protocols;

/// After the drain timeout, shells are told to give up; how long they may take for that.
const GIVING_UP: Duration = Duration::from_secs(5);

/// Where events come in.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    /// Its name in the settings; `http` for `ingest.listen`.
    pub name: String,
    /// Where it listens.
    pub address: ListenAddress,
    /// What it speaks.
    pub protocol: ListenerProtocol,
    /// Whose events it takes from connections that can't say who they are.
    pub tenant: Option<Tenant>,
    /// The most connections at once.
    pub max_connections: usize,
    /// The most connections at once from one address.
    pub max_connections_per_address: usize,
    /// What of it may be in memory, where it has a limit of its own.
    pub budget: Option<Arc<Budget>>,
    /// TLS, where it has that.
    pub tls: Option<ServerTls>,
}

/// The stop, in two steps.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// Take nothing new, and end what is under way.
    pub(crate) drain: CancellationToken,
    /// Give up what is under way.
    pub(crate) give_up: CancellationToken,
}

/// Serves all listeners until `shutdown`, then waits for what is under way, at most for the drain timeout.
pub(crate) async fn serve(bound: Vec<Bound>, intake: Arc<Intake>, shutdown: CancellationToken) {
    let stop = Stop { drain: shutdown, give_up: CancellationToken::new() };
    let (listeners, connections) = (TaskTracker::new(), TaskTracker::new());
    for Bound { listener, socket } in bound {
        let (intake, stop) = (Arc::clone(&intake), stop.clone());
        match socket {
            Socket::Tcp(_) | Socket::Unix(_) => {
                let connections = connections.clone();
                let _task = listeners.spawn(accept::serve(listener, socket, intake, connections, stop));
            }
            Socket::Udp(_) | Socket::UnixDatagram(_) => {
                let _task = connections.spawn(protocols::serve_datagrams(listener, socket, intake, stop));
            }
        }
    }
    stop.drain.cancelled().await;
    let _closed = listeners.close();
    // From here on new clients are refused by the system, and find another instance.
    listeners.wait().await;
    let _closed = (connections.close(), intake.deliveries.close());
    let drained = async {
        connections.wait().await;
        intake.deliveries.wait().await;
    };
    if tokio::time::timeout(intake.limits.drain_timeout, drained).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            deliveries = intake.deliveries.len(),
            "requests were still under way at the end of the drain timeout, their clients got no answer"
        );
    }
    stop.give_up.cancel();
    if tokio::time::timeout(GIVING_UP, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections did not end, leaving them behind");
    }
}
