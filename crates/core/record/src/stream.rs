//! Streams: what is ordered. Events of one stream stay in one partition from end to end.

use twox_hash::XxHash3_64;

/// The longest stream name, in bytes; longer ones are cut at a character boundary.
pub const MAX_LEN: usize = 1024;

/// The partition, of `partitions`, that holds a stream. The same stream and count always give the same partition.
///
/// `partitions` of 0 counts as 1.
#[must_use]
pub fn partition(stream: &[u8], partitions: u32) -> u32 {
    let hash = XxHash3_64::oneshot(stream);
    // The remainder of a u32 fits into a u32.
    u32::try_from(hash % u64::from(partitions.max(1))).unwrap_or(0)
}
