//! Who looks at the pipeline or changes it: asked by commands and jobs ([`command`]), and by the ports of services
//! ([`OperatorFile`]). Their access file and that of senders are read in one way ([`Watched`]), and changed in one way ([`tokens`]).
//!
//! `forebay_access` decides; here are the file and the places that tokens come from. What this guards are Forebay's own
//! doors: whoever has Kafka's or the store's credentials needs none of them.

pub mod command;
mod file;
pub mod tokens;
mod watched;

pub use self::file::OperatorFile;
pub use self::watched::{FileError, Looked, Watched, load, text};
