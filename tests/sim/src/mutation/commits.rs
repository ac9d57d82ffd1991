//! Faults in when offsets move, and in what is held.

use std::time::Duration;

use forebay_delivery::{Converted, Handed, Receipt, Worker};

use super::outcomes::forged;
use crate::node::acks::Acks;
use crate::seam::Core;

#[derive(Debug)]
pub(super) struct Early;

impl Core for Early {
    fn to_commit(&self, worker: &Worker, offsets: Vec<(i32, i64)>) -> Vec<(i32, i64)> {
        let polled = worker.polled_to();
        let beyond = |partition| polled.iter().find(|(one, _)| *one == partition).map(|(_, high)| *high);
        offsets.into_iter().map(|(one, offset)| (one, beyond(one).unwrap_or(offset))).collect()
    }
}

#[derive(Debug)]
pub(super) struct OneTooMany;

impl Core for OneTooMany {
    fn to_commit(&self, _worker: &Worker, offsets: Vec<(i32, i64)>) -> Vec<(i32, i64)> {
        offsets.into_iter().map(|(partition, offset)| (partition, offset + 1)).collect()
    }
}

#[derive(Debug)]
pub(super) struct ForgetsRevoke;

impl Core for ForgetsRevoke {
    fn revoked(&self, _worker: &mut Worker, _partitions: &[i32]) -> Vec<(i32, i64)> {
        Vec::new()
    }

    fn knows_what_it_owns(&self) -> bool {
        false
    }
}

#[derive(Debug)]
pub(super) struct Hasty;

impl Core for Hasty {
    fn waits_for_what_is_under_way(&self) -> bool {
        false
    }
}

#[derive(Debug)]
pub(super) struct ForgetsLoss;

impl Core for ForgetsLoss {
    fn lost(&self, _worker: &mut Worker, _partitions: &[i32]) {}

    fn knows_what_it_owns(&self) -> bool {
        false
    }
}

#[derive(Debug)]
pub(super) struct NeverRepeats;

impl Core for NeverRepeats {
    fn commit_again(&self) -> Duration {
        Duration::MAX
    }
}

#[derive(Debug)]
pub(super) struct SettlesAtSend;

impl Core for SettlesAtSend {
    fn handed(&self, converted: Converted, _acks: &Acks) -> Option<Handed> {
        Some(forged(converted))
    }
}

#[derive(Debug)]
pub(super) struct NeverResumes;

impl Core for NeverResumes {
    fn resumes(&self) -> bool {
        false
    }
}

#[derive(Debug)]
pub(super) struct NeverFrees;

impl Core for NeverFrees {
    fn opened(&self, worker: &mut Worker, bytes: usize, kept: &mut Vec<Receipt>) {
        kept.extend(worker.open([], bytes).ok());
    }
}
