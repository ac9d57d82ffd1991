//! From a value to the tree: what rules left, ready to be placed.
//!
//! The nodes get the same notes that the scanner gives: whether a search server takes a container as it is, how deep it
//! nests, what an array holds.

use std::borrow::Cow;

use vrl::value::{ObjectMap, Value as Vrl};

use super::Origin;
use super::order;
use crate::json::{common, is_clean, plain_run};
use crate::tree::{Children, Key, Kind, NodeId, Source, Tree, Value};

/// Hangs values into a tree.
#[derive(Debug)]
pub(crate) struct Planter<'t, 'a> {
    pub(crate) tree: &'t mut Tree<'a>,
    pub(crate) origin: &'t Origin,
    /// How deep values may nest; what is deeper becomes text.
    pub(crate) max_depth: usize,
    /// How many nodes there may still be.
    pub(crate) left: usize,
}

/// Rules made more values than one document may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooMany;

/// A value, and what the container around it must know.
struct Planted<'a> {
    value: Value<'a>,
    clean: bool,
    depth: u8,
}

impl<'a> Planter<'_, 'a> {
    /// A node with these members, in the order in which the event had them.
    pub(crate) fn event(&mut self, members: &'a ObjectMap) -> Result<NodeId, TooMany> {
        let id = self.tree.push(Key::Clean(""), Value::Object(Children::default(), Source::default()));
        let _source = self.members(id, members, order::TOP, 1)?;
        Ok(id)
    }

    /// A node with this value.
    pub(crate) fn node(
        &mut self,
        key: Key<'a>,
        value: &'a Vrl,
        path: u32,
        depth: usize,
    ) -> Result<NodeId, TooMany> {
        self.noted_node(key, value, path, depth).map(|(id, ..)| id)
    }

    /// A node with this value, and what the container around it must know: whether it is clean, and how deep it nests.
    pub(crate) fn noted_node(
        &mut self,
        key: Key<'a>,
        value: &'a Vrl,
        path: u32,
        depth: usize,
    ) -> Result<(NodeId, bool, u8), TooMany> {
        let id = self.push(key)?;
        let planted = self.value(id, value, path, depth)?;
        self.tree.set_value(id, planted.value);
        Ok((id, planted.clean, planted.depth))
    }

    fn push(&mut self, key: Key<'a>) -> Result<NodeId, TooMany> {
        self.left = self.left.checked_sub(1).ok_or(TooMany)?;
        Ok(self.tree.push(key, Value::Integer(0)))
    }

    fn members(
        &mut self,
        id: NodeId,
        members: &'a ObjectMap,
        path: u32,
        depth: usize,
    ) -> Result<Source<'a>, TooMany> {
        let mut source = Source { built: true, clean: true, elements: Kind::Object, ..Source::default() };
        self.tree.set_value(id, Value::Object(Children::default(), source));
        // Where the order doesn't matter, members are hung up as they come.
        let names = self.origin.order.of(path);
        let mut nodes = Vec::with_capacity(names.map_or(0, |_| members.len()));
        for (key, value) in members {
            let key = key.as_str();
            let hash = order::name(key);
            let key = match plain_run(key.as_bytes()) == key.len() {
                true => Key::Clean(key),
                false => Key::Owned(key.to_owned()),
            };
            source.clean &= is_clean(&key);
            let member = self.push(key)?;
            let planted = self.value(member, value, order::inside(path, hash), depth)?;
            source.clean &= planted.clean;
            source.depth = source.depth.max(planted.depth);
            self.tree.set_value(member, planted.value);
            match names {
                Some(_) => nodes.push((hash, member)),
                None => self.tree.append(id, member),
            }
        }
        if let Some(names) = names {
            order::restore(names, &mut nodes, |(hash, _)| *hash);
            for (_, member) in nodes {
                self.tree.append(id, member);
            }
        }
        source.depth = source.depth.saturating_add(1);
        Ok(source)
    }

    fn value(&mut self, id: NodeId, value: &'a Vrl, path: u32, depth: usize) -> Result<Planted<'a>, TooMany> {
        let plain = |value| Planted { value, clean: true, depth: 0 };
        Ok(match value {
            Vrl::Bytes(bytes) => {
                let text = match simdutf8::basic::from_utf8(bytes) {
                    Ok(text) => Cow::Borrowed(text),
                    Err(_) => Cow::Owned(String::from_utf8_lossy(bytes).into_owned()),
                };
                match self.is_huge(bytes) {
                    true => Planted { value: Value::Huge(text), clean: false, depth: 0 },
                    false => plain(Value::Text(text)),
                }
            }
            Vrl::String(text) => plain(Value::Text(Cow::Borrowed(text))),
            Vrl::Regex(regex) => plain(Value::Text(Cow::Borrowed(regex.as_str()))),
            Vrl::Integer(number) => plain(Value::Integer(*number)),
            Vrl::Float(number) => {
                // With its point, so that a search server takes it for a float whatever its value.
                let json = format!("{:?}", number.into_inner());
                // What a search server makes of floats that it has no mapping for.
                #[expect(clippy::cast_possible_truncation, reason = "too large a number becomes infinite")]
                match (number.into_inner() as f32).is_finite() {
                    true => plain(Value::Json(Cow::Owned(json))),
                    false => Planted { value: Value::Huge(Cow::Owned(json)), clean: false, depth: 0 },
                }
            }
            Vrl::Boolean(yes) => plain(Value::Json(Cow::Borrowed(if *yes { "true" } else { "false" }))),
            Vrl::Null => plain(Value::Json(Cow::Borrowed("null"))),
            Vrl::Timestamp(time) => plain(Value::Time(time.timestamp_millis())),
            Vrl::Object(_) | Vrl::Array(_) if depth >= self.max_depth => {
                plain(Value::Text(Cow::Owned(value.to_string())))
            }
            Vrl::Object(members) => {
                let source = self.members(id, members, path, depth + 1)?;
                self.container(id, source)
            }
            Vrl::Array(elements) => {
                let source = self.elements(id, elements, path, depth + 1)?;
                self.container(id, source)
            }
        })
    }

    fn elements(
        &mut self,
        id: NodeId,
        elements: &'a [Vrl],
        path: u32,
        depth: usize,
    ) -> Result<Source<'a>, TooMany> {
        let mut source = Source { built: true, clean: true, ..Source::default() };
        self.tree.set_value(id, Value::Array(Children::default(), source));
        for (position, element) in (0..).zip(elements) {
            let node = self.push(Key::Clean(""))?;
            let planted = self.value(node, element, order::inside(path, position), depth)?;
            source.elements = common(source.elements, planted.value.kind());
            source.clean &= planted.clean && source.elements != Kind::Mixed;
            source.depth = source.depth.max(planted.depth);
            self.tree.set_value(node, planted.value);
            self.tree.append(id, node);
        }
        source.depth = source.depth.saturating_add(1);
        Ok(source)
    }

    /// A container whose members are in place, with what is known of it by now.
    fn container(&self, id: NodeId, source: Source<'a>) -> Planted<'a> {
        let value = match self.tree.value(id) {
            Value::Array(children, _) => Value::Array(*children, source),
            Value::Object(children, _) => Value::Object(*children, source),
            other => other.clone(),
        };
        Planted { value, clean: source.clean, depth: source.depth }
    }

    /// Whether a string was a number that no search server holds: it still lies where that was in the body.
    fn is_huge(&self, bytes: &[u8]) -> bool {
        !self.origin.huge.is_empty()
            && bytes
                .as_ptr()
                .addr()
                .checked_sub(self.origin.body.as_ptr().addr())
                .is_some_and(|at| self.origin.huge.contains(&at))
    }
}
