//! Names in pieces: a name with dots becomes objects when an event is read, and none of their names is the secret that the whole is.
//! `{"jane@example.org": 1}` is `{"jane@example": {"org": 1}}` then.
//!
//! What is joined is bounded in bytes and in names, so that the work stays linear in the event, however it nests.

use vrl::path::{OwnedSegment, OwnedValuePath};
use vrl::value::{KeyString, Value};

use super::{MAX_DEPTH, Mask, Scratch};

/// From this length on a part of a name may be part of a token.
const LONG: usize = 20;

/// The longest names that are joined, in bytes: an address of mail has at most 254.
const MAX_JOINED: usize = 256;

/// The most names that are joined.
const MAX_PIECES: usize = 8;

/// Where the search has got to below an object.
struct Search<'v, 's> {
    names: Vec<&'v KeyString>,
    /// Of all of them, joined.
    length: usize,
    /// The ways to members whose names are a secret together.
    found: Vec<Vec<OwnedSegment>>,
    scratch: &'s mut Scratch,
}

// === impl Mask ===

impl Mask {
    /// Masks names of objects in objects that are a secret when they are joined by dots. Single names are masked already.
    pub(super) fn names_in_pieces(&self, value: &mut Value, scratch: &mut Scratch) -> u64 {
        self.names_below(value, true, 0, scratch)
    }

    /// `top` says that no name stands before those of this value. Within others a secret begins with an odd name alone: an address
    /// may need that nothing stands before it.
    fn names_below(&self, value: &mut Value, top: bool, depth: usize, scratch: &mut Scratch) -> u64 {
        match value {
            Value::Object(_) | Value::Array(_) if depth > MAX_DEPTH => 0,
            Value::Array(elements) => {
                let inside = elements.iter_mut();
                inside.map(|element| self.names_below(element, true, depth + 1, scratch)).sum()
            }
            Value::Object(members) => {
                let mut search = Search { names: Vec::new(), length: 0, found: Vec::new(), scratch };
                for (name, member) in members.iter().filter(|(name, _)| top || is_odd(name)) {
                    self.search(name, member, false, &mut search);
                }
                let Search { found, scratch, .. } = search;
                let mut secrets = self.join_names(value, found, scratch);
                for member in value.as_object_mut().into_iter().flat_map(|members| members.values_mut()) {
                    secrets += self.names_below(member, false, depth + 1, scratch);
                }
                secrets
            }
            _ => 0,
        }
    }

    /// `odd` says whether the names before this one may be a part of a secret.
    fn search<'v>(&self, name: &'v KeyString, member: &'v Value, odd: bool, search: &mut Search<'v, '_>) {
        if search.names.len() == MAX_PIECES || search.length + name.len() > MAX_JOINED {
            return;
        }
        let odd = odd || is_odd(name);
        search.names.push(name);
        search.length += name.len() + 1;
        let pieces = search.names.len() > 1;
        if pieces && odd && self.masker.finds(join(&search.names), &mut search.scratch.cache) {
            search.found.push(search.names.iter().map(|name| OwnedSegment::field(name)).collect());
        } else if let Value::Object(members) = member {
            for (name, member) in members {
                self.search(name, member, odd, search);
            }
        }
        search.length -= name.len() + 1;
        let _name = search.names.pop();
    }

    /// Gives the members at these ways one name each, in which the secret is masked.
    fn join_names(&self, top: &mut Value, found: Vec<Vec<OwnedSegment>>, scratch: &mut Scratch) -> u64 {
        let (mut secrets, mut number) = (0, 1);
        for names in found {
            let Some(member) = top.remove(&path(&names), true) else { continue };
            let texts: Vec<&str> = names.iter().filter_map(super::field_name).collect();
            scratch.text.clear();
            secrets += self.masker.mask(&texts.join("."), &mut scratch.cache, &mut scratch.text).total();
            // Names before the secret stay where they are.
            let (mut kept, mut rest) = (0, scratch.text.as_str());
            for text in texts {
                let Some(after) = rest.strip_prefix(text).and_then(|rest| rest.strip_prefix('.')) else {
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
}

/// Whether a secret with dots in it may begin with this name, or have it in it: an address, a number, a token. Most may not, and
/// cost no search.
pub(super) fn is_odd(name: &str) -> bool {
    let begins = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'(');
    name.len() >= LONG || name.as_bytes().first().is_some_and(begins) || name.contains('@')
}

fn join(names: &[&KeyString]) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(".")
}

fn path(segments: &[OwnedSegment]) -> OwnedValuePath {
    OwnedValuePath::from(segments.to_vec())
}
