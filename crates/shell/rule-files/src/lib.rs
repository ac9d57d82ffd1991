//! Rules from a folder: read, watched, and published to all lanes.
//!
//! - [`configured`]: from the settings to what rules are compiled and run with
//! - [`folder`]: the files below a folder, within limits
//! - [`published`]: the revision that lanes work with, and the one that is being tried
//! - [`watch`]: looks at the folder again and again, compiles what changed, and publishes it if it compiles

pub mod configured;
pub mod folder;
pub mod published;
pub mod watch;

pub use folder::{FolderError, read};
pub use published::{InForce, Published};
pub use watch::{Change, Source, SourceError, Watcher};
