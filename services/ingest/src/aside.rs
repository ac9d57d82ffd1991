//! Work that takes milliseconds, without making others wait for it.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// How many bytes may be decoded where a connection is served that may be compressed, and so a thousand times as large as they look.
pub(crate) const INLINE_PACKED: usize = 16 * 1024;

/// Does what may take long, while another thread goes on with the connections of this one. Where there is no other thread, as in
/// some tests, all wait.
pub(crate) fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => work(),
        _ => block_in_place(work),
    }
}
