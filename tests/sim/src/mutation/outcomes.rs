//! Faults in what became of polled records, where that isn't one record each.

use std::num::NonZeroU64;

use forebay_delivery::{BrokerAck, Converted, Handed, Outcome};

use crate::node::acks::{Acks, Answer};
use crate::seam::{Core, handed};

#[derive(Debug)]
pub(super) struct DroppedIsForwarded;

impl Core for DroppedIsForwarded {
    fn converted(&self, converted: Converted) -> Converted {
        let mut all = Converted::default();
        let forwarded = converted.forwarded() + converted.dropped();
        (0..forwarded).for_each(|_| all.add(Outcome::Forwarded(NonZeroU64::MIN)));
        (0..converted.dead_lettered()).for_each(|_| all.add(Outcome::DeadLettered { documents: 0 }));
        all
    }

    fn handed(&self, converted: Converted, acks: &Acks) -> Option<Handed> {
        match acks.answer() {
            Answer::All { .. } => Some(forged(converted)),
            Answer::UnderWay | Answer::Failed => handed(converted, acks),
        }
    }
}

#[derive(Debug)]
pub(super) struct FirstOfSplit;

impl Core for FirstOfSplit {
    fn handed(&self, converted: Converted, acks: &Acks) -> Option<Handed> {
        let first_ones = acks.documents() >= converted.forwarded() && converted.letters() == 0;
        if first_ones && !acks.has_failed() { Some(forged(converted)) } else { handed(converted, acks) }
    }
}

#[derive(Debug)]
pub(super) struct DroppedNeverSettles;

impl Core for DroppedNeverSettles {
    fn handed(&self, converted: Converted, acks: &Acks) -> Option<Handed> {
        if acks.count() == 0 { None } else { handed(converted, acks) }
    }
}

#[derive(Debug)]
pub(super) struct NewRulesForOldBatches;

impl Core for NewRulesForOldBatches {
    fn keeps_the_revision(&self) -> bool {
        false
    }
}

/// The answer as though the brokers had acknowledged all of it.
pub(super) fn forged(converted: Converted) -> Handed {
    let ack = |records| Some(BrokerAck::from_delivery_report(records));
    Handed::of(converted, ack(converted.documents()), ack(converted.letters()))
}
