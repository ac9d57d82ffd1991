//! Names in pieces: a name with dots becomes objects when an event is read, and none of their names is the secret that the whole is.
//! `{"jane@example.org": 1}` is `{"jane@example": {"org": 1}}` then.

use vrl::path::{OwnedSegment, OwnedValuePath};
use vrl::value::{KeyString, Value};

use super::{MAX_DEPTH, Mask, Scratch};

/// From this length on a part of a name may be part of a token.
const LONG: usize = 20;

/// How many places are tried where a secret may begin within names.
const MAX_TRIES: usize = 8;

/// A way to a value, whose last names are a secret together.
struct Found {
    segments: Vec<OwnedSegment>,
    /// Where those names begin: behind the last array on the way, or further on.
    from: usize,
}

/// Where the search has got to.
struct Search<'v, 's> {
    way: Vec<Segment<'v>>,
    found: Vec<Found>,
    scratch: &'s mut Scratch,
}

#[derive(Clone, Copy)]
enum Segment<'v> {
    Name(&'v KeyString),
    Index(usize),
}

// === impl Mask ===

impl Mask {
    /// Masks names of objects in objects that are a secret when they are joined by dots. Single names are masked already.
    pub(super) fn names_in_pieces(&self, value: &mut Value, scratch: &mut Scratch) -> u64 {
        let mut search = Search { way: Vec::new(), found: Vec::new(), scratch };
        self.search(value, 0, false, &mut search);
        let Search { found, scratch, .. } = search;
        let (mut secrets, mut number) = (0, 1);
        // What lies below a member comes before that member, as long as its way is the same.
        for Found { segments, from } in found.into_iter().rev() {
            let (before, names) = segments.split_at(from);
            let joined = join(names.iter().filter_map(super::field_name));
            scratch.text.clear();
            secrets += self.masker.mask(&joined, &mut scratch.cache, &mut scratch.text).total();
            let Some(top) = value.get_mut(&path(before)) else { continue };
            let Some(member) = top.remove(&path(names), true) else { continue };
            // Names before the secret stay where they are.
            let (mut kept, mut rest) = (0, scratch.text.as_str());
            for name in names.iter().filter_map(super::field_name) {
                let Some(after) = rest.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')) else {
                    break;
                };
                (kept, rest) = (kept + 1, after);
            }
            let (stay, _) = names.split_at(kept);
            let mut free = [stay, &[OwnedSegment::field(rest)]].concat();
            while top.get(&path(&free)).is_some() {
                number += 1;
                free = [stay, &[OwnedSegment::field(&format!("{rest}_{number}"))]].concat();
            }
            let _none = top.insert(&path(&free), member);
        }
        secrets
    }

    /// `from` is where the names begin that belong together; `odd` says whether they may be a secret at all.
    fn search<'v>(&self, value: &'v Value, from: usize, odd: bool, search: &mut Search<'v, '_>) {
        if search.way.len() > MAX_DEPTH {
            return;
        }
        let (mut from, mut odd) = (from, odd);
        if odd && let Some(begin) = self.begins(from, search) {
            let segments = search.way.iter().map(|segment| segment.owned()).collect();
            search.found.push(Found { segments, from: begin });
            // What is below moves along, and may have names of its own.
            (from, odd) = (search.way.len(), false);
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    search.way.push(Segment::Name(name));
                    self.search(member, from, odd || is_odd(name), search);
                    let _name = search.way.pop();
                }
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    search.way.push(Segment::Index(index));
                    self.search(element, search.way.len(), false, search);
                    let _index = search.way.pop();
                }
            }
            _ => {}
        }
    }

    /// Where on the way names begin that are a secret together: with the first, or with an odd one, since an address may need
    /// that nothing stands before it.
    fn begins(&self, from: usize, search: &mut Search<'_, '_>) -> Option<usize> {
        let Search { way, scratch, .. } = search;
        let names = || way.iter().skip(from).filter_map(|segment| segment.name());
        let odd = names().enumerate().skip(1).filter(|(_, name)| is_odd(name)).map(|(at, _)| at);
        let mut tries = std::iter::once(0).chain(odd.take(MAX_TRIES));
        let last = way.len().checked_sub(from + 1)?;
        let at =
            tries.find(|at| *at < last && self.masker.finds(join(names().skip(*at)), &mut scratch.cache))?;
        Some(from + at)
    }
}

// === impl Segment ===

impl<'v> Segment<'v> {
    fn name(self) -> Option<&'v str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Index(_) => None,
        }
    }

    fn owned(self) -> OwnedSegment {
        match self {
            Self::Name(name) => OwnedSegment::field(name),
            Self::Index(index) => OwnedSegment::index(isize::try_from(index).unwrap_or(isize::MAX)),
        }
    }
}

/// Whether a secret with dots in it may begin with this name, or have it in it: an address, a number, a token. Most may not, and
/// cost no search.
pub(super) fn is_odd(name: &str) -> bool {
    let begins = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'(');
    name.len() >= LONG || name.as_bytes().first().is_some_and(begins) || name.contains('@')
}

fn join<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(".")
}

fn path(segments: &[OwnedSegment]) -> OwnedValuePath {
    OwnedValuePath::from(segments.to_vec())
}
