//! Sends a batch for a sender that can't be told to come again.

use std::sync::Arc;

use forebay_telemetry::rate_limited_warn;
use forebay_wire::Batch;

use crate::intake::room::{Holding, WhenOver};
use crate::intake::{Admitted, Intake, Sender};
use crate::listen::{Pulse, Stop};
use crate::refusal::Refusal;

/// What an event takes beside its bytes on its way to Kafka, in bytes: its place in the batch, its id, its envelope, its record.
const PER_EVENT: usize = 640;

/// What a byte that is read may need, in bytes: itself, the producer's copy, and its part of the event's cost, where events
/// have about 200 bytes. What smaller ones need beyond that is asked for when they are sent.
pub(super) const PER_BYTE: usize = 5;

/// From whom, through what, and until when.
#[derive(Clone, Debug)]
pub(in super::super) struct Route {
    pub(in super::super) intake: Arc<Intake>,
    pub(in super::super) sender: Sender,
    pub(in super::super) stop: Stop,
    /// Where it is said that the sender was heard.
    pub(in super::super) pulse: Arc<Pulse>,
    /// Whether the sender learns what has arrived, so that nothing is lost by giving up.
    pub(in super::super) acknowledges: bool,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) enum Shipped {
    /// Kafka has it, or what of it can't ever be sent is counted as lost.
    Done,
    /// It isn't in Kafka, and the sender has to learn that by the end of the connection.
    GivenUp,
}

impl Route {
    /// Memory for what comes by it.
    pub(in super::super) fn holding(&self) -> Holding {
        let over = if self.acknowledges { WhenOver::Wait } else { WhenOver::Lose };
        Holding::new(Arc::clone(&self.intake), self.sender.clone(), over)
    }

    /// Sends a batch as often as it takes, until the end of the drain. Its connection isn't silent meanwhile.
    pub(in super::super) async fn ship(self, held: Holding, batch: Batch) -> Shipped {
        let pulse = Arc::clone(&self.pulse);
        pulse.works();
        let shipped = self.send(held, batch).await;
        pulse.beats();
        shipped
    }

    async fn send(self, held: Holding, batch: Batch) -> Shipped {
        let events = batch.events.len();
        let need = batch.bytes.len() * 2 + batch.weight() + events * PER_EVENT + batch.attribute_bytes();
        let most = self.intake.limits.max_in_flight;
        if need > most {
            rate_limited_warn!(per_minute = 6, protocol = self.sender.protocol.as_str(), peer = %self.sender.peer, need, most,
                "a batch needs more memory than ingest.max_in_flight");
            return self.lost("too_large", events);
        }
        let admitted = match self.room(held, need).await {
            Ok(admitted) => admitted,
            Err(refusal) => return self.put_off(&refusal, events),
        };
        let ids = self.intake.new_ids();
        match self.intake.insist(admitted, batch, ids, &self.stop.give_up).await {
            Ok(_) => Shipped::Done,
            Err(refusal) if refusal.may_come_again() => self.put_off(&refusal, events),
            Err(refusal) => {
                let Sender { protocol, peer, .. } = &self.sender;
                rate_limited_warn!(
                    per_minute = 6,
                    protocol = protocol.as_str(),
                    %peer,
                    events,
                    reason = refusal.reason,
                    "events can't be sent"
                );
                let given_up = self.lost(refusal.kind.name(), events);
                if self.acknowledges { given_up } else { Shipped::Done }
            }
        }
    }

    /// Memory for a batch: what is held, if it is enough. Who has to wait holds nothing meanwhile, so that no two can wait for each
    /// other; where too many do so, he keeps what he holds, and gives up after a while.
    async fn room(&self, mut held: Holding, need: usize) -> Result<Admitted, Refusal> {
        held.shrink_to(need);
        if held.try_grow_to(need).is_err() {
            let lent = held.lend();
            while let Err(refusal) = held.grow_to(need, &self.stop.give_up).await {
                if refusal.quota.is_some() || self.stop.give_up.is_cancelled() || lent.is_none() {
                    return Err(refusal);
                }
                held.let_go();
            }
        }
        held.take()
    }

    /// What is over its tenant's quota for long, or is still here at the end of a stop, is not waited with any longer. Who gets
    /// acknowledgements is sent away with it; who gets none goes on, and has lost it.
    fn put_off(&self, refusal: &Refusal, events: usize) -> Shipped {
        if self.stop.give_up.is_cancelled() || (refusal.quota.is_none() && self.acknowledges) {
            return self.lost("stopped", events);
        }
        let Sender { tenant, protocol, peer, .. } = &self.sender;
        rate_limited_warn!(
            per_minute = 6,
            protocol = protocol.as_str(),
            %tenant,
            %peer,
            events,
            reason = refusal.reason,
            "events can't be sent for too long"
        );
        let given_up = self.lost(refusal.kind.name(), events);
        if self.acknowledges { given_up } else { Shipped::Done }
    }

    fn lost(&self, reason: &'static str, events: usize) -> Shipped {
        if !self.acknowledges && events > 0 {
            self.intake.meters.lost(self.sender.protocol, reason, events);
        }
        Shipped::GivenUp
    }
}
