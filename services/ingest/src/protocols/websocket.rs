//! WebSocket at `/v1/stream`: batches under the client's own numbers, each answered by its number once the brokers have it.
//! What is said on it: [docs/protocols/websocket.md](../../../../docs/protocols/websocket.md).
//!
//! So many batches may be open; beyond that nothing is read, and the connection's flow control reaches the client. Here is the
//! request that asks for it; `stream` has what becomes of the connection, `socket` its bytes.
//!
//! Source: RFC 6455, close codes: <https://www.iana.org/assignments/websocket/websocket.xhtml>.

mod answer;
mod socket;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use forebay_access::Known;
use jiff::Timestamp;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_util::sync::CancellationToken;

use self::socket::Socket;
use self::stream::Stream;
use super::Protocol;
use super::ingest::options::Options;
use crate::access::http::authorize;
use crate::http::connection::Held;
use crate::http::request;
use crate::intake::{Intake, Peer, Sender};
use crate::refusal::{Kind, Refusal};

/// The largest message, in bytes, where `ingest.max_body` isn't less.
const MAX_MESSAGE: usize = 1024 * 1024;

/// The paths.
pub(crate) fn routes() -> Router<Arc<Intake>> {
    Router::new().route("/v1/stream", get(upgrade))
}

async fn upgrade(State(intake): State<Arc<Intake>>, mut request: Request) -> Response {
    let upgraded = hyper::upgrade::on(&mut request);
    let answer = create_response_with_body(&request, Body::empty);
    let (parts, _) = request.into_parts();
    let bad =
        |error: &dyn std::fmt::Display, hint: String| Refusal::new(Kind::BadRequest, error.to_string(), hint);
    let allowed = authorize(&intake.access, &parts, Timestamp::now()).and_then(|known| {
        let options = Options::read(&parts.uri, &parts.headers).map_err(|error| bad(&error, error.hint()))?;
        let answer = answer.map_err(|error| bad(&error, "connect with a WebSocket client".to_owned()))?;
        let held: Option<Held> = parts.extensions.get().cloned();
        let held =
            held.ok_or_else(|| bad(&"this connection can't be upgraded", "connect anew".to_owned()))?;
        Ok((known, options, answer, held))
    });
    let (Known { tenant, stamp }, options, answer, held) = match allowed {
        Ok(allowed) => allowed,
        Err(refusal) => return refusal.into_response(),
    };
    let peer = parts.extensions.get().copied().unwrap_or(Peer::Local);
    let max = MAX_MESSAGE.min(intake.limits.max_body);
    let budget = request::budget(&parts);
    let sender = Sender { tenant, protocol: Protocol::Websocket, peer, budget, trace: None };
    let tracked = held.upgraded.clone();
    let lease = intake.access.lease(stamp, CancellationToken::new());
    let stream = Stream::new(intake, sender, options, (held, lease), max);
    let _task = tokio::spawn(tracked.track_future(async move {
        // Whoever is gone before the answer has lost nothing.
        if let Ok(upgraded) = upgraded.await {
            stream.serve(Socket::new(upgraded, max).await).await;
        }
    }));
    answer
}
