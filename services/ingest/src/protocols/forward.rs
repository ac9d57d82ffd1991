//! Fluent Forward: a chunk is acknowledged when all in-sync replicas have its events. Senders that ask for no acknowledgement
//! get none, but nothing more is read from them until Kafka has what they sent.
//!
//! Who sends is found by a shared key, and a user where the access file has any for this protocol ([`handshake`]), unless the certificate,
//! the network or the listener says so already.
//!
//! The protocol has no way to refuse: a connection that can't be read on is closed, and a sender that asked for acknowledgements
//! begins anew.

mod handshake;

use std::sync::Arc;

use forebay_telemetry::rate_limited_warn;
use forebay_wire::forward::{Broken, Decoder, Failure, Fault, HEARTBEAT, Portion};
use tokio::net::UdpSocket;

use super::Protocol;
use super::exchange::{Came, End, Exchange, Waits};
use crate::intake::Intake;
use crate::listen::{Connection, Listener, Socket, Stop};
use crate::refusal::Kind;

/// Serves a connection until it ends.
pub(super) async fn serve(connection: Connection, intake: &Arc<Intake>) {
    let mut decoder = Decoder::new(intake.limits.of_wire());
    let mut connection = connection;
    let exchange = if handshake::is_needed(&connection, intake) {
        let tenant = handshake::shake_hands(&mut connection, intake, &mut decoder).await;
        tenant.map(|tenant| Exchange::of(connection, intake, Protocol::Forward, tenant))
    } else {
        Exchange::new(connection, intake, Protocol::Forward)
    };
    let Some(mut exchange) = exchange else { return };
    let end = match run(&mut exchange, &mut decoder).await {
        Ok(()) => End::Quiet,
        Err(end) => end,
    };
    exchange.end(end).await;
}

async fn run(exchange: &mut Exchange, decoder: &mut Decoder) -> Result<(), End> {
    loop {
        let mut wanted = 0;
        let next = decoder.next(|bytes| {
            wanted = bytes;
            exchange.grant(bytes)
        });
        match next {
            Ok(Some(Portion { batch, answer, is_awaited })) => {
                exchange.route.acknowledges = is_awaited;
                exchange.ship(batch, None).await?;
                exchange.answer(&answer).await?;
            }
            Ok(None) => {
                let waits = if decoder.is_idle() { Waits::Idle } else { Waits::ForRest };
                let held = decoder.held();
                if exchange.read(decoder.buffer(), held, waits).await? == Came::Stop {
                    return Ok(());
                }
            }
            Err(Failure::Refused(_)) => exchange.hold(wanted, None).await?,
            Err(Failure::Broken(broken)) => return Err(End::Broken(kind(&broken), broken.to_string())),
        }
    }
}

const fn kind(broken: &Broken) -> Kind {
    match broken.fault {
        Fault::Compression(_) => Kind::BrokenCompression,
        Fault::TooLarge(_) => Kind::TooLarge,
        Fault::Encoding | Fault::Signal(_) => Kind::Unsupported,
        _ => Kind::MalformedBody,
    }
}

/// Answers heartbeats, by which senders find out whether somebody is there, until the stop.
pub(super) async fn serve_heartbeats(listener: &Listener, socket: Socket, stop: &Stop) {
    let Socket::Udp(socket) = socket else {
        // A heartbeat is for hosts: over a Unix socket the connection itself says whether somebody is there.
        tracing::warn!(
            listener = listener.name,
            "heartbeats come over udp only: nothing is read from this socket"
        );
        return;
    };
    let _stopped = stop.drain.run_until_cancelled(answer_heartbeats(listener, &socket)).await;
}

async fn answer_heartbeats(listener: &Listener, socket: &UdpSocket) {
    let mut datagram = [0; 16];
    loop {
        // The answer has as many bytes as the shortest question, so that nobody can be flooded with it in another's name.
        let answered = match socket.recv_from(&mut datagram).await {
            Ok((_, peer)) => socket.send_to(&HEARTBEAT, peer).await,
            Err(error) => Err(error),
        };
        if let Err(error) = answered {
            rate_limited_warn!(per_minute = 6, listener = listener.name, %error, "a heartbeat failed");
            tokio::task::yield_now().await;
        }
    }
}
