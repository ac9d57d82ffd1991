//! How long targets are kept: names and a time in, what is to be done with each out.
//!
//! Pure: no I/O, no clock, no runtime.
//!
//! - [`Policy`]: what is promised, as a whole and by tenant
//! - [`decide()`]: what is due for one target, by its name alone
//! - [`now`]: which time to go by, when there are two clocks
//!
//! Invariants, held by property tests:
//! - No target is deleted while an event in it may be younger than promised. A target's age is counted from the end of its
//!   day or hour, and [`MARGIN`] is added for clocks that differ.
//! - A name that isn't exactly a target's of this installation is never decided about. What isn't understood stays.
//! - A tenant's rule reaches that tenant's targets and no others.

mod clock;
mod decide;
mod policy;

pub use clock::{ClockError, now};
pub use decide::{Action, Verdict, decide};
pub use policy::{Policy, Rule};

use std::time::Duration;

/// What is added to every age: clocks of senders, of this machine and of the cluster may differ by so much together, and
/// nothing is deleted too early for it.
pub const MARGIN: Duration = Duration::from_secs(3_600);
