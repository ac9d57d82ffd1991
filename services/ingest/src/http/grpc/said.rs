//! The messages of an answer while they are made, and how it ends.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::HeaderMap;
use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;

/// The body of an answer. Without an end the client sees that the call broke off.
#[derive(Debug)]
pub(crate) struct Said(mpsc::Receiver<Frame<Bytes>>);

/// Where its messages come from.
#[derive(Clone, Debug)]
pub(crate) struct Saying(mpsc::Sender<Frame<Bytes>>);

/// The client is gone, or reads nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unheard;

/// An answer of which so many messages may wait for the client.
pub(crate) fn channel(waiting: usize) -> (Saying, Said) {
    let (sender, receiver) = mpsc::channel(waiting);
    (Saying(sender), Said(receiver))
}

impl Saying {
    /// Sends a message, as soon as the client has read enough of those before.
    pub(crate) async fn message(&self, message: Bytes, within: Duration) -> Result<(), Unheard> {
        self.0.send_timeout(Frame::data(message), within).await.map_err(|_| Unheard)
    }

    /// Ends the answer.
    pub(crate) async fn end(&self, trailers: HeaderMap, within: Duration) -> Result<(), Unheard> {
        self.0.send_timeout(Frame::trailers(trailers), within).await.map_err(|_| Unheard)
    }

    /// Sends a message if there is room.
    pub(crate) fn try_message(&self, message: Bytes) -> Result<(), Unheard> {
        self.0.try_send(Frame::data(message)).map_err(|_| Unheard)
    }

    /// Ends the answer if there is room.
    pub(crate) fn try_end(&self, trailers: HeaderMap) -> Result<(), Unheard> {
        self.0.try_send(Frame::trailers(trailers)).map_err(|_| Unheard)
    }

    /// Waits until the client is gone.
    pub(crate) async fn unheard(&self) {
        self.0.closed().await;
    }
}

impl Body for Said {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.get_mut().0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}
