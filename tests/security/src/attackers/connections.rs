//! Attacks by connections: many, slow, halves of them, or for nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::{Arrivals, Targets, under_way};
use crate::stay::{Half, connect, hold};

/// How many half-open connections there are.
const CROWD: u16 = 10_000;

/// From how many addresses they come.
const ADDRESSES: u16 = 200;

/// How long an attacker waits to be let in before he tries again: less than after what the kernel does so for him. It would for thousands
/// in one go, and in front of the honest client on the same core; what attackers do themselves gives way to him.
const KNOCKS: Duration = Duration::from_millis(900);

/// Does nothing.
pub(super) async fn nobody() -> Result<()> {
    under_way()?;
    std::future::pending().await
}

/// Connects, sends a half, then a bit now and then, and comes again when it is thrown out, at most twice a second.
async fn come_again(from: [u8; 4], to: SocketAddr, (first, then): Half, arrivals: Arrivals) {
    let mut ticks = interval(Duration::from_millis(500));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let _at_once_or_later = ticks.tick().await;
        let Ok(Ok(mut stream)) = timeout(KNOCKS, connect(from, to)).await else { continue };
        if stream.write_all(first).await.is_ok() {
            arrivals.one();
            hold(stream, then).await;
        }
    }
}

/// Ten thousand half requests from two hundred addresses, each with a byte now and then.
pub(super) async fn half_open(targets: Targets) -> Result<()> {
    let limit = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: limit, maximum: limit })?;
    ensure!(
        limit.is_none_or(|limit| limit > u64::from(CROWD) + 100),
        "a process may have {limit:?} files only"
    );
    let (mut crowd, arrivals) = (JoinSet::new(), Arrivals::default());
    for number in 0..CROWD {
        let [_, low] = (number % ADDRESSES + 1).to_be_bytes();
        let from = [127, 0, 3, low];
        let half: Half = (b"POST /v1/ingest HTTP/1.1\r\nhost: x\r\n", b"x: y\r\n");
        let _task = crowd.spawn(come_again(from, targets.http, half, arrivals.clone()));
    }
    // As many as the listener takes: the others wait in the kernel's queue, or are dropped there.
    arrivals.under_way_at(4_000).await?;
    let _for_ever = crowd.join_next().await;
    Ok(())
}

/// Halves of messages on every listener that is the attacker's own.
pub(super) async fn halves(targets: Targets) -> Result<()> {
    let (mut crowd, arrivals) = (JoinSet::new(), Arrivals::default());
    for (name, first, then) in [
        ("forward", &b"\x93\xa1t\xdd\0\0\xff\xff"[..], &b"\xc0"[..]),
        ("gelf", b"{", b"x"),
        ("lines", b"", b"x"),
        ("lumberjack", b"2W\0\0\0\x012C\0\x0f\0\0", b"x"),
        ("relp", b"1 open 85 ", b"x"),
        ("syslog", b"9000 <14>", b"x"),
        ("tls", b"\x16\x03\x01\x02\0\x01\0", b"\0"),
    ] {
        let to = targets.door(name)?;
        for _connection in 0..500 {
            let _task = crowd.spawn(come_again([127, 0, 0, 7], to, (first, then), arrivals.clone()));
        }
    }
    arrivals.under_way_at(3_000).await?;
    let _for_ever = crowd.join_next().await;
    Ok(())
}

/// Connects and goes at once, again and again.
pub(super) async fn come_and_go(targets: Targets) -> Result<()> {
    under_way()?;
    loop {
        // A reset instead of an end, or the ports of this address would be used up in no time.
        if let Ok(stream) = connect([127, 0, 0, 8], targets.http).await {
            stream.set_zero_linger()?;
        }
    }
}

/// Begins handshakes and ends them when the server has done its part: it has then signed, and the client has done next to nothing.
pub(super) async fn handshakes(targets: Targets) -> Result<()> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let mut hello = Vec::new();
    let mut connection = ClientConnection::new(Arc::new(config), "localhost".try_into()?)?;
    let _len = connection.write_tls(&mut hello)?;
    let (to, hello) = (targets.door("tls")?, Arc::new(hello));
    let (mut clients, arrivals) = (JoinSet::new(), Arrivals::default());
    for _client in 0..4 {
        let (hello, arrivals) = (Arc::clone(&hello), arrivals.clone());
        let _task = clients.spawn(async move {
            loop {
                let Ok(mut stream) = connect([127, 0, 0, 8], to).await else { continue };
                let mut answer = [0; 4_096];
                if stream.write_all(&hello).await.is_ok() {
                    let _signed = stream.read(&mut answer).await;
                    arrivals.one();
                }
                let _reset = stream.set_zero_linger();
            }
        });
    }
    arrivals.under_way_at(4).await?;
    let _for_ever = clients.join_next().await.context("no client")?;
    Ok(())
}
