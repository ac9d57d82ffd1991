//! Follows files: reads them from the start, then what is appended, over rotation and restarts.
//!
//! What it promises:
//!
//! - Every line gets an id of file identity and offset ([`identity`]), so that reading it again, after a restart or a
//!   crash, gives the same id and the index keeps one document.
//! - A position moves only when the lines before it were delivered ([`follow::follow`]); what was read but not
//!   delivered is read again.
//! - Nothing is skipped silently: rotation by rename keeps reading the old file to its end, truncation and rewriting
//!   in place are noticed and the file is read anew.
//!
//! Files are looked at in intervals instead of through the kernel's notifications: that is right on every file
//! system, network ones included, and a look at a quiet file is one `stat`.
//!
//! Pure: [`lines`], [`identity`], [`position`], [`track`]. Shell: [`discover`], `reader`, [`store`], [`tail`],
//! [`mod@follow`].

pub mod discover;
pub mod follow;
pub mod identity;
pub mod lines;
pub mod position;
mod reader;
pub mod store;
pub mod tail;
pub mod track;

pub use follow::{Deliver, follow};
pub use identity::Identity;
pub use store::PositionStore;
pub use tail::{Batch, Options, Tail, TailError, TailedLine};
