//! Bearer tokens (RFC 6750): who may send, and as which tenant.
//!
//! The file holds only SHA-256 hashes. A fast hash is enough: a token is 32 random bytes, so there is no dictionary to
//! try and nothing for a slow password hash to slow down, while a slow one would cost every request.
//!
//! - `file`: the file's form, read and checked as a whole
//! - [`Table`]: the look-up
//! - [`issue()`]: a new token, for `forebay token create`
//! - [`Tokens`]: the table in use, replaced when the file changes

mod file;
mod issue;
mod table;
mod watch;

pub use file::{FileError, parse};
pub use issue::{IssueError, Issued, issue};
pub use table::{Denial, Grant, Table};
pub use watch::Tokens;

/// What every token begins with, so that people and secret scanners know one when they see it.
pub const PREFIX: &str = "fbt_";
