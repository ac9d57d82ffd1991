//! What becomes of one raw record: documents, a dead letter, or nothing.
//!
//! Pure, and the only place where this is decided. The parser tier does it for every record, a replay for dead letters
//! whose fate it foretells, and the simulation of the delivery path with rules of its own: [`Converter`] is the same for all
//! of them, and what they have apart is behind [`Rules`].
//!
//! ```text
//! bytes ──read──► event ──Rules──► documents ──key, target, size──► Decision::Documents
//!           │                │                        │
//!           └ decode         ├ parse                  └ oversize ──► Decision::Refused, a dead letter
//!                            └ a rule drops it ───────────────────► Decision::Dropped, counted
//! ```
//! # Invariants
//! - A record has one [`Decision`]: it is not forwarded in part, and nothing is dropped without a reason.
//! - Which documents there are, and their ids, is a function of the record, the revision of the rules, and the time. So a record that is converted again by
//!   the same revision gives documents of the same ids.

pub mod decision;
pub mod documents;
pub mod letter;
pub mod rules;

mod converter;
mod target;
mod traces;

pub use converter::{Converter, Terms};
pub use decision::{Decision, Made, Refused};
pub use documents::{Document, Documents, Draft};
pub use letter::Place;
pub use rules::{Fixed, Formats, Outcome, Refusal, Rules};
pub use traces::{Followable, Followed, Traces};
