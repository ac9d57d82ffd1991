//! From the tree to a value: what a reader found, as rules see it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use vrl::value::{KeyString, ObjectMap, Value as Vrl};

use super::Origin;
use super::order::{self, TOP};
use crate::json::{JsonError, string_len, unescape};
use crate::tree::{Children, Key, NodeId, Tree, Value};

/// The longest path under which a second member of a name is put aside, in bytes.
const MAX_PATH: usize = 1024;

/// Takes values out of a tree.
#[derive(Debug)]
pub(crate) struct Reaper<'t, 'a> {
    tree: &'t Tree<'a>,
    text: &'a str,
    origin: &'t mut Origin,
    /// How many elements of arrays of scalars there may still be.
    left: usize,
    max: usize,
    /// The names of the objects around.
    path: Vec<&'t str>,
    /// Members whose name was there already, by their path.
    doubled: BTreeMap<String, Vec<Vrl>>,
}

impl<'t, 'a> Reaper<'t, 'a> {
    /// `text` is what `tree` was read from, and what `origin.body` holds a copy of.
    pub(crate) fn new(tree: &'t Tree<'a>, text: &'a str, origin: &'t mut Origin, max: usize) -> Self {
        Self { tree, text, origin, left: max, max, path: Vec::new(), doubled: BTreeMap::new() }
    }

    /// The event: the members that hang on `events`, those of the first before all others.
    pub(crate) fn event(mut self, events: &[NodeId]) -> Result<Vrl, JsonError> {
        let mut top = ObjectMap::new();
        for event in events {
            self.members(*event, TOP, true, &mut top)?;
        }
        self.origin.order.seal();
        if !self.doubled.is_empty() {
            let theirs = top.remove("unmapped");
            let mut unmapped = match theirs {
                None | Some(Vrl::Null) => ObjectMap::new(),
                Some(Vrl::Object(members)) => members,
                Some(other) => ObjectMap::from([("unmapped".into(), other)]),
            };
            for (path, mut values) in std::mem::take(&mut self.doubled) {
                let path = KeyString::from(path);
                values.extend(unmapped.remove(&path));
                let value = if values.len() == 1 { values.pop() } else { None };
                let _none = unmapped.insert(path, value.unwrap_or(Vrl::Array(values)));
            }
            let _none = top.insert("unmapped".into(), Vrl::Object(unmapped));
        }
        Ok(Vrl::Object(top))
    }

    /// Takes the members of an object. `is_ordered` if their order may matter.
    fn members(
        &mut self,
        id: NodeId,
        path: u32,
        is_ordered: bool,
        into: &mut ObjectMap,
    ) -> Result<(), JsonError> {
        let (tree, first) = (self.tree, self.tree.first(id));
        if is_ordered {
            let mut at = first;
            let names = std::iter::from_fn(|| {
                let id = at?;
                at = tree.next(id);
                Some(order::name(tree.key(id).as_str()))
            });
            self.origin.order.note(path, names);
        }
        let mut at = first;
        while let Some(id) = at {
            at = tree.next(id);
            let key: &'t Key<'a> = tree.key(id);
            let key: &'t str = key.as_str();
            self.path.push(key);
            let value = self.value(id, order::inside(path, order::name(key)))?;
            match into.entry(KeyString::from(key)) {
                Entry::Vacant(free) => {
                    let _value = free.insert(value);
                }
                Entry::Occupied(mut first) => {
                    let path = self.short_path(key);
                    self.merge(first.get_mut(), value, path);
                }
            }
            let _key = self.path.pop();
        }
        Ok(())
    }

    /// The path of the member at hand; only its own name where that is long, since an event may have thousands of such members.
    fn short_path(&self, key: &str) -> String {
        let length: usize = self.path.iter().map(|name| name.len() + 1).sum();
        if length > MAX_PATH { key.to_owned() } else { self.path.join(".") }
    }

    /// Adds the second of two values with one name: objects become one, anything else is put aside.
    fn merge(&mut self, first: &mut Vrl, second: Vrl, path: String) {
        match (first, second) {
            (Vrl::Object(first), Vrl::Object(second)) => {
                for (key, value) in second {
                    let path = if path.len() > MAX_PATH { key.to_string() } else { format!("{path}.{key}") };
                    match first.entry(key) {
                        Entry::Vacant(free) => {
                            let _value = free.insert(value);
                        }
                        Entry::Occupied(mut first) => self.merge(first.get_mut(), value, path),
                    }
                }
            }
            (_, second) => self.doubled.entry(path).or_default().push(second),
        }
    }

    /// Recurses as deep as the scanner does.
    pub(crate) fn value(&mut self, id: NodeId, path: u32) -> Result<Vrl, JsonError> {
        Ok(match self.tree.value(id) {
            Value::Object(_, source) => {
                let mut members = ObjectMap::new();
                // What a reader made is in good order.
                let is_ordered = !source.clean && !source.raw.is_empty();
                self.members(id, path, is_ordered, &mut members)?;
                Vrl::Object(members)
            }
            Value::Array(children, source) => match children.first() {
                None => self.scalars(source.raw)?,
                Some(_) => self.elements(children, path)?,
            },
            Value::Json(json) => self.scalar(json),
            Value::Huge(number) => {
                if let Some(at) = self.offset(number) {
                    self.origin.huge.push(at);
                }
                Vrl::Bytes(self.bytes(number))
            }
            Value::Text(text) => Vrl::Bytes(self.bytes(text)),
            Value::Integer(number) => Vrl::Integer(*number),
            Value::Time(ms) => timestamp(*ms),
        })
    }

    fn elements(&mut self, children: &Children, path: u32) -> Result<Vrl, JsonError> {
        let (mut elements, mut at) = (Vec::new(), children.first());
        while let Some(id) = at {
            at = self.tree.next(id);
            let position = u32::try_from(elements.len()).unwrap_or(u32::MAX);
            elements.push(self.value(id, order::inside(path, position))?);
        }
        Ok(Vrl::Array(elements))
    }

    /// An array of scalars, out of its JSON, which has been checked.
    fn scalars(&mut self, json: &str) -> Result<Vrl, JsonError> {
        const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];
        let mut elements = Vec::new();
        let mut rest = json.strip_prefix('[').unwrap_or(json).trim_start_matches(SPACE);
        while !rest.is_empty() && !rest.starts_with(']') {
            let end = match rest.starts_with('"') {
                true => string_len(rest.as_bytes()),
                false => rest.find([',', ']', ' ', '\t', '\n', '\r']).unwrap_or(rest.len()),
            };
            let (scalar, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            self.left = self.left.checked_sub(1).ok_or(JsonError::TooMany { max: self.max, at: 0 })?;
            elements.push(self.scalar(scalar));
            let after = after.trim_start_matches(SPACE);
            rest = after.strip_prefix(',').unwrap_or(after).trim_start_matches(SPACE);
        }
        Ok(Vrl::Array(elements))
    }

    fn scalar(&self, json: &str) -> Vrl {
        match json.as_bytes().first() {
            Some(b'"') => {
                let inner = json.get(1..json.len().saturating_sub(1)).unwrap_or("");
                match memchr::memchr(b'\\', inner.as_bytes()) {
                    None => Vrl::Bytes(self.bytes(inner)),
                    Some(_) => Vrl::Bytes(Bytes::from(unescape(inner))),
                }
            }
            Some(b't') => Vrl::Boolean(true),
            Some(b'f') => Vrl::Boolean(false),
            Some(b'n') | None => Vrl::Null,
            Some(_) => match json.parse::<i64>() {
                Ok(number) => Vrl::Integer(number),
                Err(_) => Vrl::from_f64_or_zero(json.parse().unwrap_or_default()),
            },
        }
    }

    /// A string: a slice of the body where it is one.
    fn bytes(&self, text: &str) -> Bytes {
        match self.offset(text) {
            Some(at) => self.origin.body.slice(at..at + text.len()),
            None => Bytes::copy_from_slice(text.as_bytes()),
        }
    }

    /// Where in the body a string lies: in the text that was read, or in the copy of it that values are slices of.
    fn offset(&self, text: &str) -> Option<usize> {
        let within = |whole: *const u8| {
            let at = text.as_ptr().addr().checked_sub(whole.addr())?;
            (at.checked_add(text.len())? <= self.origin.body.len()).then_some(at)
        };
        within(self.text.as_ptr()).or_else(|| within(self.origin.body.as_ptr()))
    }
}

/// A time as rules have it; those that no calendar has are numbers.
pub(crate) fn timestamp(ms: i64) -> Vrl {
    DateTime::<Utc>::from_timestamp_millis(ms).map_or(Vrl::Integer(ms), Vrl::Timestamp)
}
