//! Senders of the protocols that ingest speaks, as bare as can be: what they send is made before anything is measured, and
//! they do nothing but write it and wait for the acknowledgement that their protocol has.

mod bulk;
mod forward;
mod lumberjack;
mod otlp;
mod syslog;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use forebay_settings::Settings;
use forebay_settings::sections::ingest::ListenerSettings;
use forebay_testkit::free_port;
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::lines::Lines;

/// How many events a request, chunk or window has.
const EVENTS: u64 = 1000;
/// How many connections send at once.
const CONNECTIONS: usize = 8;

/// When what was refused for now is sent again.
const AGAIN: Duration = Duration::from_secs(1);

/// A protocol.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sender {
    /// Elasticsearch's `_bulk`.
    Bulk,
    /// OTLP over gRPC.
    Otlp,
    /// Fluent Forward, packed, with chunk acknowledgements.
    Forward,
    /// Lumberjack, version 2, compressed as Filebeat does.
    Lumberjack,
    /// Syslog over TCP, a line each.
    Syslog,
}

/// Events that are sent together.
#[derive(Clone, Debug)]
struct Load {
    /// Its position, from 0.
    number: u64,
    /// How many events it has.
    events: u64,
    bytes: Bytes,
}

/// What is to be sent, ready on the wire.
#[derive(Debug)]
pub struct Loads(Vec<Load>);

impl Sender {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Bulk, Self::Otlp, Self::Forward, Self::Lumberjack, Self::Syslog];

    /// What the report calls the hop.
    #[must_use]
    pub const fn hop(self) -> &'static str {
        match self {
            Self::Bulk => "_bulk to Kafka",
            Self::Otlp => "OTLP over gRPC to Kafka",
            Self::Forward => "Fluent Forward, packed, to Kafka",
            Self::Lumberjack => "Beats (Lumberjack 2, compressed) to Kafka",
            Self::Syslog => "syslog over TCP to Kafka",
        }
    }

    /// The most that it is to cost, in CPU-seconds per million events.
    #[must_use]
    pub const fn target(self) -> f64 {
        match self {
            Self::Bulk => 3.6,
            Self::Otlp => 4.0,
            Self::Forward | Self::Syslog => 3.5,
            Self::Lumberjack => 5.0,
        }
    }

    /// Whether its protocol says when events have arrived.
    #[must_use]
    pub const fn is_acknowledged(self) -> bool {
        !matches!(self, Self::Syslog)
    }

    /// Makes ingest listen for it; the address.
    ///
    /// # Errors
    /// When no port is free.
    pub fn listen(self, settings: &mut Settings) -> Result<String> {
        let protocol = match self {
            Self::Bulk | Self::Otlp => return Ok(settings.ingest.listen.clone()),
            Self::Forward => "forward",
            Self::Lumberjack => "lumberjack",
            Self::Syslog => "syslog",
        };
        let address = format!("127.0.0.1:{}", free_port()?);
        listen(settings, protocol, &address)?;
        Ok(address)
    }

    /// So many events, ready to be written.
    ///
    /// # Errors
    /// When a line is no JSON.
    pub fn loads(self, lines: &Lines, events: u64) -> Result<Loads> {
        let starts = (0..events).step_by(usize::try_from(EVENTS).unwrap_or(1));
        let loads = starts.zip(0..).map(|(start, number)| {
            let batch: Vec<Vec<u8>> = (start..events.min(start + EVENTS))
                .map(|n| {
                    let mut line = Vec::new();
                    lines.push(n, &mut line);
                    line
                })
                .collect();
            let bytes = match self {
                Self::Bulk => bulk::body(&batch),
                Self::Otlp => otlp::message(&batch)?,
                Self::Forward => forward::chunk(&batch, number)?,
                Self::Lumberjack => lumberjack::window(&batch)?,
                Self::Syslog => syslog::lines(&batch, start)?,
            };
            Ok(Load { number, events: batch.len() as u64, bytes: bytes.into() })
        });
        Ok(Loads(loads.collect::<Result<_>>()?))
    }

    /// Sends everything, and waits for all acknowledgements that there are.
    ///
    /// # Errors
    /// When something is refused, or a connection breaks.
    pub async fn send(self, address: &str, loads: Loads) -> Result<()> {
        let loads = Arc::new(loads.0);
        let next = Arc::new(AtomicUsize::new(0));
        let mut senders = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let mut queue = Queue { loads: Arc::clone(&loads), next: Arc::clone(&next) };
            let address = address.to_owned();
            let _handle = senders.spawn(async move {
                match self {
                    Self::Bulk => bulk::send(&address, &mut queue).await,
                    Self::Otlp => otlp::send(&address, &mut queue).await,
                    Self::Forward => forward::send(&mut connect(&address).await?, &mut queue).await,
                    Self::Lumberjack => lumberjack::send(&mut connect(&address).await?, &mut queue).await,
                    Self::Syslog => syslog::send(&mut connect(&address).await?, &mut queue).await,
                }
            });
        }
        while let Some(ended) = senders.join_next().await {
            ended.context("a sender panicked")??;
        }
        Ok(())
    }
}

/// Makes ingest listen for syslog over UDP; the address.
///
/// # Errors
/// When no port is free.
pub fn datagrams_at(settings: &mut Settings) -> Result<String> {
    let address = format!("127.0.0.1:{}", free_port()?);
    listen(settings, "syslog", &format!("udp://{address}"))?;
    Ok(address)
}

fn listen(settings: &mut Settings, protocol: &str, address: &str) -> Result<()> {
    let listener: ListenerSettings =
        serde_json::from_value(json!({ "protocol": protocol, "address": address }))?;
    settings.ingest.listeners = BTreeMap::from([(protocol.to_owned(), listener)]);
    Ok(())
}

/// What is left to send, shared by all connections.
struct Queue {
    loads: Arc<Vec<Load>>,
    next: Arc<AtomicUsize>,
}

impl Queue {
    fn take(&mut self) -> Option<Load> {
        self.loads.get(self.next.fetch_add(1, Ordering::Relaxed)).cloned()
    }
}

async fn connect(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await.context("no connection to ingest")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn members(line: &[u8]) -> Result<Map<String, Value>> {
    serde_json::from_slice(line).context("the line is no JSON object")
}
