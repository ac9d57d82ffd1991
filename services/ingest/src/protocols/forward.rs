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

use bytes::BytesMut;
use forebay_telemetry::rate_limited_warn;
use forebay_wire::broken;
use forebay_wire::forward::{self, Decoder, Fault, HEARTBEAT};
use tokio::net::UdpSocket;

use super::Protocol;
use super::exchange::{Decode, Exchange, Failure, Grant, Portion, Waits};
use crate::intake::Intake;
use crate::listen::{Connection, Listener, Socket, Stop};
use crate::refusal::Kind;

/// Serves a connection until it ends.
pub(super) async fn serve(connection: Connection, intake: &Arc<Intake>) {
    let mut decoder = Decoder::new(intake.limits.of_wire());
    let mut connection = connection;
    let exchange = if handshake::is_needed(&connection, intake) {
        let known = handshake::shake_hands(&mut connection, intake, &mut decoder).await;
        known.map(|known| Exchange::of(connection, intake, Protocol::Forward, known))
    } else {
        Exchange::new(connection, intake, Protocol::Forward).await
    };
    if let Some(exchange) = exchange {
        exchange.serve(&mut decoder).await;
    }
}

impl Decode for Decoder {
    fn buffer(&mut self) -> &mut BytesMut {
        self.buffer()
    }

    fn held(&self) -> usize {
        self.held()
    }

    fn waits(&self) -> Waits {
        if self.is_idle() { Waits::Idle } else { Waits::ForRest }
    }

    fn next(&mut self, grant: &mut Grant<'_>) -> Result<Option<Portion>, Failure> {
        match self.next(grant) {
            Ok(portion) => Ok(portion.map(|forward::Portion { batch, answer, is_awaited }| Portion {
                batch,
                answer,
                keepalive: None,
                is_awaited,
            })),
            Err(broken::Failure::Refused(_)) => Err(Failure::Refused),
            Err(broken::Failure::Broken(broken)) => {
                Err(Failure::Broken(kind(&broken.fault), broken.to_string()))
            }
        }
    }
}

const fn kind(fault: &Fault) -> Kind {
    match fault {
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
