//! Whether requests are under way on a connection, when the last one ended, and whether anything comes of what is read.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::Instant;

/// What goes on on a connection.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    under_way: AtomicUsize,
    /// In milliseconds since the connection was opened.
    last_ended: AtomicU64,
    /// Requests that began, and pieces of bodies that were taken.
    progress: AtomicU64,
    is_upgraded: AtomicBool,
    /// Requests that ended without an answer: whose client has reset them.
    unanswered: AtomicU64,
    is_http2: AtomicBool,
}

/// A request that has no answer yet; counts as one that never had any when this is dropped without [`Self::done`].
#[derive(Debug)]
pub(super) struct Awaited(Option<Arc<Activity>>);

/// A request under way.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Activity>);

/// A request's body, whose pieces count as progress.
#[derive(Debug)]
pub(super) struct Noticed {
    body: Incoming,
    activity: Arc<Activity>,
}

// === impl Activity ===

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            opened: Instant::now(),
            under_way: AtomicUsize::new(0),
            last_ended: AtomicU64::new(0),
            progress: AtomicU64::new(0),
            is_upgraded: AtomicBool::new(false),
            unanswered: AtomicU64::new(0),
            is_http2: AtomicBool::new(false),
        }
    }

    /// A request begins, and is under way until what this gives is dropped.
    pub(super) fn begin(activity: &Arc<Self>) -> UnderWay {
        let _before = activity.under_way.fetch_add(1, Ordering::Relaxed);
        activity.went_on();
        UnderWay(Arc::clone(activity))
    }

    /// Something came of what was read.
    pub(super) fn went_on(&self) {
        let _before = self.progress.fetch_add(1, Ordering::Relaxed);
    }

    /// A number that changes when something came of what was read.
    pub(super) fn progress(&self) -> u64 {
        self.progress.load(Ordering::Relaxed)
    }

    /// A request has begun to be answered.
    pub(super) fn awaited(activity: &Arc<Self>) -> Awaited {
        Awaited(Some(Arc::clone(activity)))
    }

    /// How many requests have ended without an answer.
    pub(super) fn unanswered(&self) -> u64 {
        self.unanswered.load(Ordering::Relaxed)
    }

    /// What the client speaks: known by its first bytes, or by a request.
    pub(super) fn speaks(&self, is_http2: bool) {
        self.is_http2.store(is_http2, Ordering::Relaxed);
    }

    /// Whether the connection is known to be one of HTTP/2.
    pub(super) fn speaks_http2(&self) -> bool {
        self.is_http2.load(Ordering::Relaxed)
    }

    /// It speaks HTTP no more.
    pub(super) fn upgraded(&self) {
        self.is_upgraded.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_upgraded(&self) -> bool {
        self.is_upgraded.load(Ordering::Relaxed)
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) > 0
    }

    /// When the connection will have been idle for too long, as far as is known now.
    pub(super) fn idle_until(&self, idle: Duration) -> Instant {
        if self.is_under_way() {
            return Instant::now() + idle;
        }
        self.opened + Duration::from_millis(self.last_ended.load(Ordering::Relaxed)) + idle
    }

    pub(super) fn is_idle(&self, idle: Duration) -> bool {
        !self.is_under_way() && self.idle_until(idle) <= Instant::now()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let since_opened = u64::try_from(self.0.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last_ended.store(since_opened, Ordering::Relaxed);
        let _before = self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

// === impl Awaited ===

impl Awaited {
    /// There is an answer.
    pub(super) fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        if let Some(activity) = &self.0 {
            let _before = activity.unanswered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

// === impl Noticed ===

impl Noticed {
    pub(super) const fn new(body: Incoming, activity: Arc<Activity>) -> Self {
        Self { body, activity }
    }
}

impl HttpBody for Noticed {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && frame.data_ref().is_some_and(|data| !data.is_empty())
        {
            self.activity.went_on();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
