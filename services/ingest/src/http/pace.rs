//! Slowness for who sends much by HTTP and brings nothing by it: floods of HTTP/2's pings, settings and empty frames, which are answered before
//! any request is seen (as in CVE-2019-9512, 9515 and 9518); what comes a few bytes at a time, such as heads of HTTP/1.1: many clients who do that
//! wake us all the time for nothing; and requests that are reset before they are answered, as in CVE-2023-44487 but one by one.
//!
//! What is read counts until a request begins or a piece of its body is taken. Between requests hardly anything has to be said; during one
//! as much comes as is read ahead of the handler. Who says more isn't read for a while, and wakes nobody by what he sends meanwhile.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::activity::Activity;
use super::connection::MAX_STREAMS;
use crate::listen::{LATE, WakesLate};
use crate::tarpit;

/// How much may come between requests, in bytes: twice the largest head.
const BETWEEN: usize = 128 * 1024;
/// How much may come during requests, in bytes: more than the windows of an HTTP/2 connection and their frames' heads.
const DURING: usize = 1280 * 1024;
/// What is a piece of a head, in bytes: less than any line of a network carries at once.
const PIECE: usize = 512;
/// How long the head of an HTTP/1.1 request may take that comes in pieces, from its first one, or up to half as long again: clients that
/// write it field by field take less.
const AT_ONCE: Duration = Duration::from_millis(300);
/// In how many pieces it may come meanwhile.
const PIECES: u32 = 64;
/// How many pieces may come by HTTP/2 between requests, however slowly: settings and pings that want an answer soon.
const PIECES_HTTP2: u32 = 16;
/// What HTTP/2 begins with ([RFC 9113, 3.4](https://www.rfc-editor.org/rfc/rfc9113#section-3.4)).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long isn't read what takes longer or comes in more, or up to twice as long: crowds that came together needn't be read together. What
/// has come meanwhile is one piece. Less where a connection may not be idle for as long.
const PAUSE_PIECES: Duration = Duration::from_secs(2);
/// How long isn't read who says more between requests.
const PAUSE_BETWEEN: Duration = Duration::from_millis(250);
/// And during requests.
const PAUSE_DURING: Duration = Duration::from_secs(1);
/// How many requests may be reset in [`PAUSE_RESETS`]: who waits for his refusals can't have more.
const RESETS: u64 = MAX_STREAMS as u64;
/// How long isn't read who resets more: as long as who is refused waits.
const PAUSE_RESETS: Duration = tarpit::PAUSE;

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
    /// Until when they may come without a pause; once there was one, each is followed by the next.
    until: Instant,
    is_slow: bool,
    /// How much of [`PREFACE`] has come, and nothing else.
    preface: Option<usize>,
    /// What [`Activity::unanswered`] was, and when, when resets were counted anew.
    unanswered: u64,
    unanswered_since: Instant,
    pause_pieces: Duration,
    /// What ends at [`Self::until`], while nothing more has come.
    patience: Option<Pin<Box<Sleep>>>,
    pause: Option<Pin<Box<Sleep>>>,
}

// === impl Paced ===

impl<S: WakesLate> Paced<S> {
    /// `idle` is how long a connection may be silent.
    pub(super) fn new(stream: S, activity: Arc<Activity>, idle: Duration) -> Self {
        let now = Instant::now();
        Self {
            stream,
            activity,
            progress: 0,
            unpaid: 0,
            pieces: 0,
            until: now,
            is_slow: false,
            preface: Some(0),
            unanswered: 0,
            unanswered_since: now,
            pause_pieces: PAUSE_PIECES.min(idle / 4),
            patience: None,
            pause: None,
        }
    }

    /// Looks whether something has come of what was read.
    fn look(&mut self) {
        let progress = self.activity.progress();
        if progress != self.progress {
            (self.progress, self.unpaid, self.pieces, self.is_slow) = (progress, 0, 0, false);
            self.go_on();
        }
        self.look_for_resets();
    }

    fn look_for_resets(&mut self) {
        let unanswered = self.activity.unanswered();
        if unanswered == self.unanswered || self.pause.is_some() {
            return;
        }
        let now = Instant::now();
        if unanswered - self.unanswered >= RESETS {
            (self.unanswered, self.unanswered_since) = (unanswered, now + PAUSE_RESETS);
            self.pause(PAUSE_RESETS);
        } else if now >= self.unanswered_since + PAUSE_RESETS {
            (self.unanswered, self.unanswered_since) = (unanswered, now);
        }
    }

    fn pause(&mut self, pause: Duration) {
        self.stream.wake_at(LATE);
        self.pause = Some(Box::pin(sleep(pause)));
    }

    fn go_on(&mut self) {
        if self.pause.take().is_some() {
            self.stream.wake_at(1);
            // What has come meanwhile takes a moment to be seen.
            self.until = Instant::now() + AT_ONCE;
        }
    }

    /// Counts what was read; beyond the limit, how long nothing is.
    fn count(&mut self, bytes: usize) -> Option<Duration> {
        self.look();
        self.unpaid = self.unpaid.saturating_add(bytes);
        if bytes < PIECE && self.is_between() {
            if self.pieces == 0 {
                self.until = Instant::now() + AT_ONCE.mul_f32(rand::random_range(1.0..1.5));
            }
            self.pieces += 1;
            if self.are_too_many_pieces() {
                return Some(self.slow_down());
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

    /// Whether what comes is of no request yet: a head, or what is said between requests.
    fn is_between(&self) -> bool {
        !self.activity.is_under_way() && !self.activity.is_upgraded()
    }

    fn are_too_many_pieces(&self) -> bool {
        if self.activity.speaks_http2() {
            return self.pieces > PIECES_HTTP2;
        }
        self.is_slow || self.pieces > PIECES || Instant::now() >= self.until
    }

    fn slow_down(&mut self) -> Duration {
        self.is_slow = true;
        self.pause_pieces.mul_f32(rand::random_range(1.0..2.0))
    }

    /// Waits for the rest of a head only for as long as that may take; then it is read slowly, and what comes wakes nobody.
    fn poll_patience(&mut self, context: &mut Context<'_>) {
        if self.pieces == 0 || self.activity.speaks_http2() || !self.is_between() {
            self.patience = None;
            return;
        }
        let until = self.until;
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if patience.as_mut().poll(context).is_ready() {
            self.patience = None;
            let pause = self.slow_down();
            self.pause(pause);
            // It was made now, and ends later.
            let _pending = self.pause.as_mut().map(|pause| pause.as_mut().poll(context));
        }
    }

    /// Looks whether HTTP/2 is spoken, as far as that isn't known yet.
    fn recognize(&mut self, read: &[u8]) {
        let Some(before) = self.preface.take() else { return };
        let rest = &PREFACE[before..];
        if read.starts_with(rest) {
            self.activity.speaks(true);
        } else if rest.starts_with(read) {
            self.preface = Some(before + read.len());
        }
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
        let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, buffer) else {
            self.poll_patience(context);
            return Poll::Pending;
        };
        read?;
        self.patience = None;
        let read = &buffer.filled()[before..];
        self.recognize(read);
        if let Some(pause) = self.count(read.len()) {
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
mod tests;
