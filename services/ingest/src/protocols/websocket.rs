//! WebSocket at `/v1/stream`: batches under the client's own numbers, each answered by its number once the brokers have it.
//! What is said on it: [docs/protocols/websocket.md](../../../../docs/protocols/websocket.md).
//!
//! So many batches may be open; beyond that nothing is read, and the connection's flow control reaches the client.
//!
//! Source: RFC 6455, close codes: <https://www.iana.org/assignments/websocket/websocket.xhtml>.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use forebay_wire::websocket::{Head, head};
use forebay_wire::{Encoding, Ids};
use jiff::Timestamp;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::Protocol;
use super::ingest::options::{KNOWN, Options};
use super::ingest::prepare::{Content, Prepared, Unprepared, prepare};
use super::ingest::receipt::Receipt;
use crate::access::http::authorize;
use crate::http::connection::Held;
use crate::intake::{Admitted, Intake, Peer, Sender};
use crate::refusal::{Kind, Refusal};

/// How many batches may be open.
const OPEN: usize = 16;
/// The largest message, in bytes, where `ingest.max_body` isn't less: until it is complete, it is read beside the memory that
/// is counted.
const MAX_MESSAGE: usize = 1024 * 1024;
/// How long to wait for the client's part of the close.
const CLOSING: Duration = Duration::from_secs(2);

/// Close codes.
const AWAY: u16 = 1001;
const PROTOCOL: u16 = 1002;
const TOO_BIG: u16 = 1009;
const RESTART: u16 = 1012;
const TRY_AGAIN: u16 = 1013;

/// The paths.
pub(crate) fn routes() -> Router<Arc<Intake>> {
    Router::new().route("/v1/stream", get(upgrade))
}

async fn upgrade(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let bad =
        |error: &dyn std::fmt::Display, hint: String| Refusal::new(Kind::BadRequest, error.to_string(), hint);
    let allowed = authorize(&intake.access, &parts, Timestamp::now()).and_then(|tenant| {
        let options = Options::read(&parts.uri, &parts.headers)
            .map_err(|error| bad(&error, format!("the parameters are: {KNOWN}")))?;
        Ok((tenant, options))
    });
    let (tenant, options) = match allowed {
        Ok(allowed) => allowed,
        Err(refusal) => return refusal.into_response(),
    };
    let peer = parts.extensions.get().copied().unwrap_or(Peer::Local);
    let held: Option<Held> = parts.extensions.get().cloned();
    let (upgrade, held) = match (WebSocketUpgrade::from_request_parts(&mut parts, &()).await, held) {
        (Ok(upgrade), Some(held)) => (upgrade, held),
        (Err(error), _) => {
            return bad(&error.body_text(), "connect with a WebSocket client".to_owned()).into_response();
        }
        (_, None) => {
            return bad(&"this connection can't be upgraded", "connect anew".to_owned()).into_response();
        }
    };
    let max = MAX_MESSAGE.min(intake.limits.max_body);
    let sender = Sender { tenant, protocol: Protocol::Websocket, peer };
    let upgraded = held.upgraded.clone();
    let stream = Stream { intake, sender, options, held, max };
    upgrade
        .max_message_size(max)
        .max_frame_size(max)
        // An answer is small; a client that reads none is given up.
        .max_write_buffer_size(256 * 1024)
        .on_upgrade(move |socket| upgraded.track_future(stream.serve(socket)))
}

/// A client's stream.
struct Stream {
    intake: Arc<Intake>,
    sender: Sender,
    /// What is said of all its events.
    options: Options,
    held: Held,
    max: usize,
}

/// What is said first.
#[derive(Serialize)]
struct Hello {
    window: usize,
    max_message: usize,
}

#[derive(Serialize)]
struct Ack {
    ack: u64,
    #[serde(flatten)]
    receipt: Receipt,
}

#[derive(Serialize)]
struct Nack {
    nack: u64,
    error: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

#[derive(Serialize)]
struct Reason {
    r#type: &'static str,
    reason: String,
    hint: String,
}

/// How a stream ends.
enum End {
    /// The client is gone, or closes it.
    Gone,
    /// We close it.
    Close(u16, String),
}

impl Stream {
    async fn serve(self, mut socket: WebSocket) {
        let served = self.held.stop.give_up.clone();
        let _given_up = served.run_until_cancelled(self.talk(&mut socket)).await;
    }

    async fn talk(&self, socket: &mut WebSocket) {
        let mut open = JoinSet::new();
        let hello = Hello { window: OPEN, max_message: self.max };
        let mut end = match self.say(socket, json(&hello)).await {
            Ok(()) => self.take(socket, &mut open).await,
            Err(end) => end,
        };
        while let Some(answer) = open.join_next().await {
            if let (Ok(answer), End::Close(..)) = (answer, &end)
                && let Err(gone) = self.say(socket, answer).await
            {
                end = gone;
            }
        }
        if let End::Close(code, reason) = end {
            let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
            let closed = async {
                let _sent = socket.send(close).await;
                while let Some(Ok(_)) = socket.recv().await {}
            };
            let _in_time = timeout(CLOSING, closed).await;
        }
    }

    /// Takes batches and answers them, until it goes no further.
    async fn take(&self, socket: &mut WebSocket, open: &mut JoinSet<String>) -> End {
        let patience = self.intake.limits.read_timeout;
        let (mut heard, mut asked) = (Instant::now(), false);
        loop {
            tokio::select! {
                Some(answer) = open.join_next() => {
                    // A batch that panicked was never answered: the client has to find that out.
                    let Ok(answer) = answer else { return End::Close(RESTART, "a batch broke off".to_owned()) };
                    if let Err(end) = self.say(socket, answer).await {
                        return end;
                    }
                }
                () = self.held.stop.drain.cancelled() => {
                    return End::Close(RESTART, "the server is stopping".to_owned());
                }
                () = sleep_until(heard + patience), if open.is_empty() => {
                    if asked {
                        return End::Close(AWAY, "nothing was heard for too long".to_owned());
                    }
                    // Whoever is there answers this.
                    (heard, asked) = (Instant::now(), true);
                    if timeout(patience, socket.send(Message::Ping(Bytes::new()))).await.is_err() {
                        return End::Gone;
                    }
                }
                message = socket.recv(), if open.len() < OPEN => {
                    (heard, asked) = (Instant::now(), false);
                    let bytes = match message {
                        None | Some(Ok(Message::Close(_))) => return End::Gone,
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                        Some(Ok(Message::Text(text))) => Bytes::from(text),
                        Some(Ok(Message::Binary(bytes))) => bytes,
                        Some(Err(error)) => return broken(&error),
                    };
                    if let Err(end) = self.begin(bytes, open).await {
                        return end;
                    }
                }
            }
        }
    }

    /// Begins with a batch, as soon as there is room for it.
    async fn begin(&self, message: Bytes, open: &mut JoinSet<String>) -> Result<(), End> {
        self.intake.meters.received(message.len());
        let head = head(&message).map_err(|error| End::Close(PROTOCOL, error.to_string()))?;
        let admitted = self.intake.room(&self.sender, message.len(), &self.held.stop.drain).await;
        let admitted = admitted.map_err(|refusal| End::Close(TRY_AGAIN, cut(&refusal.reason)))?;
        let (intake, options) = (Arc::clone(&self.intake), self.options.clone());
        let sender = self.sender.clone();
        let _task = open.spawn(async move {
            let sequence = head.sequence;
            match ship(&intake, &sender, admitted, message, head, options).await {
                Ok(receipt) => json(&Ack { ack: sequence, receipt }),
                Err(Refusal { kind, reason, hint, retry_after, .. }) => {
                    let after = |after: Duration| u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                    let error = Reason { r#type: kind.name(), reason, hint };
                    json(&Nack { nack: sequence, error, retry_after_ms: retry_after.map(after) })
                }
            }
        });
        Ok(())
    }

    async fn say(&self, socket: &mut WebSocket, text: String) -> Result<(), End> {
        match timeout(self.intake.limits.read_timeout, socket.send(Message::Text(text.into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }
}

async fn ship(
    intake: &Arc<Intake>,
    sender: &Sender,
    admitted: Admitted,
    message: Bytes,
    head: Head,
    options: Options,
) -> Result<Receipt, Refusal> {
    let Head { key, declared, body, .. } = head;
    let body = message.slice(body);
    let content = Content::Text(declared);
    let unprepared = Unprepared { body, encoding: Encoding::Identity, content, options, admitted };
    let prepared =
        prepare(unprepared, &intake.limits).await.map_err(|refusal| intake.refuse(sender, refusal))?;
    let Prepared { mut batch, options, admitted } = prepared;
    if options.atomic && batch.rejections.count() > 0 {
        batch.events.clear();
        batch.groups.clear();
        batch.given_ids.clear();
    }
    let ids = match key.as_str() {
        "" => intake.new_ids(),
        key => Ids::from_key(key).map_err(|error| {
            let hint = "use a short key of visible characters";
            intake.refuse(sender, Refusal::new(Kind::BadRequest, format!("`key`: {error}"), hint))
        })?,
    };
    let receipt = intake.ship(admitted, batch, ids).await?;
    Ok(Receipt::new(receipt.accepted, &receipt.rejections))
}

/// What to do about a message that can't be read.
fn broken(error: &axum::Error) -> End {
    let text = error.to_string();
    // The reader tells sizes only by its words.
    if text.contains("too long") || text.contains("too large") || text.contains("exceeds") {
        End::Close(TOO_BIG, "the message is larger than `max_message`".to_owned())
    } else {
        End::Gone
    }
}

/// The reason of a close has at most 123 bytes.
fn cut(reason: &str) -> String {
    forebay_record::dead_letter::cut(reason, 123).to_owned()
}

fn json(said: &impl Serialize) -> String {
    // Numbers, names and strings: this can't fail.
    serde_json::to_string(said).unwrap_or_default()
}
