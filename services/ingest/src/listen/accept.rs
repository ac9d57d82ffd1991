//! Accepts connections.
//!
//! Beyond the limit on connections nothing more is accepted: who comes later waits in the system's queue until one
//! ends, and idle ones do end. Who has as many as one address may is turned away. Where there is TLS, hands are shaken
//! before the protocol's shell sees anything, within a time; who doesn't belong gets no further.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use forebay_access::PeerNames;
use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_telemetry::rate_limited_warn;
use forebay_tls::Accepted;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::bound::Socket;
use super::gate::Gate;
use super::keep_alive::keep_alive;
use super::stream::Stream;
use super::{Listener, Stop, turned_away};
use crate::access::Origin;
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
    /// Who it is by its certificate, where it showed one.
    pub(crate) names: Option<Arc<PeerNames>>,
    /// Where it came in.
    pub(crate) listener: Arc<Listener>,
    /// When to end. For who is known by what he showed at the beginning that is also when a credential is revoked or expires, so that he
    /// says anew who he is.
    pub(crate) stop: Stop,
}

impl Connection {
    /// What is known of it, whatever is sent over it.
    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin { peer: self.peer, listener: &self.listener, names: self.names.as_deref() }
    }
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
    let gate = Gate::new(listener.max_connections_per_address);
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
                let entry = match peer {
                    Peer::Local => None,
                    Peer::Address(address) => match gate.enter(address.ip()) {
                        Some(entry) => Some(entry),
                        None => {
                            refused(&intake, &listener, peer, "address_connections", &"too many connections");
                            if let Stream::Tcp(stream) = stream {
                                turned_away::too_many(stream, &listener);
                            }
                            continue;
                        }
                    },
                };
                let (intake, ways) = (Arc::clone(&intake), ways.clone());
                let (listener, stop) = (Arc::clone(&listener), stop.clone());
                let _task = connections.spawn(async move {
                    intake.meters.connections(1.0);
                    welcome(stream, peer, listener, &intake, ways, stop).await;
                    intake.meters.connections(-1.0);
                    drop((entry, slot));
                });
            }
            Err(error) => {
                rate_limited_warn!(per_minute = 6, listener = listener.name, %error, "can't accept a connection");
                let _stopping = stop.drain.run_until_cancelled(sleep(ACCEPT_PAUSE)).await;
            }
        }
    }
}

/// Serves a connection until it ends. When a credential is revoked or expires, whoever is known by what it showed at the beginning has to begin
/// anew; what it sent before is sent on and answered. By HTTP each request shows its credential, and those that go on for long see to it
/// themselves ([`Held`](crate::http::connection::Held)).
async fn welcome(
    stream: Stream,
    peer: Peer,
    listener: Arc<Listener>,
    intake: &Arc<Intake>,
    ways: Ways,
    stop: Stop,
) {
    let revoked = match listener.protocol {
        ListenerProtocol::Http => CancellationToken::new(),
        _ => intake.access.until_revoked(),
    };
    let renewal = stop.drain.child_token();
    let stop = Stop { drain: renewal.clone(), ..stop };
    let mut served = pin!(serve_one(stream, peer, listener, intake, ways, stop));
    tokio::select! {
        () = served.as_mut() => return,
        () = revoked.cancelled() => renewal.cancel(),
    }
    served.await;
}

/// Shakes hands where there is TLS, and serves the connection.
async fn serve_one(
    stream: Stream,
    peer: Peer,
    listener: Arc<Listener>,
    intake: &Arc<Intake>,
    ways: Ways,
    stop: Stop,
) {
    let (tls, stream) = match (&listener.tls, stream) {
        (Some(tls), Stream::Tcp(stream)) => (tls.clone(), stream),
        (_, stream) => {
            let connection = Connection { stream, peer, names: None, listener, stop };
            return protocols::serve(connection, intake, ways).await;
        }
    };
    let (stream, client) = match stop.drain.run_until_cancelled(tls.accept(stream)).await {
        None => return,
        Some(Err(error)) => return refused(intake, &listener, peer, error.reason(), &error),
        Some(Ok(Accepted { stream, peer })) => (Stream::Tls(Box::new(stream)), peer),
    };
    let names = client.as_ref().map(|client| Arc::new(names(client.names())));
    let distrusted = client.as_ref().map(|client| client.distrusted().clone()).unwrap_or_default();
    let connection = Connection { stream, peer, names, listener, stop };
    // Who is no longer trusted is dropped at once. What is on its way to Kafka goes on.
    let _ended = distrusted.run_until_cancelled(protocols::serve(connection, intake, ways)).await;
}

/// The names of a certificate, as the access file's are compared with.
fn names(names: &forebay_tls::PeerNames) -> PeerNames {
    let forebay_tls::PeerNames { subject, common_name, dns, uris, emails, ips } = names.clone();
    PeerNames { subject, common_name, dns, uris, emails, ips }
}

/// Counts and tells of a connection that didn't come to anything.
fn refused(
    intake: &Intake,
    listener: &Listener,
    peer: Peer,
    reason: &'static str,
    error: &dyn std::fmt::Display,
) {
    intake.meters.refused_connection(&listener.name, reason);
    rate_limited_warn!(per_minute = 6, listener = listener.name, %peer, reason, %error, "a connection was refused");
}

async fn accept(socket: &Socket) -> io::Result<(Stream, Peer)> {
    match socket {
        Socket::Tcp(socket) => {
            let (stream, peer) = socket.accept().await?;
            // Answers are small and somebody waits for them.
            let _unsupported = stream.set_nodelay(true);
            keep_alive(&stream);
            Ok((Stream::Tcp(stream), Peer::Address(peer)))
        }
        Socket::Unix(socket) => Ok((Stream::Unix(socket.accept().await?.0), Peer::Local)),
        Socket::Udp(_) | Socket::UnixDatagram(_) => Err(io::Error::other("datagrams are not accepted")),
    }
}
