//! Beats and everything else that speaks Lumberjack: a window is acknowledged when all in-sync replicas have its events.
//!
//! While Kafka is slow the sender is told that its window is being worked on (an acknowledgement of 0), and nothing more is read.
//! A sender that waits without having filled its window gets what it sent acknowledged after a second, as the protocol
//! allows. The protocol has no way to refuse: a connection that can't be read on is closed, and the sender begins anew.

use std::sync::Arc;

use bytes::BytesMut;
use forebay_wire::broken;
use forebay_wire::lumberjack::{self, Ack, Decoder, Fault};

use super::Protocol;
use super::exchange::{Decode, Exchange, Failure, Grant, Portion, Waits};
use crate::intake::Intake;
use crate::listen::Connection;
use crate::refusal::Kind;

/// Serves a connection until it ends.
pub(super) async fn serve(connection: Connection, intake: &Arc<Intake>) {
    if let Some(exchange) = Exchange::new(connection, intake, Protocol::Lumberjack).await {
        exchange.serve(&mut Decoder::new(intake.limits.of_wire())).await;
    }
}

impl Decode for Decoder {
    fn buffer(&mut self) -> &mut BytesMut {
        self.buffer()
    }

    fn held(&self) -> usize {
        self.held()
    }

    fn events(&self) -> usize {
        self.events()
    }

    fn waits(&self) -> Waits {
        match () {
            () if self.events() > 0 => Waits::WithEvents,
            () if self.is_idle() => Waits::Idle,
            () => Waits::ForRest,
        }
    }

    fn next(&mut self, grant: &mut Grant<'_>) -> Result<Option<Portion>, Failure> {
        match self.next(grant) {
            Ok(portion) => Ok(portion.map(answered)),
            Err(broken::Failure::Refused(_)) => Err(Failure::Refused),
            Err(broken::Failure::Broken(broken)) => {
                Err(Failure::Broken(kind(&broken.fault), broken.to_string()))
            }
        }
    }

    fn flush(&mut self) -> Option<Portion> {
        self.flush().map(answered)
    }

    fn keepalive(&self) -> Option<Vec<u8>> {
        self.keepalive().map(|ack| ack.encode().to_vec())
    }
}

fn answered(portion: lumberjack::Portion) -> Portion {
    let lumberjack::Portion { batch, ack } = portion;
    let said = |ack: Ack| ack.encode().to_vec();
    Portion { batch, answer: said(ack), keepalive: Some(said(ack.keepalive())), is_awaited: true }
}

const fn kind(fault: &Fault) -> Kind {
    match fault {
        Fault::TooLarge { .. } | Fault::Inflated(_) => Kind::TooLarge,
        Fault::Compression(_) => Kind::BrokenCompression,
        _ => Kind::MalformedBody,
    }
}
