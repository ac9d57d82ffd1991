//! Settings: one file with a section per tier, checked as a whole before any port is bound.
//!
//! [`load()`] reads the file and the environment on top of it, and answers with settings that can be run, or with all
//! that is wrong, each problem with its place and what to do about it. The sections' field docs are the reference
//! manual; [`Shape`] is what both the checks and the manual are made from, so that they can't drift apart.

pub mod load;
pub mod problem;
pub mod secret;
pub mod sections;
pub mod shape;
pub mod units;
pub mod validate;

mod parsing;

pub use load::{SettingsError, load};
pub use problem::{Place, Problem};
pub use secret::{Secret, SecretError, read_secret};
pub use sections::Settings;
pub use shape::{Shape, schema};
pub use units::{ByteSize, Period};
pub use validate::validate;
