//! What a lane remembers of its look-ups.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use vrl::value::Value;

/// How many addresses are remembered if nobody says otherwise.
const DEFAULT_ENTRIES: usize = 4096;

/// The most that can be asked for.
const MAX_ENTRIES: usize = 1 << 20;

/// What one lane remembers of one database: addresses, misses too, and records, since neighbours share them.
///
/// The size is fixed: an entry gives way to the next one that falls on its place. A cache that meets another database
/// (after a reload, say) forgets everything first, so each database needs a cache of its own.
pub struct GeoCache {
    entries: usize,
    of: Option<Arc<()>>,
    addresses: Vec<Option<Known>>,
    records: Records,
}

/// An address and its record, or the fact that it has none.
struct Known {
    address: u128,
    value: Option<Arc<Value>>,
}

/// Records by their place in the file, in pairs of places: that which was used last stands first. A record costs as much to read as
/// ten to find, and there are more of them at a time than one place each would hold without many giving way.
#[derive(Default)]
pub(super) struct Records(Vec<[Record; 2]>);

type Record = Option<(usize, Arc<Value>)>;

// === impl GeoCache ===

impl GeoCache {
    /// A cache for so many addresses, rounded up to a power of two; each takes about 80 bytes beside the records,
    /// of which there are twice as many.
    #[must_use]
    pub fn with_entries(entries: usize) -> Self {
        let entries = entries.clamp(1, MAX_ENTRIES).next_power_of_two();
        Self { entries, of: None, addresses: Vec::new(), records: Records::default() }
    }

    /// What is known of an address, or else what `look` finds.
    pub(super) fn find(
        &mut self,
        database: &Arc<()>,
        address: &IpAddr,
        look: impl FnOnce(&mut Records) -> Option<Arc<Value>>,
    ) -> Option<Arc<Value>> {
        if !self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, database)) {
            self.of = Some(Arc::clone(database));
            self.addresses.clear();
            self.addresses.resize_with(self.entries, || None);
            self.records.0.clear();
            self.records.0.resize_with(self.entries, || [None, None]);
        }
        let address = match address {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => address.to_bits(),
        };
        let slot = self.addresses.get_mut(place(fold(address), self.entries))?;
        match slot {
            Some(known) if known.address == address => known.value.clone(),
            _ => {
                let value = look(&mut self.records);
                *slot = Some(Known { address, value: value.clone() });
                value
            }
        }
    }
}

impl Default for GeoCache {
    fn default() -> Self {
        Self::with_entries(DEFAULT_ENTRIES)
    }
}

impl fmt::Debug for GeoCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeoCache").field("entries", &self.entries).finish_non_exhaustive()
    }
}

// === impl Records ===

impl Records {
    /// The record at a place of the file, or else what `read` makes of it. What can't be read isn't kept.
    pub(super) fn find(&mut self, offset: usize, read: impl FnOnce() -> Option<Value>) -> Option<Arc<Value>> {
        let entries = self.0.len();
        let [first, second] = self.0.get_mut(place(offset as u64, entries))?;
        if let Some((_, value)) = first.as_ref().filter(|(known, _)| *known == offset) {
            return Some(Arc::clone(value));
        }
        std::mem::swap(first, second);
        if let Some((_, value)) = first.as_ref().filter(|(known, _)| *known == offset) {
            return Some(Arc::clone(value));
        }
        let value = Arc::new(read()?);
        *first = Some((offset, Arc::clone(&value)));
        Some(value)
    }
}

/// Both halves of an address in one number.
#[expect(clippy::cast_possible_truncation, reason = "the other half is folded in")]
fn fold(address: u128) -> u64 {
    (address as u64) ^ ((address >> 64) as u64).rotate_left(32)
}

/// The place of a key among so many, which are a power of two: the upper bits of a product (Knuth, 6.4).
fn place(key: u64, entries: usize) -> usize {
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    usize::try_from(mixed).unwrap_or_default() & entries.wrapping_sub(1)
}
