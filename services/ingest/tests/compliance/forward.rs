//! Fluent Forward: chunks of entries that ask for their acknowledgement.

use forebay_settings::sections::ingest::ListenerProtocol;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::driver::{Door, Driver, Heard, Oversized, Waiting};

/// A connection.
pub(crate) struct Forward(TcpStream, u32);

/// A text in MessagePack.
fn text(out: &mut Vec<u8>, text: &str) {
    out.push(0xdb);
    out.extend_from_slice(&u32::try_from(text.len()).unwrap().to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

impl Driver for Forward {
    const PROTOCOL: &'static str = "forward";
    const LISTENER: Option<ListenerProtocol> = Some(ListenerProtocol::Forward);
    const WAITING: Waiting = Waiting::Silence;
    const OVERSIZED: Oversized = Oversized::Counted;

    async fn connect(door: &Door) -> Self {
        Self(TcpStream::connect(&door.address).await.unwrap(), 0)
    }

    async fn send(&mut self, events: &[String]) -> Heard {
        self.1 += 1;
        let chunk = format!("chunk-{}", self.1);
        // [tag, [[time, {"message": text}], ...], {"chunk": chunk}]
        let mut message = vec![0x93];
        text(&mut message, "compliance");
        message.push(0xdd);
        message.extend_from_slice(&u32::try_from(events.len()).unwrap().to_be_bytes());
        for event in events {
            message.extend_from_slice(&[0x92, 0xce]);
            message.extend_from_slice(&1_795_251_598_u32.to_be_bytes());
            message.push(0x81);
            text(&mut message, "message");
            text(&mut message, event);
        }
        message.push(0x81);
        text(&mut message, "chunk");
        text(&mut message, &chunk);
        if self.0.write_all(&message).await.is_err() {
            return Heard::Closed;
        }
        // {"ack": chunk}: its end is that of the chunk's name.
        let mut answer = Vec::new();
        while !answer.ends_with(chunk.as_bytes()) {
            let mut piece = [0; 256];
            match self.0.read(&mut piece).await {
                Ok(read @ 1..) => answer.extend_from_slice(&piece[..read]),
                _ => return Heard::Closed,
            }
        }
        Heard::Success
    }
}
