//! A request's body as it is read from its connection, within time and size.

mod discard;
mod read;

pub use discard::discard;
pub use read::{ReadError, read, read_body};
