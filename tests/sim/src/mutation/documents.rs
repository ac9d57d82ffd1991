//! Faults in what becomes of documents.

use forebay_bulk::{BulkAnswer, BulkRequest, ItemOutcome};
use forebay_delivery::BrokerAck;

use crate::node::acks::{Acks, Answer};
use crate::seam::Core;

#[derive(Debug)]
pub(super) struct BusyIsDone;

impl Core for BusyIsDone {
    fn answer(&self, mut answer: BulkAnswer) -> BulkAnswer {
        for outcome in &mut answer.outcomes {
            if matches!(outcome, ItemOutcome::Retry(error) if error.status == 429) {
                *outcome = ItemOutcome::Indexed;
            }
        }
        answer
    }
}

#[derive(Debug)]
pub(super) struct ForgetsRefused;

impl Core for ForgetsRefused {
    fn answer(&self, mut answer: BulkAnswer) -> BulkAnswer {
        if answer.outcomes.iter().any(ItemOutcome::is_done) {
            for outcome in &mut answer.outcomes {
                if matches!(outcome, ItemOutcome::Refused(_)) {
                    *outcome = ItemOutcome::Indexed;
                }
            }
        }
        answer
    }
}

#[derive(Debug)]
pub(super) struct LosesHalf;

impl Core for LosesHalf {
    fn documents(&self, request: &BulkRequest, split: bool) -> usize {
        if split { request.len().div_ceil(2) } else { request.len() }
    }
}

#[derive(Debug)]
pub(super) struct LettersAtSend;

impl Core for LettersAtSend {
    fn letters_handed(&self, acks: &Acks) -> Answer {
        let ack = BrokerAck::from_delivery_report;
        Answer::All { documents: ack(0), letters: ack(acks.count()) }
    }
}

#[derive(Debug)]
pub(super) struct NewIds;

impl Core for NewIds {
    fn body(&self, body: Vec<u8>, number: u64) -> Vec<u8> {
        let text = String::from_utf8_lossy(&body);
        text.replace(r#""_id":"e"#, &format!(r#""_id":"n{number}-e"#)).into_bytes()
    }
}
