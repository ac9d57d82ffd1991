//! One connection: HTTP/1.1 or HTTP/2, whichever the client speaks, with TLS or without.
//!
//! A connection without a request under way is closed after a while. That one rule covers clients that connect and say
//! nothing, that send half a head, that never read their answer, and those that are just gone. A request under way has
//! its own limits on time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use forebay_access::PeerNames;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tower::ServiceExt;

use crate::intake::{Intake, Peer};
use crate::listen::{Connection, Listener, Stop, Stream};

/// The most that is read ahead of the handler, in bytes: memory that each connection may take beside its body. The largest
/// head of an HTTP/1.1 request, too, since a head is read as a whole: more, and many clients with endless heads have much.
const READ_AHEAD: usize = 64 * 1024;
/// The most requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 64;
/// How much of a body an HTTP/2 client may send ahead of the handler, in bytes.
const STREAM_WINDOW: u32 = 256 * 1024;
/// The largest head of an HTTP/2 request, in bytes.
const MAX_HEAD: u32 = 16 * 1024;

/// Serves a connection until it ends, idles too long, or the stop asks it to end after the requests under way.
pub(crate) async fn serve(connection: Connection, intake: &Arc<Intake>, router: Router) {
    let Connection { stream, peer, names, listener, stop } = connection;
    let origin = (peer, names, listener);
    let _ended_or_given_up =
        stop.give_up.run_until_cancelled(serve_on(stream, origin, intake, router, &stop)).await;
}

async fn serve_on(
    stream: Stream,
    (peer, names, listener): (Peer, Option<Arc<PeerNames>>, Arc<Listener>),
    intake: &Arc<Intake>,
    router: Router,
    stop: &Stop,
) {
    let idle = intake.limits.read_timeout;
    let activity = Arc::new(Activity::new());
    let upgraded = TaskTracker::new();
    let service = service_fn({
        let (activity, upgraded) = (Arc::clone(&activity), upgraded.clone());
        let (intake, stop) = (Arc::clone(intake), stop.clone());
        move |request: Request<Incoming>| {
            let guard = Arc::new(Activity::begin(&activity));
            let mut request = request.map(Body::new);
            let _before = request.extensions_mut().insert(peer);
            let _before = request.extensions_mut().insert(Arc::clone(&listener));
            let held = Held {
                stop: stop.clone(),
                // Before the credential is looked at: what is revoked in between is not missed.
                revoked: intake.access.until_revoked(),
                guard: Arc::clone(&guard),
                upgraded: upgraded.clone(),
                tracked: upgraded.token(),
            };
            let _before = request.extensions_mut().insert(held);
            if let Some(names) = &names {
                let _before = request.extensions_mut().insert(Arc::clone(names));
            }
            let router = router.clone();
            async move {
                let response = router.oneshot(request).await;
                drop(guard);
                response
            }
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    let _http1 = builder.http1().max_buf_size(READ_AHEAD);
    let _http2 = builder
        .http2()
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(4 * STREAM_WINDOW)
        .max_header_list_size(MAX_HEAD);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let mut stopping = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, error, "connection ended early");
                }
                // What it became may go on, and is to be waited for at the stop as the connection is.
                let _closed = upgraded.close();
                upgraded.wait().await;
                return;
            }
            () = stop.drain.cancelled(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = sleep_until(activity.idle_until(idle)) => {
                if activity.is_idle(idle) {
                    tracing::debug!(%peer, "connection closed, since it was idle");
                    return;
                }
            }
        }
    }
}

/// Whether requests are under way on a connection, and when the last one ended.
#[derive(Debug)]
struct Activity {
    opened: Instant,
    under_way: AtomicUsize,
    /// In milliseconds since the connection was opened.
    last_ended: AtomicU64,
}

/// What a request that goes on after its answer has begun holds: the connection isn't idle meanwhile, and learns of the stop.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// When to end.
    pub(crate) stop: Stop,
    /// Is cancelled when a credential is revoked or expires that was valid when the request came.
    revoked: CancellationToken,
    #[expect(dead_code, reason = "it is held, not looked at")]
    guard: Arc<UnderWay>,
    /// What becomes of the connection when it is upgraded runs in here.
    pub(crate) upgraded: TaskTracker,
    /// Counts from the request on: the connection as such ends before what becomes of it has begun.
    #[expect(dead_code, reason = "it is held, not looked at")]
    tracked: TaskTrackerToken,
}

impl Held {
    /// Waits until what was begun with a credential has to end, and says why, for the client.
    pub(crate) async fn over(&self) -> &'static str {
        tokio::select! {
            biased;
            () = self.stop.drain.cancelled() => "the server is stopping",
            () = self.revoked.cancelled() => "credentials have changed, begin anew",
        }
    }
}

/// A request under way.
#[derive(Debug)]
struct UnderWay(Arc<Activity>);

impl Activity {
    fn new() -> Self {
        Self { opened: Instant::now(), under_way: AtomicUsize::new(0), last_ended: AtomicU64::new(0) }
    }

    fn begin(activity: &Arc<Self>) -> UnderWay {
        let _before = activity.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(activity))
    }

    /// When the connection will have been idle for too long, as far as is known now.
    fn idle_until(&self, idle: Duration) -> Instant {
        if self.under_way.load(Ordering::Relaxed) > 0 {
            return Instant::now() + idle;
        }
        self.opened + Duration::from_millis(self.last_ended.load(Ordering::Relaxed)) + idle
    }

    fn is_idle(&self, idle: Duration) -> bool {
        self.under_way.load(Ordering::Relaxed) == 0 && self.idle_until(idle) <= Instant::now()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let since_opened = u64::try_from(self.0.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last_ended.store(since_opened, Ordering::Relaxed);
        let _before = self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
