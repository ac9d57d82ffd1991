//! How much memory a thread holds, as the allocator counts it.

use tikv_jemalloc_ctl::thread::{ThreadLocal, allocatedp, deallocatedp};

thread_local! {
    static COUNTS: Option<(ThreadLocal<u64>, ThreadLocal<u64>)> =
        allocatedp::read().ok().zip(deallocatedp::read().ok());
}

/// Bytes that this thread has allocated and not given back; what it was given by others and freed counts against it, so that only
/// differences mean something. Always the same where jemalloc isn't the allocator.
#[must_use]
pub fn held_by_thread() -> u64 {
    COUNTS.with(|counts| match counts {
        Some((allocated, deallocated)) => allocated.get().wrapping_sub(deallocated.get()),
        None => 0,
    })
}
