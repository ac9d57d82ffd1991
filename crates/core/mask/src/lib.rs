//! Secrets and personal data in text: found, and replaced.
//!
//! - [`config`]: what is looked for and what becomes of it
//! - [`detector`]: the kinds that are known, each with what it does *not* find
//! - [`masker`]: the compiled form; shared by all lanes, with a [`MaskCache`] for each
//! - [`names`]: names of fields whose value is a secret whatever it looks like
//! - [`tally`]: how many of each kind were found
//!
//! One automaton over all detectors reads the text once and stops where something *may* be: an `@`, the beginning of an
//! API key, a name such as `password`. Plain functions then look at the bytes around that place and decide, with
//! checksums where there are any. A place that is refused costs what was looked at there, which has an upper limit, and
//! the automaton goes on with its next byte. So nothing behind a look-alike is missed, and the time is linear in the
//! text, whatever is in it.
//!
//! Text is looked at as it is: bytes of a JSON document as well as a string out of one. Escapes of JSON (`\n`, `\"`)
//! and of URLs (`%40`) are known where they touch a secret; what is encoded any further (Base64, compression, `\u0040`)
//! is not found.

pub mod config;
pub mod detector;
pub mod masker;
pub mod names;
pub mod tally;

mod custom;
mod detect;
mod hit;
mod render;
mod scan;
mod triggers;
mod view;

pub use config::{CustomDetector, HashKey, MaskConfig, MaskError, Mode};
pub use detector::Detector;
pub use masker::{MaskCache, Masker};
pub use names::is_secret_name;
pub use tally::Tally;
