//! What breaks at a given moment, as opposed to what goes wrong in passing.

use std::time::Duration;

use crate::rng::Rng;

/// A fault and its time.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// When it happens.
    pub at: Duration,
    /// What happens.
    pub kind: FaultKind,
}

/// Something that breaks. Which process it hits is a number that is taken modulo those there are.
#[derive(Clone, Copy, Debug)]
pub enum FaultKind {
    /// `kill -9` after so many more steps that others can see; it comes back after a while.
    Kill {
        /// Which process.
        who: u64,
        /// Steps until then.
        steps: u32,
        /// When it comes back.
        back_after: Duration,
    },
    /// `SIGSTOP`, and `SIGCONT` after a while.
    Stop {
        /// Which process.
        who: u64,
        /// For how long.
        lasts: Duration,
    },
    /// `SIGTERM`: it drains and ends; it comes back after a while.
    Terminate {
        /// Which process.
        who: u64,
        /// When it comes back.
        back_after: Duration,
    },
    /// Another process of the same tier.
    Add {
        /// As which process.
        who: u64,
    },
    /// No broker answers.
    BrokerDown {
        /// For how long.
        lasts: Duration,
    },
    /// A process can't reach the brokers, and goes on without them.
    Cut {
        /// Which process.
        who: u64,
        /// For how long.
        lasts: Duration,
    },
    /// The cluster doesn't answer.
    ClusterDown {
        /// For how long.
        lasts: Duration,
    },
    /// The cluster has too much to do, and refuses all documents.
    ClusterBusy {
        /// For how long.
        lasts: Duration,
    },
    /// An index is blocked (403), or closed (400).
    IndexRefuses {
        /// Whose.
        tenant: u8,
        /// Closed rather than blocked.
        closed: bool,
        /// For how long.
        lasts: Duration,
    },
    /// The coordinator throws a member out.
    Expel {
        /// Which process.
        who: u64,
    },
    /// All dead letters so far are replayed.
    Replay {
        /// Whether what was wrong with them is mended.
        mended: bool,
    },
}

// === impl FaultKind ===

impl FaultKind {
    /// Whether it leaves brokers and parsers whole.
    #[must_use]
    pub const fn is_gentle(self) -> bool {
        match self {
            Self::Terminate { .. }
            | Self::Add { .. }
            | Self::ClusterDown { .. }
            | Self::ClusterBusy { .. }
            | Self::IndexRefuses { .. }
            | Self::Replay { .. } => true,
            Self::Kill { .. }
            | Self::Stop { .. }
            | Self::BrokerDown { .. }
            | Self::Cut { .. }
            | Self::Expel { .. } => false,
        }
    }
}

// === impl Fault ===

impl Fault {
    /// A worker comes or goes.
    pub(crate) fn gentle(rng: &mut Rng, until: Duration) -> Self {
        let at = Duration::from_micros(rng.below(u64::try_from(until.as_micros()).unwrap_or(u64::MAX)));
        let who = rng.draw();
        let leaves = FaultKind::Terminate { who, back_after: rng.millis(1, 1_500) };
        Self { at, kind: if rng.chance(500) { FaultKind::Add { who } } else { leaves } }
    }

    pub(crate) fn draw(rng: &mut Rng, until: Duration) -> Self {
        let at = Duration::from_micros(rng.below(u64::try_from(until.as_micros()).unwrap_or(u64::MAX)));
        let (who, lasts) = (rng.draw(), rng.millis(50, 2_000));
        let kind = match rng.below(15) {
            0..=2 => {
                let steps = u32::try_from(rng.below(40)).unwrap_or(0);
                FaultKind::Kill { who, steps, back_after: rng.millis(1, 1_500) }
            }
            3..=4 => FaultKind::Stop { who, lasts },
            5 => FaultKind::Terminate { who, back_after: rng.millis(1, 1_500) },
            6 => FaultKind::Add { who },
            7 => FaultKind::BrokerDown { lasts },
            8 => FaultKind::ClusterDown { lasts },
            9 => FaultKind::ClusterBusy { lasts },
            10..=11 => {
                let tenant = u8::try_from(rng.below(3)).unwrap_or(0);
                FaultKind::IndexRefuses { tenant, closed: rng.chance(500), lasts }
            }
            12..=13 => FaultKind::Cut { who, lasts },
            _ => FaultKind::Expel { who },
        };
        Self { at, kind }
    }
}
