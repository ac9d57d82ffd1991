//! A request's body, from the wire to plain bytes: read within time and size, then decompressed within size.

mod discard;
mod encoding;
mod inflate;
mod read;

pub use discard::discard;
pub use encoding::{Encoding, UnknownEncoding};
pub use inflate::{InflateError, inflate};
pub use read::{ReadError, read};
