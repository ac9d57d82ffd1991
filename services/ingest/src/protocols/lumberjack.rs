//! Beats and everything else that speaks Lumberjack: a window is acknowledged when all in-sync replicas have its events.
//!
//! While Kafka is slow the sender is told that its window is being worked on (an acknowledgement of 0), and nothing more is read.
//! A sender that waits without having filled its window gets what it sent acknowledged after a second, as the protocol
//! allows. The protocol has no way to refuse: a connection that can't be read on is closed, and the sender begins anew.

use std::sync::Arc;

use forebay_wire::lumberjack::{Ack, Broken, Decoder, Failure, Fault, Portion};

use super::Protocol;
use super::exchange::{Came, End, Exchange, Waits};
use crate::intake::Intake;
use crate::listen::Connection;
use crate::refusal::Kind;

/// Serves a connection until it ends.
pub(super) async fn serve(connection: Connection, intake: &Arc<Intake>) {
    let Some(mut exchange) = Exchange::new(connection, intake, Protocol::Lumberjack) else { return };
    let mut decoder = Decoder::new(intake.limits.of_wire());
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
            Ok(Some(portion)) => ship(exchange, portion).await?,
            Ok(None) => {
                let waits = match () {
                    () if decoder.has_events() => Waits::WithEvents,
                    () if decoder.is_idle() => Waits::Idle,
                    () => Waits::ForRest,
                };
                let held = decoder.held();
                let came = exchange.read(decoder.buffer(), held, waits).await?;
                if came != Came::Some
                    && let Some(portion) = decoder.flush()
                {
                    ship(exchange, portion).await?;
                }
                if came == Came::Stop {
                    return Ok(());
                }
            }
            Err(Failure::Refused(_)) => {
                let keepalive = decoder.keepalive().map(Ack::encode);
                exchange.hold(wanted, keepalive.as_ref().map(|frame| &frame[..])).await?;
            }
            Err(Failure::Broken(broken)) => return Err(End::Broken(kind(&broken), broken.to_string())),
        }
    }
}

async fn ship(exchange: &mut Exchange, Portion { batch, ack }: Portion) -> Result<(), End> {
    exchange.ship(batch, Some(&ack.keepalive().encode())).await?;
    exchange.answer(&ack.encode()).await
}

const fn kind(broken: &Broken) -> Kind {
    match broken.fault {
        Fault::TooLarge { .. } | Fault::Inflated(_) => Kind::TooLarge,
        Fault::Compression(_) => Kind::BrokenCompression,
        _ => Kind::MalformedBody,
    }
}
