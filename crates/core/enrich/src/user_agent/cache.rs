//! What a lane remembers of headers.

use std::fmt;
use std::sync::Arc;

use twox_hash::XxHash3_64;
use vrl::value::Value;

use super::MAX_AGENT;

/// How many headers are remembered if nobody says otherwise.
const DEFAULT_ENTRIES: usize = 2048;

/// How many bytes of headers are remembered if nobody says otherwise.
const DEFAULT_BYTES: usize = 1024 * 1024;

/// The most entries that can be asked for.
const MAX_ENTRIES: usize = 1 << 20;

/// The headers that one lane has seen, and what they mean; misses too.
///
/// A header has two places to be at, and takes that of the one that was used less lately. When the bytes of all headers
/// exceed their limit everything is forgotten, which happens only where most headers are new anyway.
pub struct UserAgentCache {
    /// Pairs of places; the first of a pair was used last. Empty until the first use.
    pairs: Vec<[Option<Known>; 2]>,
    entries: usize,
    bytes: usize,
    max_bytes: usize,
    misses: u64,
}

struct Known {
    header: Box<str>,
    value: Option<Arc<Value>>,
}

impl UserAgentCache {
    /// A cache for so many headers, rounded up to a power of two, and so many bytes of them.
    #[must_use]
    pub fn new(entries: usize, max_bytes: usize) -> Self {
        let entries = entries.clamp(2, MAX_ENTRIES).next_power_of_two();
        Self { pairs: Vec::new(), entries, bytes: 0, max_bytes, misses: 0 }
    }

    /// What is known of a header, or else what `read` makes of it. Those over [`MAX_AGENT`] aren't remembered.
    pub(super) fn find(
        &mut self,
        header: &str,
        read: impl FnOnce() -> Option<Arc<Value>>,
    ) -> Option<Arc<Value>> {
        if header.len() > MAX_AGENT.min(self.max_bytes) {
            return read();
        }
        if self.pairs.is_empty() {
            self.pairs.resize_with(self.entries / 2, || [None, None]);
        }
        let mask = self.pairs.len().wrapping_sub(1) as u64;
        let place = usize::try_from(XxHash3_64::oneshot(header.as_bytes()) & mask).unwrap_or_default();
        let [first, second] = self.pairs.get_mut(place)?;
        if let Some(known) = first
            && *known.header == *header
        {
            return known.value.clone();
        }
        std::mem::swap(first, second);
        if let Some(known) = first
            && *known.header == *header
        {
            return known.value.clone();
        }
        self.misses += 1;
        let value = read();
        let known = Known { header: header.into(), value: value.clone() };
        let gone = first.replace(known).map_or(0, |gone| gone.header.len());
        self.bytes = (self.bytes + header.len()).saturating_sub(gone);
        if self.bytes > self.max_bytes {
            self.pairs.clear();
            self.bytes = 0;
        }
        value
    }

    /// How many headers had to be read because they weren't remembered.
    #[must_use]
    pub fn misses(&self) -> u64 {
        self.misses
    }

    /// How many bytes of headers are held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Default for UserAgentCache {
    fn default() -> Self {
        Self::new(DEFAULT_ENTRIES, DEFAULT_BYTES)
    }
}

impl fmt::Debug for UserAgentCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserAgentCache")
            .field("entries", &self.entries)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}
