//! Slowness for who sends much by HTTP and brings nothing by it: floods of HTTP/2's pings, settings and empty frames, which are answered before
//! any request is seen (as in CVE-2019-9512, 9515 and 9518), and heads of HTTP/1.1 that come a few bytes at a time: many clients who do that
//! wake us all the time for nothing.
//!
//! What is read counts until a request begins or a piece of its body is taken. Between requests hardly anything has to be said; during one
//! as much comes as is read ahead of the handler. Who says more isn't read for a while, and wakes nobody by what he sends meanwhile.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::activity::Activity;
use crate::listen::WakesLate;

/// How much may come between requests, in bytes: twice the largest head.
const BETWEEN: usize = 128 * 1024;
/// How much may come during requests, in bytes: more than the windows of an HTTP/2 connection and their frames' heads.
const DURING: usize = 1280 * 1024;
/// What is a piece of a head, in bytes: less than any line of a network carries at once.
const PIECE: usize = 512;
/// In how many pieces the head of an HTTP/1.1 request may come.
const PIECES: u32 = 2;
/// In how many pieces at most, however soon one comes after the other.
const MOST_PIECES: u32 = 64;
/// How long a head may take that comes in more than [`PIECES`], from its first one: clients that write it field by field take less.
const AT_ONCE: Duration = Duration::from_millis(300);
/// What HTTP/2 begins with ([RFC 9113, 3.4](https://www.rfc-editor.org/rfc/rfc9113#section-3.4)); no method of HTTP/1.1 does.
const PREFACE: &[u8] = b"PRI";
/// How long isn't read whose head comes in more, or up to twice as long: crowds that came together needn't be read together. What has come
/// meanwhile is one piece.
const PAUSE_PIECES: Duration = Duration::from_secs(2);
/// How long isn't read who says more between requests.
const PAUSE_BETWEEN: Duration = Duration::from_millis(250);
/// And during requests.
const PAUSE_DURING: Duration = Duration::from_secs(1);
/// What has to have come during a pause to wake us, in bytes.
const WAKES: u32 = 4096;

/// A connection's bytes.
#[derive(Debug)]
pub(super) struct Paced<S> {
    stream: S,
    activity: Arc<Activity>,
    /// What [`Activity::progress`] was when something was read last.
    progress: u64,
    /// What was read since it changed.
    unpaid: usize,
    /// In how many pieces, and since when.
    pieces: u32,
    since: Instant,
    /// Whether nothing has been read yet.
    is_new: bool,
    pause: Option<Pin<Box<Sleep>>>,
}

// === impl Paced ===

impl<S: WakesLate> Paced<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> Self {
        let since = Instant::now();
        Self { stream, activity, progress: 0, unpaid: 0, pieces: 0, since, is_new: true, pause: None }
    }

    /// Looks whether something has come of what was read.
    fn look(&mut self) {
        let progress = self.activity.progress();
        if progress != self.progress {
            (self.progress, self.unpaid, self.pieces) = (progress, 0, 0);
            self.go_on();
        }
    }

    fn pause(&mut self, pause: Duration) {
        self.stream.wake_at(WAKES);
        self.pause = Some(Box::pin(sleep(pause)));
    }

    fn go_on(&mut self) {
        if self.pause.take().is_some() {
            self.stream.wake_at(1);
        }
    }

    /// Counts what was read; beyond the limit, how long nothing is.
    fn count(&mut self, bytes: usize) -> Option<Duration> {
        self.look();
        self.unpaid = self.unpaid.saturating_add(bytes);
        if bytes < PIECE && self.is_head() {
            if self.pieces == 0 {
                self.since = Instant::now();
            }
            self.pieces += 1;
            if self.pieces > MOST_PIECES || (self.pieces > PIECES && self.since.elapsed() > AT_ONCE) {
                return Some(PAUSE_PIECES.mul_f32(rand::random_range(1.0..2.0)));
            }
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

    /// Whether what comes is the head of an HTTP/1.1 request: clients of HTTP/2 say small things between requests that want an answer soon.
    fn is_head(&self) -> bool {
        !self.activity.is_under_way() && !self.activity.speaks_http2() && !self.activity.is_upgraded()
    }
}

impl<S: AsyncRead + WakesLate + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.look();
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.go_on();
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = &buffer.filled()[before..];
        let bytes = read.len();
        if std::mem::take(&mut self.is_new) && read.starts_with(PREFACE) {
            self.activity.speaks(true);
        }
        if let Some(pause) = self.count(bytes) {
            self.pause(pause);
        }
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
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    impl WakesLate for tokio::io::Repeat {}
    impl WakesLate for tokio::io::DuplexStream {}

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

    async fn piece(paced: &mut Paced<impl AsyncRead + WakesLate + Unpin>) -> Duration {
        let started = Instant::now();
        let _len = paced.read_exact(&mut [0; 6]).await.unwrap();
        started.elapsed()
    }

    /// Scenario: heads of HTTP/1.1 come in many pieces, written one after the other by a client who is in a hurry; then one that takes its
    /// time; then requests.
    /// Guarantees: the former are read at once; the latter slowly, until a request has begun.
    #[tokio::test(start_paused = true)]
    async fn a_head_in_many_pieces_is_read_slowly() {
        let activity = Arc::new(Activity::new());
        let mut paced = Paced::new(tokio::io::repeat(0), Arc::clone(&activity));
        for _request in 0..3 {
            for _piece in 0..5 * PIECES {
                assert_eq!(piece(&mut paced).await, Duration::ZERO);
            }
            drop(Activity::begin(&activity));
        }
        for _piece in 0..=PIECES {
            assert_eq!(piece(&mut paced).await, Duration::ZERO);
            sleep(AT_ONCE).await;
        }
        assert!((PAUSE_PIECES - AT_ONCE..2 * PAUSE_PIECES).contains(&piece(&mut paced).await));
        drop(Activity::begin(&activity));
        assert_eq!(piece(&mut paced).await, Duration::ZERO, "a request has come of it");
        for _piece in 0..MOST_PIECES {
            assert_eq!(piece(&mut paced).await, Duration::ZERO);
        }
        assert!((PAUSE_PIECES..=2 * PAUSE_PIECES).contains(&piece(&mut paced).await));
    }

    /// Scenario: a client of HTTP/2 says small things before its first request.
    /// Guarantees: they are read at once.
    #[tokio::test(start_paused = true)]
    async fn small_frames_before_the_first_request_are_read_at_once() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut paced = Paced::new(server, Arc::new(Activity::new()));
        for part in [*b"PRI * ", *b"HTTP/2"].into_iter().chain([*b"ping!!"; 9]) {
            client.write_all(&part).await.unwrap();
            assert_eq!(piece(&mut paced).await, Duration::ZERO);
            sleep(AT_ONCE).await;
        }
    }
}
