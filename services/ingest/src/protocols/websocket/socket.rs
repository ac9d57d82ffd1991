//! The bytes of a WebSocket. Those of a message that isn't complete are counted as they come, and no more are read than there is
//! room for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use forebay_wire::websocket::Progress;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

/// What a connection may have of a message without asking, and the most that is read at once, in bytes.
pub(super) const OWN: usize = 16 * 1024;

/// How much may be written ahead of a client: an answer is small, and who reads none is given up.
const WRITTEN: usize = 256 * 1024;

/// How long to wait for the client's part of the close.
const CLOSING: Duration = Duration::from_secs(2);

/// What came.
pub(super) enum Came {
    /// A message, complete.
    Message(Bytes),
    /// A ping or a pong: somebody is there.
    Alive,
    /// The first bytes of a message.
    Begun,
    /// As much of a message as there is room for.
    Full,
    /// A message that is too large.
    TooLarge,
    /// The end.
    Gone,
}

/// A connection.
pub(super) struct Socket {
    stream: WebSocketStream<Metered>,
}

/// Its bytes.
struct Metered {
    io: TokioIo<Upgraded>,
    progress: Progress,
    /// How much of a message may come.
    granted: usize,
    /// Whether somebody wants to read more than that.
    is_full: bool,
    /// Since when a message comes that isn't complete.
    since: Option<Instant>,
    /// Whether that was told.
    is_told: bool,
}

// === impl Socket ===

impl Socket {
    /// A connection whose messages have at most `max` bytes.
    pub(super) async fn new(upgraded: Upgraded, max: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(OWN)
            .write_buffer_size(0)
            .max_write_buffer_size(WRITTEN)
            .max_message_size(Some(max))
            .max_frame_size(Some(max));
        let metered = Metered {
            io: TokioIo::new(upgraded),
            progress: Progress::default(),
            granted: OWN,
            is_full: false,
            since: None,
            is_told: false,
        };
        Self { stream: WebSocketStream::from_raw_socket(metered, Role::Server, Some(config)).await }
    }

    /// What comes next. Nothing is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> Came {
        std::future::poll_fn(|context| match self.stream.poll_next_unpin(context) {
            Poll::Ready(message) => Poll::Ready(came(message)),
            Poll::Pending => {
                let metered = self.stream.get_mut();
                let begins = metered.since.is_some() && !metered.is_told;
                metered.is_told = metered.since.is_some();
                match (metered.is_full, begins) {
                    (true, _) => Poll::Ready(Came::Full),
                    (false, true) => Poll::Ready(Came::Begun),
                    (false, false) => Poll::Pending,
                }
            }
        })
        .await
    }

    /// Says something.
    pub(super) async fn say(&mut self, message: Message, within: Duration) -> Result<(), Gone> {
        match timeout(within, self.stream.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    /// Ends the connection from here.
    pub(super) async fn close(&mut self, code: u16, reason: String) {
        let close = Message::Close(Some(CloseFrame { code: code.into(), reason: reason.into() }));
        // Of what still comes nothing is kept.
        self.grant(usize::MAX);
        let closed = async {
            let _sent = self.stream.send(close).await;
            while let Some(Ok(_)) = self.stream.next().await {}
        };
        let _in_time = timeout(CLOSING, closed).await;
    }

    /// How much of a message may come, in bytes.
    pub(super) fn granted(&self) -> usize {
        self.stream.get_ref().granted
    }

    /// So much of a message may come.
    pub(super) fn grant(&mut self, bytes: usize) {
        let metered = self.stream.get_mut();
        (metered.granted, metered.is_full) = (bytes, false);
    }

    /// Since when a message comes that isn't complete.
    pub(super) fn since(&self) -> Option<Instant> {
        self.stream.get_ref().since
    }

    /// Nothing was read for a while, which isn't the client's fault.
    pub(super) fn forgive(&mut self) {
        if let Some(since) = &mut self.stream.get_mut().since {
            *since = Instant::now();
        }
    }
}

/// The client is gone, or reads nothing.
pub(super) struct Gone;

fn came(message: Option<Result<Message, Error>>) -> Came {
    match message {
        Some(Ok(Message::Text(text))) => Came::Message(text.into()),
        Some(Ok(Message::Binary(bytes))) => Came::Message(bytes),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Came::Alive,
        Some(Err(Error::Capacity(_))) => Came::TooLarge,
        None | Some(Ok(Message::Close(_)) | Err(_)) => Came::Gone,
    }
}

// === impl Metered ===

impl AsyncRead for Metered {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = this.granted.saturating_sub(this.progress.under_way()).min(buffer.remaining());
        if room == 0 {
            // Nobody has to be woken: who reads sees it at once, and comes again when there is room.
            this.is_full = true;
            return Poll::Pending;
        }
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
        let outcome = Pin::new(&mut this.io).poll_read(context, &mut part);
        let read = part.filled().len();
        this.progress.see(part.filled());
        buffer.advance(read);
        if this.progress.under_way() == 0 {
            (this.since, this.is_told) = (None, false);
        } else {
            let _first = this.since.get_or_insert_with(Instant::now);
        }
        outcome
    }
}

impl AsyncWrite for Metered {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(context)
    }
}
