//! Hands are shaken before anything is read: both sides prove that they know a shared key of the access file.

use forebay_access::{Forward, Known};
use forebay_telemetry::rate_limited_warn;
use forebay_wire::forward::Decoder;
use forebay_wire::forward::handshake::{Helo, Ping, refused};
use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::intake::Intake;
use crate::listen::Connection;
use crate::protocols::talk::Talk;
use crate::refusal::{Kind, Refusal};
use crate::tarpit;

/// The most that is read of somebody of whom nothing is known, in bytes. A ping has a few hundred.
const MOST: usize = 8 * 1024;

/// Our name in the answer. Some clients refuse a server of their own name.
const HOSTNAME: &str = "forebay";

/// Whether who connects has to show a key: there are keys, and nothing else says whose events it brings.
pub(super) fn is_needed(connection: &Connection, intake: &Intake) -> bool {
    let (keys, _) = intake.access.asks_forward();
    keys && intake.access.unnamed(&connection.origin(), Timestamp::now()).is_err()
}

/// Whose events who connects brings; `None` if it isn't let in, or is gone.
pub(super) async fn shake_hands(
    connection: &mut Connection,
    intake: &Intake,
    decoder: &mut Decoder,
) -> Option<Known> {
    let (stop, within) = (connection.stop.drain.clone(), intake.limits.read_timeout);
    let shaken = timeout(within, exchange(connection, intake, decoder));
    stop.run_until_cancelled(shaken).await?.ok()?
}

async fn exchange(connection: &mut Connection, intake: &Intake, decoder: &mut Decoder) -> Option<Known> {
    let (_, users) = intake.access.asks_forward();
    let helo = Helo { nonce: rand::random(), auth: users.then(rand::random) };
    connection.stream.write_all(&helo.encode()).await.ok()?;
    connection.stream.flush().await.ok()?;
    let mut talk = Talk::default();
    let ping = loop {
        match decoder.ping() {
            Ok(Some(ping)) => break ping,
            Ok(None) if decoder.buffer().len() < MOST => {}
            Ok(None) => return no_ping(connection, intake, &"it is too long").await,
            Err(broken) => return no_ping(connection, intake, &broken).await,
        }
        talk.pause(&connection.stream, &connection.stop.drain).await;
        decoder.buffer().reserve(1024);
        match connection.stream.read_buf(decoder.buffer()).await {
            Ok(count @ 1..) => talk.came(count),
            Ok(0) | Err(_) => return None,
        }
    };
    match find(connection, intake, &helo, &ping) {
        Ok((known, answer)) => {
            connection.stream.write_all(&answer).await.ok()?;
            connection.stream.flush().await.ok()?;
            Some(known)
        }
        Err(refusal) => {
            not_let_in(connection, intake, &refusal.reason).await;
            connection.stream.write_all(&refused(HOSTNAME, "not let in")).await.ok()?;
            connection.stream.shutdown().await.ok()?;
            None
        }
    }
}

fn find(
    connection: &Connection,
    intake: &Intake,
    helo: &Helo,
    ping: &Ping,
) -> Result<(Known, Vec<u8>), Refusal> {
    let proves_key = |key: &[u8]| ping.proves_key(helo, key);
    let proves_password = |password: &[u8]| ping.proves_password(helo, password);
    let shown = Forward {
        hostname: &ping.hostname,
        user: &ping.user,
        proves_key: &proves_key,
        proves_password: &proves_password,
    };
    let (grant, key) = intake.access.forward(&shown, &connection.origin(), Timestamp::now())?;
    let known = Known { tenant: grant.tenant, stamp: Some(grant.stamp) };
    Ok((known, ping.accepted(helo, HOSTNAME, key.expose())))
}

async fn no_ping(
    connection: &Connection,
    intake: &Intake,
    why: &(dyn std::fmt::Display + Sync),
) -> Option<Known> {
    not_let_in(connection, intake, &format!("its handshake can't be read: {why}")).await;
    None
}

async fn not_let_in(connection: &Connection, intake: &Intake, reason: &str) {
    let Connection { listener, peer, .. } = connection;
    intake.meters.refused_connection(&listener.name, "handshake");
    rate_limited_warn!(per_minute = 6, listener = listener.name, %peer, reason, "a sender is not let in");
    tarpit::pause(Kind::Unauthorized).await;
}
