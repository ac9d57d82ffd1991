//! Lumberjack, version 2: windows of JSON frames, acknowledged by the number of the last.

use forebay_settings::sections::ingest::ListenerProtocol;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::driver::{Door, Driver, Heard, Oversized, Waiting};

/// A connection.
pub(crate) struct Lumberjack(TcpStream);

impl Driver for Lumberjack {
    const PROTOCOL: &'static str = "lumberjack";
    const LISTENER: Option<ListenerProtocol> = Some(ListenerProtocol::Lumberjack);
    const WAITING: Waiting = Waiting::Silence;
    const OVERSIZED: Oversized = Oversized::Counted;

    async fn connect(door: &Door) -> Self {
        Self(TcpStream::connect(&door.address).await.unwrap())
    }

    async fn send(&mut self, events: &[String]) -> Heard {
        let count = u32::try_from(events.len()).unwrap();
        let mut window = [b"2W".as_slice(), &count.to_be_bytes()].concat();
        for (number, text) in (1_u32..).zip(events) {
            let event = json!({"message": text}).to_string();
            window.extend_from_slice(b"2J");
            window.extend_from_slice(&number.to_be_bytes());
            window.extend_from_slice(&u32::try_from(event.len()).unwrap().to_be_bytes());
            window.extend_from_slice(event.as_bytes());
        }
        if self.0.write_all(&window).await.is_err() {
            return Heard::Closed;
        }
        loop {
            let mut answer = [0; 6];
            if self.0.read_exact(&mut answer).await.is_err() {
                return Heard::Closed;
            }
            assert_eq!(&answer[..2], b"2A");
            // Smaller numbers say that the window is being worked on.
            if answer[2..] == count.to_be_bytes() {
                return Heard::Success;
            }
        }
    }
}
