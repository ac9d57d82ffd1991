//! Accepts connections.
//!
//! Whoever comes needs a place ([`places`](super::places)). While there is none for the next one, nothing more is accepted: the others wait in
//! the system's queue. Where there is TLS, hands are shaken before the protocol's shell sees anything, within a time; who doesn't belong gets
//! no further.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use forebay_access::PeerNames;
use forebay_telemetry::rate_limited_warn;
use forebay_tls::Accepted;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::task::TaskTracker;

use super::bound::Socket;
use super::crowd::{Crowd, Handshakes, cores};
use super::hello;
use super::keep_alive::keep_alive;
use super::places::{Places, Pulse};
use super::stream::Stream;
use super::{Listener, Stop, turned_away};
use crate::access::Origin;
use crate::intake::{Intake, Peer};
use crate::protocols::{self, Ways};

/// How long who failed to shake hands keeps his place among the connections of his address: so many as those may be can be tried again in
/// this time, since a handshake costs us more than him. Up to half as long again, or half as long: who came together needn't come back together.
const FAILED: Duration = Duration::from_secs(2);
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
    /// Where its shell says that it was heard.
    pub(crate) pulse: Arc<Pulse>,
    /// When to end: also for the sake of a newcomer, and when what it was let in by is no longer good ([`lease`](crate::access::Access::lease)).
    /// What came whole until then is sent on, and answered. Its own: who is no longer trusted has to give up by it at once.
    pub(crate) stop: Stop,
}

impl Connection {
    /// What is known of it, whatever is sent over it.
    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin { peer: self.peer, listener: &self.listener, names: self.names.as_deref() }
    }
}

/// A connection that counts, until it is dropped.
struct Counted<'a>(&'a Intake);

impl<'a> Counted<'a> {
    fn new(intake: &'a Intake) -> Self {
        intake.meters.connections(1.0);
        Self(intake)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.meters.connections(-1.0);
    }
}

/// Hands were not shaken.
struct NoHandshake;

/// Accepts until the stop.
pub(super) async fn serve(
    listener: Arc<Listener>,
    socket: Socket,
    intake: Arc<Intake>,
    connections: TaskTracker,
    stop: Stop,
) {
    let places = Places::new(&listener, &intake);
    let ways = Ways::new(&intake);
    let mut crowd = Crowd::new(Instant::now(), cores());
    let handshakes = Arc::new(Handshakes::new(Instant::now(), cores()));
    loop {
        let Some(accepted) = stop.drain.run_until_cancelled(accept(&socket)).await else { break };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                rate_limited_warn!(per_minute = 6, listener = listener.name, %error, "can't accept a connection");
                let _stopping = stop.drain.run_until_cancelled(sleep(ACCEPT_PAUSE)).await;
                continue;
            }
        };
        let place = places.find(peer, stop.drain.child_token());
        let Some(place) = stop.drain.run_until_cancelled(place).await else { break };
        let now = Instant::now();
        let turn = if place.is_ok() { crowd.turn(now) } else { crowd.turn_away(now) };
        if turn > now && stop.drain.run_until_cancelled(sleep_until(turn)).await.is_none() {
            break;
        }
        let place = match place {
            Ok(place) => place,
            Err(turned_away) => {
                refused(&intake, &listener, peer, turned_away.reason(), &turned_away);
                if let Stream::Tcp(stream) = stream {
                    turned_away::too_many(stream, &listener);
                }
                continue;
            }
        };
        let (intake, ways) = (Arc::clone(&intake), ways.clone());
        let (listener, give_up) = (Arc::clone(&listener), stop.give_up.child_token());
        let handshakes = Arc::clone(&handshakes);
        let _task = connections.spawn(async move {
            let stop = Stop { drain: place.ends(), give_up };
            if let Stream::Tcp(stream) = &stream {
                // Answers are small and somebody waits for them.
                let _unsupported = stream.set_nodelay(true);
                keep_alive(stream);
            }
            let connection = Connection { stream, peer, names: None, listener, pulse: place.pulse(), stop };
            let drain = connection.stop.drain.clone();
            let served = {
                let _counted = Counted::new(&intake);
                serve_one(connection, &intake, ways, &handshakes).await
            };
            if served.is_err() {
                let _counts_until_then = place.vacate();
                let failed = FAILED.mul_f32(rand::random_range(0.5..1.5));
                let _over = drain.run_until_cancelled(sleep(failed)).await;
            }
        });
    }
}

/// Shakes hands where there is TLS, when it is the connection's turn, and serves it.
///
/// # Errors
/// When hands weren't shaken.
async fn serve_one(
    connection: Connection,
    intake: &Arc<Intake>,
    ways: Ways,
    handshakes: &Handshakes,
) -> Result<(), NoHandshake> {
    let (tls, stream) = match (&connection.listener.tls, connection.stream) {
        (Some(tls), Stream::Tcp(stream)) => (tls.clone(), stream),
        (_, stream) => {
            let connection = Connection { stream, ..connection };
            protocols::serve(connection, intake, ways).await;
            return Ok(());
        }
    };
    let said_hello = async {
        hello::comes(&stream).await;
        stream
    };
    let shaken = tls.accept_in_turn(said_hello, handshakes.turn());
    let (stream, client) = match connection.stop.drain.run_until_cancelled(shaken).await {
        None => return Ok(()),
        Some(Err(error)) => {
            refused(intake, &connection.listener, connection.peer, error.reason(), &error);
            return Err(NoHandshake);
        }
        Some(Ok(Accepted { stream, peer })) => (Stream::Tls(Box::new(stream)), peer),
    };
    let names = client.as_ref().map(|client| Arc::new(names(client.names())));
    let distrusted = client.as_ref().map(|client| client.distrusted().clone()).unwrap_or_default();
    let connection = Connection { stream, names, ..connection };
    let stop = connection.stop.clone();
    let mut serving = pin!(protocols::serve(connection, intake, ways));
    tokio::select! {
        () = &mut serving => {}
        () = distrusted.cancelled() => {
            // As at the end of a stop, and nothing may be left behind: what became of the connection ends with it, and what is lost is
            // counted. A try that Kafka has begun to answer goes on.
            stop.give_up.cancel();
            stop.drain.cancel();
            serving.await;
        }
    }
    Ok(())
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
            Ok((Stream::Tcp(stream), Peer::Address(peer)))
        }
        Socket::Unix(socket) => Ok((Stream::Unix(socket.accept().await?.0), Peer::Local)),
        Socket::Udp(_) | Socket::UnixDatagram(_) => Err(io::Error::other("datagrams are not accepted")),
    }
}
