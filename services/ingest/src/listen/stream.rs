//! The bytes of a connection, whatever carries them, and never so many in a row that the other connections of its thread wait.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use forebay_tls::TlsStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::coop::poll_proceed;

use super::low_water::wake_at;

/// How many bytes take one of the 128 steps that a task has before it is another's turn. A step for each read alone would let who
/// sends without a pause have 128 buffers in a row: megabytes, which as tiny frames keep a core busy for the better part of a second.
const BYTES_A_STEP: usize = 256;

/// A connection's two directions.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Unix(UnixStream),
}

/// A stream whose reader may want to sleep while little has come.
pub(crate) trait WakesLate {
    /// Wakes the reader from now on when so many bytes have come, or the end. Where that can't be had, each byte does.
    fn wake_at(&self, _bytes: u32) {}
}

impl WakesLate for Stream {
    fn wake_at(&self, bytes: u32) {
        match self {
            Self::Tcp(stream) => wake_at(stream, bytes),
            Self::Tls(stream) => wake_at(stream.get_ref().0, bytes),
            Self::Unix(_) => {}
        }
    }
}

/// Does the same with whichever it is.
macro_rules! whichever {
    ($self:expr, $stream:ident => $does:expr) => {
        match $self.get_mut() {
            Self::Tcp($stream) => $does,
            Self::Tls($stream) => $does,
            Self::Unix($stream) => $does,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = whichever!(self, stream => Pin::new(stream).poll_read(context, buffer));
        if read.is_ready() {
            charge(buffer.filled().len() - before, context);
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        whichever!(self, stream => Pin::new(stream).poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        whichever!(self, stream => Pin::new(stream).poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        whichever!(self, stream => Pin::new(stream).poll_shutdown(context))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
            Self::Unix(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        whichever!(self, stream => Pin::new(stream).poll_write_vectored(context, slices))
    }
}

/// Takes the steps that so many bytes cost. Once there are none left, the next read waits for its task's next turn.
fn charge(bytes: usize, context: &mut Context<'_>) {
    for _step in 0..bytes / BYTES_A_STEP {
        match poll_proceed(context) {
            Poll::Ready(step) => step.made_progress(),
            Poll::Pending => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Scenario: on a runtime of one thread somebody has sent a megabyte, which is read in small pieces, and another task wants its turn.
    /// Guarantees: it has it before a tenth of that is read.
    #[tokio::test]
    async fn who_sends_much_does_not_keep_the_thread() {
        const SENT: usize = 1 << 20;
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let read = Arc::new(AtomicUsize::new(0));
        let so_far = Arc::clone(&read);
        let reading = tokio::spawn(async move {
            let (mut stream, mut buffer) = (Stream::Unix(ours), [0; 4_096]);
            while so_far.load(Ordering::Relaxed) < SENT {
                let more = stream.read(&mut buffer).await.unwrap();
                let _before = so_far.fetch_add(more, Ordering::Relaxed);
            }
        });
        let writing = tokio::task::spawn_blocking(move || {
            tokio::runtime::Handle::current().block_on(async { theirs.write_all(&vec![0; SENT]).await })
        });
        let mut longest = 0;
        while !reading.is_finished() {
            let before = read.load(Ordering::Relaxed);
            tokio::task::yield_now().await;
            longest = longest.max(read.load(Ordering::Relaxed) - before);
        }
        writing.await.unwrap().unwrap();
        reading.await.unwrap();
        assert!((1..SENT / 10).contains(&longest), "{longest} bytes in a row");
    }
}
