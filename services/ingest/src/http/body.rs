//! A request's body as it is read from its connection, within time and size.

mod discard;
mod read;

pub(crate) use discard::discard;
pub(crate) use read::read_body;
