//! RELP: every message is answered under its number.

use std::collections::HashSet;

use forebay_settings::sections::ingest::ListenerProtocol;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::driver::{Door, Driver, Heard, Oversized, Waiting};

/// A session.
pub(crate) struct Relp {
    stream: TcpStream,
    next: u32,
    unread: String,
}

impl Relp {
    /// Takes the number of the next answer; `None` when the session has ended.
    async fn answer(&mut self) -> Option<u32> {
        loop {
            // A header, and as many bytes as it says, and a line end.
            if let Some((head, rest)) = self.unread.split_once(' ')
                && let Some((_command, rest)) = rest.split_once(' ')
                && let Some(end) = rest.find([' ', '\n'])
            {
                let (number, len) = (head.parse().unwrap(), rest[..end].parse::<usize>().unwrap());
                let used = if len == 0 { end + 1 } else { end + 1 + len + 1 };
                if rest.len() >= used {
                    self.unread = rest[used..].to_owned();
                    return (number != 0).then_some(number);
                }
            }
            let mut piece = [0; 4096];
            let read = self.stream.read(&mut piece).await.unwrap_or(0);
            if read == 0 {
                return None;
            }
            self.unread.push_str(std::str::from_utf8(&piece[..read]).unwrap());
        }
    }
}

impl Driver for Relp {
    const PROTOCOL: &'static str = "relp";
    const LISTENER: Option<ListenerProtocol> = Some(ListenerProtocol::Relp);
    const WAITING: Waiting = Waiting::Silence;
    const OVERSIZED: Oversized = Oversized::Cut;

    async fn connect(door: &Door) -> Self {
        let stream = TcpStream::connect(&door.address).await.unwrap();
        let mut session = Self { stream, next: 2, unread: String::new() };
        let offers = "relp_version=0\nrelp_software=compliance\ncommands=syslog";
        let open = format!("1 open {} {offers}\n", offers.len());
        session.stream.write_all(open.as_bytes()).await.unwrap();
        // Who isn't let in hears nothing, and finds out when it sends.
        assert!(matches!(session.answer().await, Some(1) | None));
        session
    }

    async fn send(&mut self, events: &[String]) -> Heard {
        let mut open = HashSet::new();
        let mut frames = String::new();
        for text in events {
            let message = format!("<14>1 2026-01-02T03:04:05Z host app - - - {text}");
            frames.push_str(&format!("{} syslog {} {message}\n", self.next, message.len()));
            let _new = open.insert(self.next);
            self.next += 1;
        }
        if self.stream.write_all(frames.as_bytes()).await.is_err() {
            return Heard::Closed;
        }
        while !open.is_empty() {
            match self.answer().await {
                Some(number) => assert!(open.remove(&number), "{number} is answered, which wasn't asked"),
                None => return Heard::Closed,
            }
        }
        Heard::Success
    }
}
