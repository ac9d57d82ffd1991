//! What the machine has to say to people: for logs, metrics and health. Nothing depends on it being heard.

use std::time::Duration;

/// Something that happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// Documents will be sent again.
    Retried {
        /// Why, as a stable name for metrics.
        reason: &'static str,
        /// How many.
        items: usize,
    },
    /// A request was split in two.
    Split,
    /// The store refuses all that is sent.
    Refused {
        /// Its words.
        detail: String,
        /// How often in a row.
        refusals: u32,
        /// How long nothing is sent.
        pause: Duration,
    },
    /// The store takes documents again.
    Recovered {
        /// How often it had refused in a row.
        refusals: u32,
    },
    /// A target is not written any more, but probed.
    TargetShut {
        /// Its name.
        target: String,
        /// Why.
        why: Shut,
        /// The store's words.
        detail: String,
    },
    /// A shut target's documents become dead letters from now on, since other targets must not wait for it any longer.
    TargetDiverted {
        /// Its name.
        target: String,
        /// Why it is shut.
        why: Shut,
    },
    /// No other target is written any more: a shut target's documents wait again.
    TargetHeld {
        /// Its name.
        target: String,
    },
    /// A target is written again.
    TargetOpened {
        /// Its name.
        target: String,
    },
}

/// Why a target is shut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shut {
    /// It refuses all its documents for now: blocked, closed, too busy.
    Refused,
    /// It refuses too large a part of its documents for good: a template or a mapping is broken.
    RefusedShare,
}

/// What is done with the documents of a shut target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// They wait.
    Held,
    /// They become dead letters without being sent.
    Diverted,
    /// They are sent, and become dead letters if they are refused.
    LetThrough,
}

/// A target that isn't written as it should be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TargetStatus {
    /// Its name.
    pub target: String,
    /// Why.
    pub why: Shut,
    /// What is done with its documents.
    pub way: Way,
    /// Since when.
    pub since: Duration,
    /// The store's last words about it.
    pub detail: String,
    /// Documents set aside.
    pub documents: usize,
    /// Bytes that they hold.
    pub bytes: usize,
}

// === impl Shut ===

impl Shut {
    /// A stable name for metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::RefusedShare => "refused_share",
        }
    }
}

// === impl Way ===

impl Way {
    /// A stable name for metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Diverted => "diverted",
            Self::LetThrough => "let_through",
        }
    }
}
