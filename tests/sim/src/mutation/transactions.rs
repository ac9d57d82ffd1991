//! Faults in transactions.

use forebay_delivery::Commits;

use crate::seam::Core;

#[derive(Debug)]
pub(super) struct CommitsBoth;

impl Core for CommitsBoth {
    fn commits(&self, _who: Commits) -> Commits {
        Commits::ByWorker
    }
}

#[derive(Debug)]
pub(super) struct OffsetsOutside;

impl Core for OffsetsOutside {
    fn offsets_go_into_the_transaction(&self) -> bool {
        false
    }
}

#[derive(Debug)]
pub(super) struct NoRewind;

impl Core for NoRewind {
    fn rewinds(&self) -> bool {
        false
    }
}

#[derive(Debug)]
pub(super) struct NoEpoch;

impl Core for NoEpoch {
    fn shows_its_epoch(&self) -> bool {
        false
    }
}
