//! The life of a connection whose messages come without requests: syslog, RELP, GELF, lines.
//!
//! What has arrived is taken apart and sent as one batch; while Kafka acknowledges it, what comes next is read, and becomes the
//! next batch. So batches are as large as Kafka is slow, a connection's events stay in their order, and beyond the memory that
//! it gets nothing more is read: the connection's own flow control makes the sender wait.
//!
//! At a stop nothing more is read, and what was read is sent. What can't be sent until the end of the drain is lost where the
//! protocol has no acknowledgements, and counted.

mod inlet;
mod ship;

use std::pin::Pin;
use std::sync::Arc;

use forebay_access::Known;
use forebay_telemetry::rate_limited_warn;
use forebay_wire::Facts;
use forebay_wire::frames::Frames;

use self::inlet::{Came, Inlet};
pub(super) use self::ship::{Route, Shipped};
use super::talk::Talk;
use super::{Protocol, local, unnamed};
use crate::intake::{Intake, Sender};
use crate::listen::Connection;
use crate::refusal::Kind;
use crate::tarpit;

/// The most messages in one batch.
pub(super) const MAX_MESSAGES: usize = 4096;

/// What a protocol is, as seen from a connection.
pub(super) trait Speak: Send {
    /// Its name.
    const PROTOCOL: Protocol;

    /// The format of its messages.
    const FORMAT: &'static str;

    /// Whether senders learn what has arrived, and send again what hasn't.
    const ACKNOWLEDGES: bool;

    /// What has to be answered once a batch is in Kafka.
    type Owed: Send;

    /// Takes the messages that are whole from the start of `buffer`, at most [`MAX_MESSAGES`].
    fn take(&mut self, buffer: &[u8]) -> Taken<Self::Owed>;

    /// Takes what the sender ended the connection with.
    fn finish(&mut self, rest: &[u8]) -> Frames;

    /// Appends the answers that are owed.
    fn answer(&mut self, owed: Self::Owed, out: &mut Vec<u8>);

    /// Appends what is said before the connection is closed from here.
    fn farewell(&mut self, out: &mut Vec<u8>);
}

/// What was found in a buffer.
pub(super) struct Taken<O> {
    /// How many bytes of it are done with.
    pub(super) used: usize,
    /// The messages.
    pub(super) frames: Frames,
    /// What is owed for them.
    pub(super) owed: Option<O>,
    /// What is answered at once.
    pub(super) answers: Vec<u8>,
    /// Whether the connection ends with this.
    pub(super) ends: Option<Ends>,
}

/// Why a protocol ends a connection.
pub(super) enum Ends {
    /// The sender has asked for it.
    Asked,
    /// What it sent can't be read on.
    Broken(String),
}

/// Why no more is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// The sender has ended the connection: what is left of its bytes is taken.
    Sender,
    /// We end it: what is whole is taken.
    Ours,
    /// What is left can't be read.
    Broken,
}

/// A batch on its way, with what is owed for it.
type Shipping<O> = (Pin<Box<dyn Future<Output = Shipped> + Send>>, Option<O>);

struct Flow<S: Speak> {
    speaker: S,
    inlet: Inlet,
    route: Route,
    facts: Facts,
    answers: Vec<u8>,
    talk: Talk,
    end: Option<End>,
}

/// Serves a connection until it ends.
pub(super) async fn serve<S: Speak>(connection: Connection, intake: &Arc<Intake>, speaker: S) {
    let Some(Known { tenant, stamp }) = unnamed::client(intake, &connection.origin()).await else { return };
    let Connection { stream, peer, listener, pulse, stop, .. } = connection;
    let _until_it_ends = intake.access.lease(stamp, stop.drain.clone());
    let mut facts = Facts::of_format(S::FORMAT);
    local::describe(&stream, peer, &listener, &mut facts);
    let budget = listener.budget.clone();
    let sender = Sender { tenant, protocol: S::PROTOCOL, peer, budget, trace: None };
    let route = Route { intake: Arc::clone(intake), sender, stop, pulse, acknowledges: S::ACKNOWLEDGES };
    let inlet = Inlet::new(stream, route.clone());
    Flow { speaker, inlet, route, facts, answers: Vec::new(), talk: Talk::default(), end: None }.run().await;
}

impl<S: Speak> Flow<S> {
    async fn run(mut self) {
        let drain = self.route.stop.drain.clone();
        let mut shipping: Option<Shipping<S::Owed>> = None;
        loop {
            if shipping.is_none() {
                shipping = self.next();
                if !self.inlet.write(&mut self.answers).await {
                    return;
                }
                if shipping.is_none() && self.end.is_some() {
                    return self.leave().await;
                }
                self.talk.pause(self.inlet.stream(), &drain).await;
            }
            let is_shipping = shipping.is_some();
            let before = self.inlet.buffer().len();
            let arrived = async {
                match shipping.as_mut() {
                    Some((shipping, _)) => shipping.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                shipped = arrived => {
                    let owed = shipping.take().and_then(|(_, owed)| owed);
                    match (shipped, owed) {
                        (Shipped::GivenUp, _) => return self.abandon(),
                        (Shipped::Done, Some(owed)) => self.speaker.answer(owed, &mut self.answers),
                        (Shipped::Done, None) => {}
                    }
                }
                () = drain.cancelled(), if self.end.is_none() => self.end = Some(End::Ours),
                came = self.inlet.read(is_shipping), if self.end.is_none() => match came {
                    Came::Some => self.talk.came(self.inlet.buffer().len().saturating_sub(before)),
                    Came::End => self.end = Some(End::Sender),
                    Came::Late => self.broken("malformed", "the rest of a message did not come in time"),
                    Came::NoRoom(kind) => {
                        self.broken(kind.name(), "there was no room for the rest of a message");
                    }
                },
            }
        }
    }

    /// Takes the next batch out of what has arrived, and sets it on its way.
    fn next(&mut self) -> Option<Shipping<S::Owed>> {
        if self.end == Some(End::Broken) {
            return None;
        }
        let Taken { used, frames, owed, answers, ends } = self.speaker.take(self.inlet.buffer());
        self.answers.extend_from_slice(&answers);
        match ends {
            Some(Ends::Asked) => self.end = Some(End::Ours),
            Some(Ends::Broken(fault)) => self.broken("malformed", &fault),
            None => {}
        }
        if !frames.is_empty() || owed.is_some() {
            return Some(self.ship(used, frames, owed));
        }
        self.talk.wasted(used);
        self.inlet.pass(used);
        if self.end == Some(End::Sender) && !self.inlet.buffer().is_empty() {
            let rest = self.inlet.buffer().len();
            let frames = self.speaker.finish(self.inlet.buffer());
            return Some(self.ship(rest, frames, None));
        }
        None
    }

    fn ship(&mut self, used: usize, frames: Frames, owed: Option<S::Owed>) -> Shipping<S::Owed> {
        self.talk.said(used);
        let meters = &self.route.intake.meters;
        meters.received(used);
        meters.cut(S::PROTOCOL, frames.cut());
        let (bytes, held) = self.inlet.split(used);
        let batch = frames.into_batch(bytes, self.facts.clone());
        (Box::pin(self.route.clone().ship(held, batch)), owed)
    }

    fn broken(&mut self, reason: &'static str, fault: &str) {
        self.end = Some(End::Broken);
        if S::ACKNOWLEDGES {
            // Its sender has it still, and nothing is lost, but somebody who tries things out is to be seen.
            self.route.intake.meters.batch(S::PROTOCOL, Kind::MalformedBody.name());
        } else {
            self.route.intake.meters.lost(S::PROTOCOL, reason, 1);
        }
        let Sender { protocol, peer, .. } = &self.route.sender;
        rate_limited_warn!(
            per_minute = 6,
            protocol = protocol.as_str(),
            %peer,
            fault,
            "closing a connection that can't be read on"
        );
    }

    /// Counts what was read and can't be sent any more.
    fn abandon(mut self) {
        let mut events = 0;
        loop {
            let Taken { used, frames, .. } = self.speaker.take(self.inlet.buffer());
            if used == 0 {
                break;
            }
            events += frames.count();
            self.inlet.pass(used);
        }
        if !S::ACKNOWLEDGES && events > 0 {
            self.route.intake.meters.lost(S::PROTOCOL, "stopped", events);
        }
    }

    /// Closes the connection after everything that came by it.
    async fn leave(mut self) {
        if self.end == Some(End::Ours) && !S::ACKNOWLEDGES && !self.inlet.buffer().is_empty() {
            self.route.intake.meters.lost(S::PROTOCOL, "incomplete", 1);
        }
        if self.end == Some(End::Broken) {
            tarpit::pause(Kind::MalformedBody).await;
        }
        self.speaker.farewell(&mut self.answers);
        self.inlet.close(&mut self.answers).await;
    }
}
