//! Protocols without answers, over TCP: a client believes what it could write.

use std::marker::PhantomData;

use forebay_settings::sections::ingest::ListenerProtocol;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::driver::{Door, Driver, Heard, Oversized, Waiting};

/// What is a protocol's own.
pub(crate) trait Dialect: Send + 'static {
    const PROTOCOL: &'static str;
    const LISTENER: ListenerProtocol;

    /// A message as it goes over the connection.
    fn frame(text: &str) -> String;
}

/// A connection.
pub(crate) struct Stream<T>(TcpStream, PhantomData<T>);

impl<T: Dialect> Driver for Stream<T> {
    const PROTOCOL: &'static str = T::PROTOCOL;
    const LISTENER: Option<ListenerProtocol> = Some(T::LISTENER);
    const WAITING: Waiting = Waiting::Unanswered;
    const OVERSIZED: Oversized = Oversized::Cut;

    async fn connect(door: &Door) -> Self {
        Self(TcpStream::connect(&door.address).await.unwrap(), PhantomData)
    }

    async fn send(&mut self, events: &[String]) -> Heard {
        let frames: String = events.iter().map(|text| T::frame(text)).collect();
        match self.0.write_all(frames.as_bytes()).await {
            Ok(()) => Heard::Success,
            Err(_) => Heard::Closed,
        }
    }
}

/// Syslog with octet counts.
pub(crate) struct Syslog;

impl Dialect for Syslog {
    const PROTOCOL: &'static str = "syslog";
    const LISTENER: ListenerProtocol = ListenerProtocol::Syslog;

    fn frame(text: &str) -> String {
        let message = format!("<14>1 2026-01-02T03:04:05Z host app - - - {text}");
        format!("{} {message}", message.len())
    }
}

/// Plain lines.
pub(crate) struct Lines;

impl Dialect for Lines {
    const PROTOCOL: &'static str = "lines";
    const LISTENER: ListenerProtocol = ListenerProtocol::Lines;

    fn frame(text: &str) -> String {
        format!("{text}\n")
    }
}

/// GELF that ends with NUL.
pub(crate) struct Gelf;

impl Dialect for Gelf {
    const PROTOCOL: &'static str = "gelf";
    const LISTENER: ListenerProtocol = ListenerProtocol::Gelf;

    fn frame(text: &str) -> String {
        format!("{{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"{text}\"}}\0")
    }
}
