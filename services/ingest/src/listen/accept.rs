//! Accepts connections.
//!
//! Beyond the limit on connections nothing more is accepted: who comes later waits in the system's queue until one
//! ends, and idle ones do end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use forebay_telemetry::rate_limited_warn;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use super::bound::Socket;
use super::stream::Stream;
use super::{Listener, Stop};
use crate::intake::{Intake, Peer};
use crate::protocols::{self, Ways};

/// How long to wait after a failed accept, which is nearly always for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A connection that was accepted.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Its bytes.
    pub(crate) stream: Stream,
    /// The other end.
    pub(crate) peer: Peer,
    /// Where it came in.
    pub(crate) listener: Arc<Listener>,
    /// When to end.
    pub(crate) stop: Stop,
}

/// Accepts until the stop.
pub(super) async fn serve(
    listener: Arc<Listener>,
    socket: Socket,
    intake: Arc<Intake>,
    connections: TaskTracker,
    stop: Stop,
) {
    let slots = Arc::new(Semaphore::new(listener.max_connections.min(Semaphore::MAX_PERMITS)));
    let ways = Ways::new(&intake);
    loop {
        if slots.available_permits() == 0 {
            rate_limited_warn!(
                per_minute = 1,
                listener = listener.name,
                limit = listener.max_connections,
                "connections wait for a free slot"
            );
        }
        let accepted = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, accept(&socket).await)
        };
        let Some((slot, accepted)) = stop.drain.run_until_cancelled(accepted).await else { break };
        match accepted {
            Ok((stream, peer)) => {
                let (intake, ways) = (Arc::clone(&intake), ways.clone());
                let connection =
                    Connection { stream, peer, listener: Arc::clone(&listener), stop: stop.clone() };
                let _task = connections.spawn(async move {
                    intake.meters.connections(1.0);
                    protocols::serve(connection, &intake, ways).await;
                    intake.meters.connections(-1.0);
                    drop(slot);
                });
            }
            Err(error) => {
                rate_limited_warn!(per_minute = 6, listener = listener.name, %error, "can't accept a connection");
                let _stopping = stop.drain.run_until_cancelled(sleep(ACCEPT_PAUSE)).await;
            }
        }
    }
}

async fn accept(socket: &Socket) -> io::Result<(Stream, Peer)> {
    match socket {
        Socket::Tcp(socket) => {
            let (stream, peer) = socket.accept().await?;
            // Answers are small and somebody waits for them.
            let _unsupported = stream.set_nodelay(true);
            Ok((Stream::Tcp(stream), Peer::Address(peer)))
        }
        Socket::Unix(socket) => Ok((Stream::Unix(socket.accept().await?.0), Peer::Local)),
        Socket::Udp(_) | Socket::UnixDatagram(_) => Err(io::Error::other("datagrams are not accepted")),
    }
}
