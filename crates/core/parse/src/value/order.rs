//! The order of members, which values don't have: they sort them by name.
//!
//! Of two members that want the same place the first gets it, so the order decides what a document looks like. It's
//! kept as hashes of names, for the event itself and for those objects of its JSON that can't be copied as they are;
//! nowhere else does it matter. A hash that two names share costs at most their order.

use crate::hash;

/// The order of the members of an event's objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    objects: Vec<Object>,
    names: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Object {
    path: u32,
    from: usize,
    to: usize,
}

/// The path of the event itself.
pub(crate) const TOP: u32 = 0;

/// Above this many members, ranks are looked up in a sorted list; below, names are looked for one by one.
const FEW: usize = 32;

// === impl Order ===

impl Order {
    pub(crate) fn clear(&mut self) {
        self.objects.clear();
        self.names.clear();
    }

    /// Notes the members of an object, in their order.
    pub(crate) fn note(&mut self, path: u32, names: impl Iterator<Item = u32>) {
        let from = self.names.len();
        self.names.extend(names);
        self.objects.push(Object { path, from, to: self.names.len() });
    }

    /// Whether the event itself had a member with this name.
    pub(crate) fn is_at_top(&self, member: &str) -> bool {
        let hash = name(member);
        let tops = self.objects.iter().take_while(|object| object.path == TOP);
        tops.filter_map(|top| self.names.get(top.from..top.to)).any(|names| names.contains(&hash))
    }

    /// Makes objects quick to find.
    pub(crate) fn seal(&mut self) {
        self.objects.sort_by_key(|object| object.path);
    }

    /// The names of an object's members in their order, if that was noted.
    pub(crate) fn of(&self, path: u32) -> Option<&[u32]> {
        let at = self.objects.partition_point(|object| object.path < path);
        let object = self.objects.get(at).filter(|object| object.path == path)?;
        self.names.get(object.from..object.to)
    }
}

/// Brings members into the order of these names; those that are new come last.
pub(crate) fn restore<T>(names: &[u32], members: &mut [T], hash_of: impl Fn(&T) -> u32) {
    if names.len() <= FEW && members.len() <= FEW {
        let mut done = 0;
        for name in names {
            let rest = members.get_mut(done..).unwrap_or_default();
            if let Some(at) = rest.iter().position(|member| hash_of(member) == *name) {
                if let Some(from_here) = rest.get_mut(..=at) {
                    from_here.rotate_right(1);
                }
                done += 1;
            }
        }
        return;
    }
    let mut ranks: Vec<(u32, usize)> = names.iter().copied().zip(0..).collect();
    ranks.sort_unstable();
    members.sort_by_cached_key(|member| {
        let hash = hash_of(member);
        let at = ranks.partition_point(|(name, _)| *name < hash);
        ranks.get(at).filter(|(name, _)| *name == hash).map_or(usize::MAX, |(_, rank)| *rank)
    });
}

/// The path of what stands under a name, or at a position.
pub(crate) fn inside(path: u32, name: u32) -> u32 {
    (path.rotate_left(5) ^ name).wrapping_mul(0x9E37_79B1) | 1
}

/// The hash of a name.
pub(crate) fn name(name: &str) -> u32 {
    hash::short(0, name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_their_order_and_new_ones_last() {
        for count in [5_u32, 100] {
            let names: Vec<u32> = (0..count).rev().collect();
            // Every third one is gone, and there are two new ones.
            let left = (0..count).filter(|name| name % 3 != 0);
            let mut members: Vec<u32> = [1000, 1001].into_iter().chain(left).collect();
            restore(&names, &mut members, |member| *member);
            let old = names.iter().copied().filter(|name| name % 3 != 0);
            assert_eq!(members, old.chain([1000, 1001]).collect::<Vec<_>>());
        }
    }
}
