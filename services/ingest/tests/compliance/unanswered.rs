//! Protocols without answers: a client believes what it could write, over connections or in datagrams.

use std::marker::PhantomData;

use forebay_settings::sections::ingest::ListenerProtocol;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, UnixDatagram, UnixStream};

use crate::driver::{Door, Driver, Heard, Oversized, Transport, Waiting};

/// What is a protocol's own.
pub(crate) trait Dialect: Send + 'static {
    const PROTOCOL: &'static str;
    const WAY: &'static str = Self::PROTOCOL;
    const LISTENER: ListenerProtocol;
    const TRANSPORT: Transport = Transport::Tcp;
    const OVERSIZED: Oversized = Oversized::Cut;

    /// A message as it goes over a connection, or in a datagram.
    fn frame(text: &str) -> String;
}

/// A client's end.
pub(crate) struct Client<T>(End, PhantomData<T>);

enum End {
    Connection(Box<dyn AsyncWrite + Send + Unpin>),
    Udp(UdpSocket),
    UnixDatagram(UnixDatagram),
}

impl<T: Dialect> Driver for Client<T> {
    const PROTOCOL: &'static str = T::PROTOCOL;
    const WAY: &'static str = T::WAY;
    const TRANSPORT: Transport = T::TRANSPORT;
    const LISTENER: Option<ListenerProtocol> = Some(T::LISTENER);
    const WAITING: Waiting = Waiting::Unanswered;
    const OVERSIZED: Oversized = T::OVERSIZED;

    async fn connect(door: &Door) -> Self {
        let end = match T::TRANSPORT {
            Transport::Tcp => End::Connection(Box::new(TcpStream::connect(&door.address).await.unwrap())),
            Transport::Unix => End::Connection(Box::new(UnixStream::connect(&door.address).await.unwrap())),
            Transport::Udp => {
                let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                socket.connect(&door.address).await.unwrap();
                End::Udp(socket)
            }
            Transport::UnixDatagram => {
                let socket = UnixDatagram::unbound().unwrap();
                socket.connect(&door.address).unwrap();
                End::UnixDatagram(socket)
            }
        };
        Self(end, PhantomData)
    }

    async fn send(&mut self, events: &[String]) -> Heard {
        let mut frames = events.iter().map(|text| T::frame(text));
        let sent = match &mut self.0 {
            End::Connection(connection) => {
                connection.write_all(frames.collect::<String>().as_bytes()).await.is_ok()
            }
            End::Udp(socket) => loop {
                let Some(frame) = frames.next() else { break true };
                if socket.send(frame.as_bytes()).await.is_err() {
                    break false;
                }
            },
            End::UnixDatagram(socket) => loop {
                let Some(frame) = frames.next() else { break true };
                if socket.send(frame.as_bytes()).await.is_err() {
                    break false;
                }
            },
        };
        if sent { Heard::Success } else { Heard::Closed }
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
    // Half of its JSON would be worth nothing.
    const OVERSIZED: Oversized = Oversized::Counted;

    fn frame(text: &str) -> String {
        format!("{{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"{text}\"}}\0")
    }
}

/// Syslog in datagrams of UDP.
pub(crate) struct SyslogUdp;

impl Dialect for SyslogUdp {
    const PROTOCOL: &'static str = "syslog";
    const WAY: &'static str = "syslog-udp";
    const LISTENER: ListenerProtocol = ListenerProtocol::Syslog;
    const TRANSPORT: Transport = Transport::Udp;

    fn frame(text: &str) -> String {
        format!("<14>1 2026-01-02T03:04:05Z host app - - - {text}")
    }
}

/// Syslog of local processes, as they write it to `/dev/log`.
pub(crate) struct SyslogLocal;

impl Dialect for SyslogLocal {
    const PROTOCOL: &'static str = "syslog";
    const WAY: &'static str = "syslog-local";
    const LISTENER: ListenerProtocol = ListenerProtocol::Syslog;
    const TRANSPORT: Transport = Transport::UnixDatagram;

    fn frame(text: &str) -> String {
        format!("<14>Jan  2 03:04:05 app: {text}")
    }
}

/// Lines of local processes, over a connection.
pub(crate) struct LinesLocal;

impl Dialect for LinesLocal {
    const PROTOCOL: &'static str = "lines";
    const WAY: &'static str = "lines-local";
    const LISTENER: ListenerProtocol = ListenerProtocol::Lines;
    const TRANSPORT: Transport = Transport::Unix;

    fn frame(text: &str) -> String {
        format!("{text}\n")
    }
}

/// GELF in datagrams of UDP, one for each message.
pub(crate) struct GelfUdp;

impl Dialect for GelfUdp {
    const PROTOCOL: &'static str = "gelf";
    const WAY: &'static str = "gelf-udp";
    const LISTENER: ListenerProtocol = ListenerProtocol::Gelf;
    const TRANSPORT: Transport = Transport::Udp;
    const OVERSIZED: Oversized = Oversized::Lost;

    fn frame(text: &str) -> String {
        format!("{{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"{text}\"}}")
    }
}
