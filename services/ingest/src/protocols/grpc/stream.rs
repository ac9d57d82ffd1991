//! `Stream`: batches one after another, so many of them open at once.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use forebay_wire::grpc::{Message, Messages, framed};
use forebay_wire::rpc::{self, CallError, ack, nack, stream_request, window};
use forebay_wire::{Encoding, Limits};
use http_body_util::BodyExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::{decoded, lasting_sender, of_decoder, ship};
use crate::access::Lease;
use crate::http::connection::Held;
use crate::http::grpc::{self, Call, Packed, Said, Saying, channel};
use crate::intake::room::{Growing, Holding, WhenOver};
use crate::intake::{Admitted, Intake, Sender};
use crate::refusal::{Kind, Refusal};

/// How many batches may be open.
pub(super) const OPEN: usize = 16;
/// How long a stream may be without a batch.
const IDLE: Duration = Duration::from_secs(300);

/// Takes batches until the client or the stop ends that.
pub(super) async fn stream(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match Call::read(&parts).and_then(|call| Ok((call, lasting_sender(&intake, &parts)?))) {
        Ok((call, (sender, lease))) => {
            let (saying, said): (Saying, Said) = channel(OPEN + 2);
            let held: Option<Held> = parts.extensions.get().cloned();
            let serving = Serving { intake: Arc::clone(&intake), sender, lease, call, saying, held };
            // It ends when the client is gone, at the stop, and when its credential is taken away.
            let _task = tokio::spawn(serving.serve(body));
            grpc::stream(said)
        }
        Err(refusal) => grpc::refused(&refusal),
    }
}

struct Serving {
    intake: Arc<Intake>,
    sender: Sender,
    lease: Lease,
    call: Call,
    saying: Saying,
    held: Option<Held>,
}

/// How a stream ends.
enum End {
    /// As it should.
    Fine,
    /// The client is gone.
    Gone,
    /// Nothing came for too long, the server stops, or the credential is no longer good.
    Again(&'static str),
    Refused(Refusal),
}

/// What has come, and the memory for it.
struct Incoming {
    messages: Messages,
    /// Bytes for which there is no room yet.
    came: Option<Bytes>,
    held: Holding,
    /// Since when a message comes that isn't complete.
    begun: Option<Instant>,
    /// The memory that is waited for; meanwhile what is held is with whoever waits.
    waiting: Option<Growing>,
}

impl Serving {
    async fn serve(self, body: Body) {
        let within = self.intake.limits.read_timeout;
        let mut open = JoinSet::new();
        let mut end = match self.saying.message(framed(&window(OPEN as u32)), within).await {
            Ok(()) => self.take(body, &mut open).await,
            Err(_) => End::Gone,
        };
        while let Some(answer) = open.join_next().await {
            if !matches!(end, End::Gone) && self.say(answer.ok()).await.is_err() {
                end = End::Gone;
            }
        }
        let trailers = match &end {
            End::Gone => return,
            End::Fine => grpc::trailers(grpc::OK, "", None),
            End::Again(why) => grpc::trailers(grpc::UNAVAILABLE, why, None),
            End::Refused(refusal) => {
                grpc::trailers(grpc::code(refusal.kind), &grpc::words(refusal), refusal.retry_after)
            }
        };
        let _ended = self.saying.end(trailers, within).await;
    }

    /// Reads batches and answers them, until it goes no further. Answers go out whatever else is waited for.
    async fn take(&self, mut body: Body, open: &mut JoinSet<Vec<u8>>) -> End {
        let limits = &self.intake.limits;
        let held = Holding::new(Arc::clone(&self.intake), self.sender.clone(), WhenOver::Wait);
        let messages = Messages::new(limits.max_body);
        let mut incoming = Incoming { messages, came: None, held, begun: None, waiting: None };
        let mut heard = Instant::now();
        loop {
            if let Err(end) = self.begin(&mut incoming, open) {
                return end;
            }
            let reads = open.len() < OPEN && incoming.waiting.is_none();
            let is_amid = reads && incoming.messages.held() > 0;
            incoming.begun = is_amid.then(|| incoming.begun.unwrap_or_else(Instant::now));
            // A message that has begun holds memory; somebody between two of them may have nothing to say.
            let late = incoming.begun.map_or(heard + IDLE, |begun| begun + limits.read_timeout);
            let is_timed = reads && (is_amid || open.is_empty());
            let waiting = &mut incoming.waiting;
            let roomy = async {
                match waiting.as_mut() {
                    Some(growing) => growing.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(answer) = open.join_next() => {
                    heard = Instant::now();
                    if self.say(answer.ok()).await.is_err() {
                        return End::Gone;
                    }
                }
                (held, outcome) = roomy => {
                    heard = Instant::now();
                    (incoming.held, incoming.waiting) = (held, None);
                    if let Err(refusal) = outcome {
                        return End::Refused(refusal);
                    }
                }
                why = self.over() => return End::Again(why),
                () = self.saying.unheard() => return End::Gone,
                () = sleep_until(late), if is_timed => return self.silence(is_amid),
                frame = body.frame(), if reads => {
                    heard = Instant::now();
                    match frame {
                        None => {
                            return match incoming.messages.finish() {
                                Ok(()) => End::Fine,
                                Err(error) => End::Refused(self.intake.refuse(&self.sender, grpc::broken(&error))),
                            };
                        }
                        Some(Err(_)) => return End::Gone,
                        Some(Ok(frame)) => incoming.came = frame.into_data().ok(),
                    }
                }
            }
        }
    }

    /// Takes what has come in as soon as there is room for it, and begins with the batches that are complete, as many as may be
    /// open. The others wait in the buffer, which one frame can't make large.
    fn begin(&self, incoming: &mut Incoming, open: &mut JoinSet<Vec<u8>>) -> Result<(), End> {
        let refused = |refusal| End::Refused(self.intake.refuse(&self.sender, refusal));
        while incoming.waiting.is_none() && open.len() < OPEN {
            let came = incoming.came.as_ref().map_or(0, Bytes::len);
            let need = incoming.messages.held() + came;
            if need > 0 && incoming.held.try_grow_to(need).is_err() {
                let until = self.held.as_ref().map(|held| held.stop.drain.clone()).unwrap_or_default();
                incoming.waiting = Some(incoming.held.split().growing(need, until));
                return Ok(());
            }
            if let Some(bytes) = incoming.came.take() {
                self.intake.meters.received(bytes.len());
                incoming.messages.push(&bytes);
            }
            let message = incoming.messages.read();
            let Some(message) = message.map_err(|error| refused(grpc::broken(&error)))? else {
                return Ok(());
            };
            incoming.begun = None;
            let admitted = incoming.held.take().map_err(refused)?;
            let (intake, encoding) = (Arc::clone(&self.intake), self.call.encoding);
            let _task = open.spawn(answered(intake, admitted, message, encoding));
        }
        Ok(())
    }

    /// Says what became of a batch. One that panicked is none.
    async fn say(&self, answer: Option<Vec<u8>>) -> Result<(), grpc::Unheard> {
        let Some(answer) = answer else { return Err(grpc::Unheard) };
        self.saying.message(framed(&answer), self.intake.limits.read_timeout).await
    }

    /// Nothing came for too long.
    fn silence(&self, is_amid: bool) -> End {
        if !is_amid {
            return End::Again("nothing came for too long");
        }
        let reason = "the rest of a message did not come in time";
        let hint = "nothing of it was taken; send smaller batches, or raise ingest.read_timeout";
        let _counted = self.intake.refuse(&self.sender, Refusal::new(Kind::SlowBody, reason, hint));
        End::Again(reason)
    }

    /// Waits until it has to end, and says why.
    async fn over(&self) -> &'static str {
        match &self.held {
            Some(held) => held.over(&self.lease).await,
            None => std::future::pending().await,
        }
    }
}

/// What is read of a message: its number in any case.
type Read = (u64, Result<rpc::Call, CallError>);

/// Ships a batch, and gives the answer to it.
async fn answered(intake: Arc<Intake>, admitted: Admitted, message: Message, encoding: Encoding) -> Vec<u8> {
    let encoding = if message.compressed { encoding } else { Encoding::Identity };
    let packed = Packed { body: message.bytes, encoding, admitted };
    let read: fn(&Bytes, Limits) -> Result<Read, CallError> = stream_request;
    let weight: fn(&Read) -> usize = |(_, call)| call.as_ref().map_or(0, |call| call.batch.weight());
    let (sequence, outcome) = match decoded(&intake, packed, read, weight).await {
        Ok(((sequence, Ok(call)), admitted)) => (sequence, ship(&intake, admitted, call).await),
        Ok(((sequence, Err(error)), admitted)) => {
            (sequence, Err(intake.refuse(admitted.sender(), of_decoder(&error))))
        }
        // Its number can't be known: nobody can take the answer for that to another batch.
        Err(refusal) => (0, Err(refusal)),
    };
    match outcome {
        Ok(receipt) => ack(sequence, receipt.accepted, &receipt.rejections),
        Err(Refusal { kind, reason, hint, retry_after, .. }) => {
            let after =
                retry_after.map_or(0, |after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX).max(1));
            nack(sequence, Kind::name(kind), &reason, &hint, after)
        }
    }
}
