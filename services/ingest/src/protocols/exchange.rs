//! The life of a connection whose sender waits for an answer to what it sent: Lumberjack, Fluent Forward. A protocol says by
//! [`Decode`] how its bytes become portions, and how they are answered.
//!
//! What has arrived is sent to Kafka, then answered, and only then more is read. So the connection's own flow control makes the
//! sender wait while Kafka is slow. At a stop nothing more is read; what was taken is sent and answered.

mod decode;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use forebay_access::Known;
use forebay_telemetry::rate_limited_warn;
use forebay_wire::Batch;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

pub(super) use self::decode::{Decode, Failure, Grant, Portion, Waits};
use super::flow::{Route, Shipped};
use super::talk::Talk;
use super::{Protocol, unnamed};
use crate::access::Lease;
use crate::aside::{INLINE_PACKED, aside};
use crate::intake::room::Holding;
use crate::intake::{Intake, Sender};
use crate::listen::{Connection, Stream};
use crate::refusal::{Kind, Refusal};
use crate::tarpit;

/// What a connection may hold without asking, in bytes; and the least that it reads at once.
const OWN: usize = 8 * 1024;

/// The most that is read at once, in bytes.
const READ: usize = 1024 * 1024;

/// How often a sender that waits is told that its events are being worked on. Beats give up after 30 s without a word.
const KEEPALIVE: Duration = Duration::from_secs(3);

/// How long a connection may be silent between two messages. It costs little, but a sender that is gone without a word would
/// keep its place for ever.
const IDLE: Duration = Duration::from_secs(15 * 60);

/// How long whole events wait for the rest of what they belong to.
const LINGER: Duration = Duration::from_secs(1);

/// How long it is waited for the sender to see the end, before the connection is closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// What came of reading.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Came {
    /// There is more than before.
    Some,
    /// Nothing comes: whole events need wait no longer.
    Silence,
    /// The service stops: no more is read.
    Stop,
}

/// Why a connection ends.
#[derive(Debug)]
enum End {
    /// As it should.
    Quiet,
    /// What was sent can't be read on, or is too large.
    Broken(Kind, String),
    /// What was begun did not come to its end in time.
    Late,
    /// There was no room for it, which is counted already.
    NoRoom(Refusal),
    /// Kafka has not got it, and the sender has to send it again.
    GivenUp,
}

/// Both directions of a connection, and the way to Kafka.
#[derive(Debug)]
pub(super) struct Exchange {
    stream: Stream,
    route: Route,
    /// The memory for what is being read, beyond [`OWN`].
    held: Holding,
    /// Since when the message is coming that is not whole yet.
    since: Option<Instant>,
    talk: Talk,
    /// How many events of the message were whole when it was read last.
    whole: usize,
    /// Held until the connection ends, which it does when its credential is taken away.
    _lease: Lease,
}

impl Exchange {
    /// Finds out whose events they are; `None` if nobody can say.
    pub(super) async fn new(
        connection: Connection,
        intake: &Arc<Intake>,
        protocol: Protocol,
    ) -> Option<Self> {
        let known = unnamed::client(intake, &connection.origin()).await?;
        Some(Self::of(connection, intake, protocol, known))
    }

    /// Of events of which it is known whose they are.
    pub(super) fn of(
        connection: Connection,
        intake: &Arc<Intake>,
        protocol: Protocol,
        Known { tenant, stamp }: Known,
    ) -> Self {
        let Connection { stream, peer, listener, pulse, stop, .. } = connection;
        let lease = intake.access.lease(stamp, stop.drain.clone());
        let sender = Sender { tenant, protocol, peer, budget: listener.budget.clone(), trace: None };
        let route = Route { intake: Arc::clone(intake), sender, stop, pulse, acknowledges: true };
        Self {
            stream,
            held: route.holding(),
            route,
            since: None,
            talk: Talk::default(),
            whole: 0,
            _lease: lease,
        }
    }

    /// Serves the connection until it ends.
    pub(super) async fn serve(mut self, decoder: &mut impl Decode) {
        let end = match self.run(decoder).await {
            Ok(()) => End::Quiet,
            Err(end) => end,
        };
        self.end(end).await;
    }

    async fn run(&mut self, decoder: &mut impl Decode) -> Result<(), End> {
        loop {
            let mut wanted = 0;
            let held = &mut self.held;
            let is_quick = decoder.buffer().len() <= INLINE_PACKED;
            let mut next = || {
                decoder.next(&mut |bytes| {
                    wanted = bytes;
                    held.try_grow_to(bytes)
                })
            };
            let next = if is_quick { next() } else { aside(&self.route.sender.tenant, next).await };
            match next {
                Ok(Some(portion)) => self.take(portion).await?,
                Ok(None) => {
                    let (waits, held) = (decoder.waits(), decoder.held());
                    self.breathe(decoder.events()).await;
                    let came = self.read(decoder.buffer(), held, waits).await?;
                    if came != Came::Some
                        && let Some(portion) = decoder.flush()
                    {
                        self.take(portion).await?;
                    }
                    if came == Came::Stop {
                        return Ok(());
                    }
                }
                Err(Failure::Refused) => self.hold(wanted, decoder.keepalive().as_deref()).await?,
                Err(Failure::Broken(kind, fault)) => return Err(End::Broken(kind, fault)),
            }
        }
    }

    /// Pauses when many pieces have come, and nothing whole.
    async fn breathe(&mut self, events: usize) {
        if events != self.whole {
            self.whole = events;
            self.talk.said(0);
        }
        self.talk.pause(&self.stream, &self.route.stop.drain).await;
    }

    /// Sends a portion and answers it.
    async fn take(&mut self, portion: Portion) -> Result<(), End> {
        let Portion { batch, answer, keepalive, is_awaited } = portion;
        self.route.acknowledges = is_awaited;
        self.talk.said(0);
        self.ship(batch, keepalive.as_deref()).await?;
        self.answer(&answer).await
    }

    /// Reads what is there, or waits until something is. `held` is what the decoder holds beside the buffer.
    ///
    /// # Errors
    /// When the connection ends.
    async fn read(&mut self, buffer: &mut BytesMut, held: usize, waits: Waits) -> Result<Came, End> {
        let patience = match waits {
            Waits::Idle if buffer.capacity() > OWN => LINGER,
            Waits::Idle => IDLE,
            Waits::WithEvents => LINGER,
            Waits::ForRest => self.route.intake.limits.read_timeout,
        };
        if waits == Waits::Idle {
            self.since = None;
            self.held.let_go();
        } else if self.since.get_or_insert_with(Instant::now).elapsed()
            > self.route.intake.limits.read_timeout
        {
            // A large window over a slow line has come so far, and goes on.
            return if waits == Waits::WithEvents { Ok(Came::Silence) } else { Err(End::Late) };
        }
        let room = buffer.len().clamp(OWN, READ);
        if held + room > OWN {
            self.hold(held + room, None).await?;
        }
        buffer.reserve(room);
        let read = timeout(patience, self.stream.read_buf(buffer));
        match self.route.stop.drain.run_until_cancelled(read).await {
            None => Ok(Came::Stop),
            Some(Ok(Ok(count @ 1..))) => {
                self.route.intake.meters.received(count);
                self.talk.came(count);
                Ok(Came::Some)
            }
            Some(Ok(_)) => Err(End::Quiet),
            Some(Err(_)) => match waits {
                Waits::WithEvents => Ok(Came::Silence),
                Waits::ForRest => Err(End::Late),
                // The memory of what has been done is given back before a long silence.
                Waits::Idle if buffer.capacity() > OWN => {
                    *buffer = BytesMut::new();
                    Ok(Came::Silence)
                }
                Waits::Idle => Err(End::Quiet),
            },
        }
    }

    /// Holds memory as soon as there is some. Meanwhile the sender gets `keepalive`, as while it waits for Kafka.
    ///
    /// # Errors
    /// When there was none for so long that others may be waiting for what this connection holds.
    async fn hold(&mut self, bytes: usize, keepalive: Option<&[u8]>) -> Result<(), End> {
        if self.held.try_grow_to(bytes).is_ok() {
            return Ok(());
        }
        let _until_there_is_some = self.held.lend();
        let growing = self.held.split().growing(bytes, self.route.stop.give_up.clone());
        let (held, outcome) = self.waiting(growing, keepalive).await?;
        self.held = held;
        outcome.map_err(End::NoRoom)
    }

    /// Sends a batch until Kafka has it. Meanwhile the sender gets `keepalive` again and again, if its protocol has such a thing.
    ///
    /// # Errors
    /// When Kafka hasn't got it, or the sender is gone.
    async fn ship(&mut self, batch: Batch, keepalive: Option<&[u8]>) -> Result<(), End> {
        self.since = None;
        self.warn_of_refused(&batch);
        let shipping = Box::pin(self.route.clone().ship(self.held.split(), batch));
        let shipped = self.waiting(shipping, keepalive).await?;
        match shipped {
            Shipped::Done => Ok(()),
            Shipped::GivenUp => Err(End::GivenUp),
        }
    }

    /// Answers.
    ///
    /// # Errors
    /// When the sender doesn't take it.
    async fn answer(&mut self, bytes: &[u8]) -> Result<(), End> {
        if bytes.is_empty() {
            return Ok(());
        }
        write(&mut self.stream, bytes, self.route.intake.limits.read_timeout).await
    }

    /// Closes the connection, and says why if that is of interest.
    async fn end(mut self, end: End) {
        let (intake, sender) = (&self.route.intake, &self.route.sender);
        let counted = |refusal| Some(intake.refuse(sender, refusal));
        let refusal = match end {
            End::Quiet | End::GivenUp => None,
            End::Broken(kind, fault) => counted(Refusal::new(kind, fault, "")),
            End::Late => {
                counted(Refusal::new(Kind::SlowBody, "the rest of a message did not come in time", ""))
            }
            End::NoRoom(refusal) => Some(refusal),
        };
        if let Some(refusal) = refusal {
            rate_limited_warn!(
                per_minute = 6,
                protocol = sender.protocol.as_str(),
                peer = %sender.peer,
                reason = refusal.reason,
                "closing a connection"
            );
            tarpit::pause(refusal.kind).await;
        }
        // What is not read when a connection is closed resets it, and with it may go the last answer.
        let farewell = async {
            let _gone = self.stream.shutdown().await;
            let mut rest = [0; 4096];
            while matches!(self.stream.read(&mut rest).await, Ok(1..)) {}
        };
        let _closed = timeout(FAREWELL, farewell).await;
    }

    /// Waits for something, and says so to the sender every now and then.
    async fn waiting<T>(
        &mut self,
        what: impl Future<Output = T>,
        keepalive: Option<&[u8]>,
    ) -> Result<T, End> {
        let mut what = pin!(what);
        let mut ticks = interval_at(Instant::now() + KEEPALIVE, KEEPALIVE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                done = &mut what => return Ok(done),
                _ = ticks.tick() => if let Some(keepalive) = keepalive {
                    write(&mut self.stream, keepalive, self.route.intake.limits.read_timeout).await?;
                },
            }
        }
    }

    fn warn_of_refused(&self, batch: &Batch) {
        if let Some(first) = batch.rejections.listed().first() {
            let sender = &self.route.sender;
            rate_limited_warn!(
                per_minute = 6,
                protocol = sender.protocol.as_str(),
                peer = %sender.peer,
                tenant = sender.tenant.as_str(),
                events = batch.rejections.count(),
                reason = first.reason,
                "events are refused for good, and acknowledged, since their sender would send them for ever"
            );
        }
    }
}

async fn write(stream: &mut Stream, bytes: &[u8], patience: Duration) -> Result<(), End> {
    // Who sends and doesn't read would hold what is ours for ever.
    let written = async {
        stream.write_all(bytes).await?;
        // TLS keeps records back until it is asked for them.
        stream.flush().await
    };
    match timeout(patience, written).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Quiet),
    }
}
