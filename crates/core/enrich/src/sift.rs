//! Takes those members out of an event that are known by name, nested or dotted.

use vrl::value::{ObjectMap, Value};

/// How many members are looked at: an event with more isn't one that a shipper made.
const MAX_MEMBERS: usize = 2000;

/// How deep names are looked for.
const MAX_DEPTH: usize = 6;

/// Objects that shippers put attributes into, and `labels`, where the parser puts those that it has no field for.
const HOLDERS: [&str; 5] = ["attributes", "resource", "resources", "resource_attributes", "labels"];

/// Who knows the names.
pub(crate) trait Names {
    /// Whether a member of the event or of a holder may be, or have in it, what is wanted.
    fn begins(&self, name: &str, in_holder: bool) -> bool;

    /// Takes the value of a name, if it is wanted. Names have small letters, and `_` for dots and between levels.
    fn take(&mut self, name: &str, value: &mut Value) -> bool;
}

/// Offers every member that may be wanted, and removes those that are taken, with the objects that they leave empty.
pub(crate) fn sift(event: &mut Value, names: &mut impl Names) {
    if let Value::Object(map) = event {
        let mut sieve = Sieve { names, name: String::new(), left: MAX_MEMBERS };
        sieve.top(map, false);
    }
}

/// A name as [`Names`] has it.
pub(crate) fn plain_name(name: &str) -> String {
    let mut plain = String::new();
    append(&mut plain, name);
    plain
}

struct Sieve<'a, N> {
    names: &'a mut N,
    /// The name so far.
    name: String,
    left: usize,
}

impl<N: Names> Sieve<'_, N> {
    /// Members of the event itself, or of a holder.
    fn top(&mut self, map: &mut ObjectMap, in_holder: bool) {
        map.retain(|key, value| {
            self.name.clear();
            append(&mut self.name, key.as_str());
            if self.names.begins(&self.name, in_holder) {
                return self.member(value, MAX_DEPTH);
            }
            if HOLDERS.contains(&self.name.as_str())
                && let Value::Object(inner) = value
                && !inner.is_empty()
                && (!in_holder || self.name == "attributes")
            {
                self.top(inner, true);
                return !inner.is_empty();
            }
            true
        });
    }

    /// Whether the member with the name so far stays.
    fn member(&mut self, value: &mut Value, depth: usize) -> bool {
        let Some(left) = self.left.checked_sub(1) else { return true };
        self.left = left;
        if self.names.take(&self.name, value) {
            return false;
        }
        let Value::Object(inner) = value else { return true };
        if depth == 0 || inner.is_empty() {
            return true;
        }
        let length = self.name.len();
        inner.retain(|key, value| {
            self.name.truncate(length);
            self.name.push('_');
            append(&mut self.name, key.as_str());
            self.member(value, depth - 1)
        });
        !inner.is_empty()
    }
}

fn append(name: &mut String, key: &str) {
    if key.bytes().all(|byte| byte != b'.' && !byte.is_ascii_uppercase()) {
        name.push_str(key);
    } else {
        name.extend(key.chars().map(|c| if c == '.' { '_' } else { c.to_ascii_lowercase() }));
    }
}
