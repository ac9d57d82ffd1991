//! Slowness for who sends much by HTTP and brings nothing by it: floods of HTTP/2's pings, settings and empty frames, which are answered before
//! any request is seen (as in CVE-2019-9512, 9515 and 9518), and heads of HTTP/1.1 that come a few bytes at a time: many clients who do that
//! wake us all the time for nothing.
//!
//! What is read counts until a request begins or a piece of its body is taken. Between requests hardly anything has to be said; during one
//! as much comes as is read ahead of the handler. Who says more isn't read for a while.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::activity::Activity;

/// How much may come between requests, in bytes: twice the largest head.
const BETWEEN: usize = 128 * 1024;
/// How much may come during requests, in bytes: more than the windows of an HTTP/2 connection and their frames' heads.
const DURING: usize = 1280 * 1024;
/// What is a piece of a head, in bytes: less than any line of a network carries at once.
const PIECE: usize = 512;
/// In how many pieces the head of an HTTP/1.1 request may come.
const PIECES: u32 = 4;
/// How long isn't read whose head comes in more. What has come meanwhile is one piece.
const PAUSE_PIECES: Duration = Duration::from_secs(2);
/// How long isn't read who says more between requests.
const PAUSE_BETWEEN: Duration = Duration::from_millis(250);
/// And during requests.
const PAUSE_DURING: Duration = Duration::from_secs(1);

/// A connection's bytes.
#[derive(Debug)]
pub(super) struct Paced<S> {
    stream: S,
    activity: Arc<Activity>,
    /// What [`Activity::progress`] was when something was read last.
    progress: u64,
    /// What was read since it changed.
    unpaid: usize,
    /// In how many pieces.
    pieces: u32,
    pause: Option<Pin<Box<Sleep>>>,
}

// === impl Paced ===

impl<S> Paced<S> {
    pub(super) const fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity, progress: 0, unpaid: 0, pieces: 0, pause: None }
    }

    /// Counts what was read; beyond the limit, how long nothing is.
    fn count(&mut self, bytes: usize) -> Option<Duration> {
        let progress = self.activity.progress();
        if progress != self.progress {
            (self.progress, self.unpaid, self.pieces) = (progress, 0, 0);
        }
        self.unpaid = self.unpaid.saturating_add(bytes);
        self.pieces = self.pieces.saturating_add(u32::from(bytes < PIECE));
        // Clients of HTTP/2 say small things between requests that want an answer soon.
        let is_head = !self.activity.is_under_way() && !self.activity.speaks_http2();
        if is_head && self.pieces > PIECES && !self.activity.is_upgraded() {
            return Some(PAUSE_PIECES);
        }
        let (most, pause) = match self.activity.is_under_way() {
            true => (DURING, PAUSE_DURING),
            false => (BETWEEN, PAUSE_BETWEEN),
        };
        if self.unpaid <= most || self.activity.is_upgraded() {
            return None;
        }
        self.unpaid = 0;
        Some(pause)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let bytes = buffer.filled().len() - before;
        self.pause = self.count(bytes).map(|pause| Box::pin(sleep(pause)));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::time::Instant;

    use super::*;

    /// How long it takes to read so much from somebody who always has more.
    async fn reads(paced: &mut Paced<tokio::io::Repeat>, bytes: usize) -> Duration {
        let started = Instant::now();
        let mut buffer = vec![0; 16 * 1024];
        for _ in 0..bytes / buffer.len() {
            let _len = paced.read_exact(&mut buffer).await.unwrap();
        }
        started.elapsed()
    }

    /// Scenario: somebody sends without a pause, between requests, during one that takes nothing of it, and during one that does.
    /// Guarantees: what brings nothing is read slowly; what does, and what is read ahead, at once.
    #[tokio::test(start_paused = true)]
    async fn who_brings_nothing_is_slowed_down() {
        let activity = Arc::new(Activity::new());
        activity.speaks(true);
        let mut paced = Paced::new(tokio::io::repeat(0), Arc::clone(&activity));
        assert_eq!(reads(&mut paced, BETWEEN).await, Duration::ZERO);
        assert!(reads(&mut paced, 10 * BETWEEN).await >= 9 * PAUSE_BETWEEN);

        let request = Activity::begin(&activity);
        assert_eq!(reads(&mut paced, DURING).await, Duration::ZERO);
        assert!(reads(&mut paced, 3 * DURING).await >= 2 * PAUSE_DURING);
        for _piece in 0..50 {
            activity.went_on();
            assert_eq!(reads(&mut paced, BETWEEN).await, Duration::ZERO);
        }
        drop(request);

        activity.upgraded();
        assert_eq!(reads(&mut paced, 10 * DURING).await, Duration::ZERO);
    }

    /// Scenario: heads of HTTP/1.1 come in a few pieces, and then one in many.
    /// Guarantees: the former are read at once, each; the latter slowly.
    #[tokio::test(start_paused = true)]
    async fn a_head_in_many_pieces_is_read_slowly() {
        let activity = Arc::new(Activity::new());
        let mut paced = Paced::new(tokio::io::repeat(0), Arc::clone(&activity));
        let started = Instant::now();
        let mut piece = [0; 6];
        for _request in 0..3 {
            for _piece in 0..PIECES {
                let _len = paced.read_exact(&mut piece).await.unwrap();
            }
            drop(Activity::begin(&activity));
        }
        assert_eq!(started.elapsed(), Duration::ZERO);
        for _piece in 0..PIECES + 2 {
            let _len = paced.read_exact(&mut piece).await.unwrap();
        }
        assert_eq!(started.elapsed(), PAUSE_PIECES);
    }
}
