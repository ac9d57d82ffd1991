//! One connection: HTTP/1.1 or HTTP/2, whichever the client speaks, with TLS or without.
//!
//! A connection without a request under way is closed after a while. That one rule covers clients that connect and say
//! nothing, that send half a head, that never read their answer, and those that are just gone. A request under way has
//! its own limits on time.
//!
//! At the stop, HTTP/2 has a word for "no more" ([RFC 9113, 6.8](https://www.rfc-editor.org/rfc/rfc9113#section-6.8)). HTTP/1.1
//! can say it only with an answer ([RFC 9112, 9.6](https://www.rfc-editor.org/rfc/rfc9112#section-9.6)); a connection that
//! just ends may cross a request, whose client then doesn't know what became of it. So one that was used a moment ago waits for
//! its next request, and says it with the answer.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use forebay_access::PeerNames;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::time::sleep_until;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tower::ServiceExt;

use super::activity::{Activity, Noticed, UnderWay};
use super::pace::Paced;
use crate::access::Lease;
use crate::intake::{Intake, Peer};
use crate::listen::{Connection, Listener, Stop, Stream};
use crate::refusal::Kind;
use crate::tarpit;

/// The most that is read ahead of the handler, in bytes: memory that each connection may take beside its body. The largest
/// head of an HTTP/1.1 request, too, since a head is read as a whole: more, and many clients with endless heads have much.
const READ_AHEAD: usize = 64 * 1024;
/// The most requests at once on one HTTP/2 connection.
pub(super) const MAX_STREAMS: u32 = 64;
/// How much of a body an HTTP/2 client may send ahead of the handler, in bytes.
const STREAM_WINDOW: u32 = 256 * 1024;
/// The largest head of an HTTP/2 request, in bytes.
const MAX_HEAD: u32 = 16 * 1024;
/// How long after its last request a connection is kept at the stop, for the next one: longer than shippers gather, of which many
/// send once a second, and little of the time that a stop has.
const LAST_CALL: Duration = Duration::from_secs(3);

/// Serves a connection until it ends, idles too long, or the stop asks it to end after the requests under way.
pub(crate) async fn serve(connection: Connection, intake: &Arc<Intake>, router: Router) {
    let Connection { stream, peer, names, listener, stop, .. } = connection;
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
        let stop = stop.clone();
        move |request: Request<Incoming>| {
            let guard = Arc::new(Activity::begin(&activity));
            let is_http2 = request.version() == Version::HTTP_2;
            activity.speaks(is_http2);
            let drain = stop.drain.clone();
            let mut request = request.map(|body| Body::new(Noticed::new(body, Arc::clone(&activity))));
            let _before = request.extensions_mut().insert(peer);
            let _before = request.extensions_mut().insert(Arc::clone(&listener));
            let held = Held {
                stop: stop.clone(),
                guard: Arc::clone(&guard),
                upgraded: upgraded.clone(),
                tracked: upgraded.token(),
            };
            let _before = request.extensions_mut().insert(held);
            if let Some(names) = &names {
                let _before = request.extensions_mut().insert(Arc::clone(names));
            }
            let router = router.clone();
            let activity = Arc::clone(&activity);
            async move {
                let awaited = Activity::awaited(&activity);
                let response = router.oneshot(request).await;
                awaited.done();
                if matches!(&response, Ok(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS) {
                    activity.upgraded();
                }
                drop(guard);
                let is_last = !is_http2 && drain.is_cancelled();
                response.map(|response| if is_last { the_last(response) } else { response })
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
    let connection = builder.serve_connection_with_upgrades(
        TokioIo::new(Paced::new(stream, Arc::clone(&activity), idle)),
        service,
    );
    let mut connection = Box::pin(connection);
    let last_call = LAST_CALL.min(intake.limits.drain_timeout / 2);
    let (mut stopping, mut ending) = (false, false);
    loop {
        tokio::select! {
            // What has come counts before a time that is over in the same moment.
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, error, "connection ended early");
                }
                break;
            }
            () = stop.drain.cancelled(), if !stopping => {
                stopping = true;
                if activity.speaks_http2() {
                    ending = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
            () = sleep_until(activity.idle_until(last_call)), if stopping && !ending => {
                if activity.speaks_http2() || activity.is_idle(last_call) {
                    ending = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
            () = sleep_until(activity.idle_until(idle)) => {
                if activity.is_idle(idle) {
                    tracing::debug!(%peer, "connection closed, since it was idle");
                    return;
                }
            }
        }
    }
    let hung_up = activity.is_under_way() && !activity.is_upgraded();
    // With it goes a request under way whose client has hung up, and what that holds.
    drop(connection);
    if hung_up {
        // Or who doesn't wait to be refused would never be made to.
        let _stopped = stop.drain.run_until_cancelled(tarpit::pause(Kind::BadRequest)).await;
    }
    // What it became may go on, and is to be waited for at the stop as the connection is.
    let _closed = upgraded.close();
    upgraded.wait().await;
}

/// An answer of HTTP/1.1 after which there is none on its connection; but for one that makes the connection something else.
fn the_last(mut response: Response<Body>) -> Response<Body> {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let _before = response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What a request that goes on after its answer has begun holds: the connection isn't idle meanwhile, and learns of the stop.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// When to end.
    pub(crate) stop: Stop,
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
    pub(crate) async fn over(&self, lease: &Lease) -> &'static str {
        tokio::select! {
            biased;
            () = self.stop.drain.cancelled() => "the server is stopping, or no longer trusts the client's certificate",
            () = lease.ended() => "the credential was changed or revoked, or has expired",
        }
    }
}
