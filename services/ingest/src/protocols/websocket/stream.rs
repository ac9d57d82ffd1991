//! What is said on a WebSocket, from the greeting to the close. Answers go out whatever else is waited for.

use std::sync::Arc;

use bytes::Bytes;
use forebay_wire::Encoding;
use forebay_wire::shape::{Declared, UnknownContentType};
use forebay_wire::websocket::{Head, head};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;

use super::super::ingest::options::Options;
use super::super::ingest::prepare::{Content, Prepared, Unprepared, prepare};
use super::super::ingest::receipt::Receipt;
use super::answer::{ack, hello, nack};
use super::socket::{Came, Gone, OWN, Socket};
use crate::access::Lease;
use crate::http::connection::Held;
use crate::intake::room::{Growing, Holding, WhenOver};
use crate::intake::{Admitted, Intake, Sender};
use crate::refusal::{Kind, Refusal};
use crate::tarpit;

/// How many batches may be open.
const OPEN: usize = 16;

/// How much more of a message is let in at once, in bytes.
const STEP: usize = 64 * 1024;

/// How often a client may say nothing for `ingest.read_timeout` but that it is there, before its place is given to others.
const SILENCES: u32 = 10;

/// Close codes.
const AWAY: u16 = 1001;
const PROTOCOL: u16 = 1002;
const TOO_BIG: u16 = 1009;
const RESTART: u16 = 1012;
const TRY_AGAIN: u16 = 1013;

/// A client's stream.
pub(super) struct Stream {
    intake: Arc<Intake>,
    sender: Sender,
    /// What is said of all its events.
    options: Options,
    held: Held,
    /// What it was let in by.
    lease: Lease,
    max: usize,
}

/// How a stream ends.
enum End {
    /// The client is gone, or closes it.
    Gone,
    /// We close it.
    Close(u16, String),
    /// We close it for what came.
    Refuse(u16, Kind, String),
}

/// What room is waited for.
enum Want {
    /// The rest of a message: so many bytes in all.
    Rest(usize),
    /// A message that is complete.
    Batch(Bytes, Head, Declared),
}

/// Memory that is waited for beside everything else, and what for.
type Waiting = (Growing, Want);

/// What is under way.
struct UnderWay {
    open: JoinSet<String>,
    /// The memory of the message that is coming. While it is waited for, it is with whoever waits.
    held: Holding,
    waiting: Option<Waiting>,
    /// When something was heard last, and a batch.
    heard: Instant,
    batch: Instant,
    /// Whether the client was asked if it is there.
    is_asked: bool,
}

impl Stream {
    pub(super) fn new(
        intake: Arc<Intake>,
        sender: Sender,
        options: Options,
        (held, lease): (Held, Lease),
        max: usize,
    ) -> Self {
        Self { intake, sender, options, held, lease, max }
    }

    pub(super) async fn serve(self, mut socket: Socket) {
        let served = self.held.stop.give_up.clone();
        let _given_up = served.run_until_cancelled(self.talk(&mut socket)).await;
    }

    async fn talk(&self, socket: &mut Socket) {
        let held = Holding::new(Arc::clone(&self.intake), self.sender.clone(), WhenOver::Wait);
        let (open, now) = (JoinSet::new(), Instant::now());
        let mut under_way = UnderWay { open, held, waiting: None, heard: now, batch: now, is_asked: false };
        let mut end = match self.say(socket, hello(OPEN, self.max)).await {
            Ok(()) => self.take(socket, &mut under_way).await,
            Err(end) => end,
        };
        let UnderWay { mut open, held, waiting, .. } = under_way;
        drop((held, waiting));
        while let Some(answer) = open.join_next().await {
            if let (Ok(answer), End::Close(..) | End::Refuse(..)) = (answer, &end)
                && let Err(gone) = self.say(socket, answer).await
            {
                end = gone;
            }
        }
        match end {
            End::Gone => {}
            End::Close(code, reason) => socket.close(code, reason).await,
            End::Refuse(code, kind, reason) => {
                tarpit::pause(kind).await;
                socket.close(code, reason).await;
            }
        }
    }

    /// Takes batches and answers them, until it goes no further.
    async fn take(&self, socket: &mut Socket, under_way: &mut UnderWay) -> End {
        let patience = self.intake.limits.read_timeout;
        let mut was_reading = true;
        loop {
            let reads = under_way.open.len() < OPEN && under_way.waiting.is_none();
            if reads && !was_reading {
                socket.forgive();
            }
            was_reading = reads;
            let begun = socket.since();
            let late = begun.unwrap_or(under_way.heard) + patience;
            let is_timed = reads && (begun.is_some() || under_way.open.is_empty());
            let UnderWay { open, waiting, .. } = &mut *under_way;
            let roomy = async {
                match waiting.as_mut() {
                    Some((growing, _)) => growing.await,
                    None => std::future::pending().await,
                }
            };
            let went_on = tokio::select! {
                Some(answer) = open.join_next() => match answer {
                    Ok(answer) => self.say(socket, answer).await,
                    // A batch that panicked was never answered: the client has to find that out.
                    Err(_) => Err(End::Close(RESTART, "a batch broke off".to_owned())),
                },
                (held, outcome) = roomy => {
                    under_way.held = held;
                    self.has_room(socket, under_way, outcome)
                }
                why = self.held.over(&self.lease) => Err(End::Close(RESTART, why.to_owned())),
                () = sleep_until(late), if is_timed => self.silence(socket, under_way, begun).await,
                came = socket.next(), if reads => self.came(socket, under_way, came).await,
            };
            if let Err(end) = went_on {
                return end;
            }
        }
    }

    /// Nothing came for too long.
    async fn silence(
        &self,
        socket: &mut Socket,
        under_way: &mut UnderWay,
        begun: Option<Instant>,
    ) -> Result<(), End> {
        let patience = self.intake.limits.read_timeout;
        if begun.is_some() {
            // It keeps memory, whatever else is heard meanwhile.
            let hint = "nothing of it was taken; send smaller batches, or raise ingest.read_timeout";
            return Err(self.refused(
                AWAY,
                Kind::SlowBody,
                "the rest of a message did not come in time",
                hint,
            ));
        }
        if under_way.is_asked {
            return Err(End::Close(AWAY, "nothing was heard for too long".to_owned()));
        }
        if under_way.batch.elapsed() >= patience * SILENCES {
            return Err(End::Close(AWAY, "no batch came for too long".to_owned()));
        }
        // Whoever is there answers this.
        (under_way.heard, under_way.is_asked) = (Instant::now(), true);
        socket.say(Message::Ping(Bytes::new()), patience).await.map_err(|Gone| End::Gone)
    }

    async fn came(&self, socket: &mut Socket, under_way: &mut UnderWay, came: Came) -> Result<(), End> {
        (under_way.heard, under_way.is_asked) = (Instant::now(), false);
        match came {
            Came::Alive | Came::Begun => Ok(()),
            Came::Gone => Err(End::Gone),
            Came::TooLarge => {
                let reason = "the message is larger than `max_message`";
                Err(self.refused(TOO_BIG, Kind::TooLarge, reason, "send smaller batches"))
            }
            Came::Full => {
                let bytes = socket.granted().saturating_add(STEP);
                if under_way.held.try_grow_to(bytes).is_ok() {
                    socket.grant(bytes);
                } else {
                    self.wait(under_way, bytes, Want::Rest(bytes));
                }
                Ok(())
            }
            Came::Message(message) => self.message(socket, under_way, message).await,
        }
    }

    /// Begins with a batch, or waits until there is room for it.
    async fn message(
        &self,
        socket: &mut Socket,
        under_way: &mut UnderWay,
        message: Bytes,
    ) -> Result<(), End> {
        under_way.batch = Instant::now();
        self.intake.meters.received(message.len());
        socket.grant(OWN);
        let head = head(&message).map_err(|error| {
            self.refused(
                PROTOCOL,
                Kind::MalformedBody,
                &error.to_string(),
                "begin each message with its `seq`",
            )
        })?;
        let declared = match &head.declared {
            Ok(declared) => *declared,
            Err(error) => {
                under_way.held.let_go();
                let refusal = self.intake.refuse(&self.sender, unsupported(error));
                return self.say(socket, nack(head.sequence, refusal)).await;
            }
        };
        let bytes = message.len();
        if under_way.held.try_grow_to(bytes).is_ok() {
            return self.begin(under_way, message, head, declared);
        }
        self.wait(under_way, bytes, Want::Batch(message, head, declared));
        Ok(())
    }

    fn wait(&self, under_way: &mut UnderWay, bytes: usize, want: Want) {
        let growing = under_way.held.split().growing(bytes, self.held.stop.drain.clone());
        under_way.waiting = Some((growing, want));
    }

    /// There is the room that was waited for, or there isn't.
    fn has_room(
        &self,
        socket: &mut Socket,
        under_way: &mut UnderWay,
        outcome: Result<(), Refusal>,
    ) -> Result<(), End> {
        outcome.map_err(|refusal| End::Close(TRY_AGAIN, cut(&refusal.reason)))?;
        match under_way.waiting.take() {
            Some((_, Want::Rest(bytes))) => socket.grant(bytes),
            Some((_, Want::Batch(message, head, declared))) => {
                self.begin(under_way, message, head, declared)?;
            }
            None => {}
        }
        Ok(())
    }

    /// Begins with a batch for which there is room.
    fn begin(
        &self,
        under_way: &mut UnderWay,
        message: Bytes,
        head: Head,
        declared: Declared,
    ) -> Result<(), End> {
        let admitted = under_way.held.take().map_err(|refusal| {
            let refusal = self.intake.refuse(&self.sender, refusal);
            End::Close(TRY_AGAIN, cut(&refusal.reason))
        })?;
        let (intake, options) = (Arc::clone(&self.intake), self.options.clone());
        let sender = self.sender.clone();
        let _task = under_way.open.spawn(async move {
            let (sequence, content) = (head.sequence, Content::Text(declared));
            match ship(&intake, &sender, admitted, message, head, content, options).await {
                Ok(receipt) => ack(sequence, receipt),
                Err(refusal) => nack(sequence, refusal),
            }
        });
        Ok(())
    }

    /// Counts a message to which there is no answer but the end.
    fn refused(&self, code: u16, kind: Kind, reason: &str, hint: &str) -> End {
        let refusal = self.intake.refuse(&self.sender, Refusal::new(kind, reason, hint));
        End::Refuse(code, kind, cut(&refusal.reason))
    }

    async fn say(&self, socket: &mut Socket, text: String) -> Result<(), End> {
        let said = socket.say(Message::Text(text.into()), self.intake.limits.read_timeout).await;
        said.map_err(|Gone| End::Gone)
    }
}

async fn ship(
    intake: &Arc<Intake>,
    sender: &Sender,
    admitted: Admitted,
    message: Bytes,
    head: Head,
    content: Content,
    options: Options,
) -> Result<Receipt, Refusal> {
    let Head { key, body, .. } = head;
    let body = message.slice(body);
    let unprepared = Unprepared { body, encoding: Encoding::Identity, content, options, admitted };
    let prepared =
        prepare(unprepared, &intake.limits).await.map_err(|refusal| intake.refuse(sender, refusal))?;
    let Prepared { mut batch, options, admitted } = prepared;
    if options.atomic {
        batch.all_or_nothing();
    }
    let ids = intake.ids_by_key(sender, "`key`", Some(key.as_str()).filter(|key| !key.is_empty()))?;
    let receipt = intake.ship(admitted, batch, ids).await?;
    Ok(Receipt::new(receipt.accepted, &receipt.rejections))
}

fn unsupported(error: &UnknownContentType) -> Refusal {
    let hint = "use application/json, application/x-ndjson or text/plain, or leave it out";
    Refusal::new(Kind::Unsupported, format!("`content_type`: {error}"), hint)
}

/// The reason of a close has at most 123 bytes.
fn cut(reason: &str) -> String {
    forebay_record::dead_letter::cut(reason, 123).to_owned()
}
