//! Deliberately broken cores. Each falsifies one decision at the [seam](crate::seam); the simulation has to find every one.

mod commits;
mod documents;
mod outcomes;
mod transactions;

use crate::seam::Core;

/// A broken core.
#[derive(Clone, Copy, Debug)]
pub struct Mutation {
    /// Its name.
    pub name: &'static str,
    /// How it is broken.
    pub core: &'static dyn Core,
}

/// All of them.
pub const ALL: &[Mutation] = &[
    Mutation { name: "commits what was polled rather than what was settled", core: &commits::Early },
    Mutation { name: "commits one offset too many", core: &commits::OneTooMany },
    Mutation { name: "forgets that partitions were revoked", core: &commits::ForgetsRevoke },
    Mutation { name: "doesn't wait for what is under way for revoked partitions", core: &commits::Hasty },
    Mutation { name: "goes on with partitions that it has lost", core: &commits::ForgetsLoss },
    Mutation { name: "never repeats a commit", core: &commits::NeverRepeats },
    Mutation { name: "commits by itself what transactions commit", core: &transactions::CommitsBoth },
    Mutation {
        name: "settles when a batch is sent, not when it is acknowledged",
        core: &commits::SettlesAtSend,
    },
    Mutation { name: "never resumes what it paused", core: &commits::NeverResumes },
    Mutation { name: "never frees the memory of a batch", core: &commits::NeverFrees },
    Mutation { name: "takes 429 for done", core: &documents::BusyIsDone },
    Mutation { name: "forgets what a partial answer refused", core: &documents::ForgetsRefused },
    Mutation { name: "loses the second half of a split", core: &documents::LosesHalf },
    Mutation { name: "counts dead letters before they are acknowledged", core: &documents::LettersAtSend },
    Mutation { name: "sends a document under a new id each time", core: &documents::NewIds },
    Mutation {
        name: "counts a dropped record as forwarded, without an acknowledgement",
        core: &outcomes::DroppedIsForwarded,
    },
    Mutation {
        name: "settles a split record once the first document is acknowledged",
        core: &outcomes::FirstOfSplit,
    },
    Mutation { name: "never settles a batch that was dropped", core: &outcomes::DroppedNeverSettles },
    Mutation {
        name: "converts a batch that is sent again by newer rules",
        core: &outcomes::NewRulesForOldBatches,
    },
    Mutation { name: "commits a transaction's offsets outside of it", core: &transactions::OffsetsOutside },
    Mutation { name: "doesn't rewind after an abort", core: &transactions::NoRewind },
    Mutation { name: "lets a stale member settle in a transaction", core: &transactions::NoEpoch },
];
