//! A TCP proxy that breaks connections on demand, in front of any address: what lies between two parts in production,
//! and misbehaves there.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use forebay_testkit::proxy::{Mode, Proxy, Shape};
//! let proxy = Proxy::start("127.0.0.1:9092".parse()?).await?;
//! proxy.set(Mode::Slow(Shape { to_server: Some(100_000), ..Shape::default() }));
//! proxy.set(Mode::Pass);
//! proxy.cut();
//! # Ok(()) }
//! ```
//!
//! A [`Mode`] holds for connections that are open and for new ones, until the next is set; [`Proxy::cut`] is an event of
//! its own. What a hold keeps back is not lost: once it ends, the bytes go on, as TCP has it after a partition that heals.
//! So only a cut loses bytes, and both sides see it as a reset.
//!
//! Invariants: bytes keep their order; a connection holds at most [`WINDOW`] of them in each direction, so that back-pressure
//! reaches the sender; everything ends when the handle is dropped.

mod connection;
mod lane;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use lane::Link;

/// The most bytes that a connection holds back in each direction; beyond that it doesn't read.
pub const WINDOW: usize = 256 * 1024;

/// What happens to bytes and to new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Everything goes through.
    #[default]
    Pass,
    /// New connections are reset at once; those that are open go on.
    Refuse,
    /// Connections are accepted and kept, and nothing goes through in either direction: a partition of the network.
    BlackHole,
    /// Requests go through and answers don't: the other side does the work, and nobody learns of it.
    Mute,
    /// Everything goes through, late or slowly.
    Slow(Shape),
}

/// How slow a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    /// How much later bytes arrive, in each direction.
    pub latency: Duration,
    /// Bytes per second from client to server, of all connections together; without it no limit.
    pub to_server: Option<u64>,
    /// Bytes per second from server to client, of all connections together; without it no limit.
    pub to_client: Option<u64>,
}

/// What a proxy has seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Connections that clients made and that reached the server.
    pub accepted: u64,
    /// Connections that were reset at once, by [`Mode::Refuse`] or since the server didn't listen.
    pub refused: u64,
    /// Connections that were reset by [`Proxy::cut`].
    pub cut: u64,
    /// Bytes handed on to the server.
    pub to_server: u64,
    /// Bytes handed on to the client.
    pub to_client: u64,
}

/// One of the two directions of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    ToServer,
    ToClient,
}

/// A running proxy; it resets its connections and stops listening when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

/// What the proxy's tasks share.
#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    mode: watch::Sender<Mode>,
    /// Its number counts the cuts: a connection that sees it change is cut.
    cuts: watch::Sender<u64>,
    to_server: Link,
    to_client: Link,
    tally: Tally,
}

#[derive(Debug, Default)]
struct Tally {
    accepted: AtomicU64,
    refused: AtomicU64,
    cut: AtomicU64,
}

// === impl Proxy ===

impl Proxy {
    /// Starts one on a free port of 127.0.0.1, in front of `server`, which needn't listen yet.
    ///
    /// # Errors
    /// When no port is to be had.
    pub async fn start(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("a port of 127.0.0.1")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server,
            mode: watch::Sender::new(Mode::Pass),
            cuts: watch::Sender::new(0),
            to_server: Link::default(),
            to_client: Link::default(),
            tally: Tally::default(),
        });
        let stop = CancellationToken::new();
        let _task = tokio::spawn(accept(listener, Arc::clone(&shared), stop.clone()));
        Ok(Self { address, shared, _stop: stop.drop_guard() })
    }

    /// Starts one in front of a port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port is to be had.
    pub async fn to_port(port: u16) -> Result<Self> {
        Self::start(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
    }

    /// Where clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port on 127.0.0.1 that clients connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on this holds, for open connections and new ones.
    pub fn set(&self, mode: Mode) {
        let _before = self.shared.mode.send_replace(mode);
    }

    /// What holds now.
    #[must_use]
    pub fn mode(&self) -> Mode {
        *self.shared.mode.borrow()
    }

    /// Resets every open connection, on both sides; bytes under way are lost. New ones are taken as the mode says.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// What it has seen so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let Shared { tally, to_server, to_client, .. } = &*self.shared;
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            accepted: of(&tally.accepted),
            refused: of(&tally.refused),
            cut: of(&tally.cut),
            to_server: to_server.carried(),
            to_client: to_client.carried(),
        }
    }
}

// === impl Shared ===

impl Shared {
    const fn link(&self, way: Way) -> &Link {
        match way {
            Way::ToServer => &self.to_server,
            Way::ToClient => &self.to_client,
        }
    }
}

// === impl Shape ===

impl Shape {
    const fn limit(&self, way: Way) -> Option<u64> {
        match way {
            Way::ToServer => self.to_server,
            Way::ToClient => self.to_client,
        }
    }
}

// === impl Mode ===

impl Mode {
    /// Whether bytes that go this way are held back.
    const fn holds(self, way: Way) -> bool {
        matches!((self, way), (Self::BlackHole, _) | (Self::Mute, Way::ToClient))
    }

    /// How slow the line is.
    const fn shape(self) -> Shape {
        match self {
            Self::Slow(shape) => shape,
            _ => Shape { latency: Duration::ZERO, to_server: None, to_client: None },
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        // An error here is the machine's (too many open files): the next connection may do better.
        if let Ok((client, _from)) = accepted {
            let _task = tokio::spawn(connection::serve(client, Arc::clone(&shared), stop.clone()));
        }
    }
}

#[cfg(test)]
mod tests;
