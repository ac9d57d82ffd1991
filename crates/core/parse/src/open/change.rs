//! Changes to an open event: a field gets a value, or goes.
//!
//! Where the sender named the members, they change at once. In an event that a reader has placed they wait until all rules are
//! done: what is placed may get another form and another place, and a rule that comes later is to find what was set.

use std::borrow::Cow;

use vrl::path::{OwnedSegment, OwnedValuePath};
use vrl::value::{ObjectMap, Value as Vrl};

use super::path::Found;
use super::{FieldPath, Gift, NotOpen, OpenEvent};
use crate::ecs::{GroupId, Role, SCHEMA};
use crate::json::is_clean;
use crate::tree::{Children, Key, NodeId, Source, Value};
use crate::value::order;

/// What a field waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change<'a> {
    /// This value, which is in this node.
    Set { value: &'a Vrl, node: NodeId },
    /// The same, beside the members that it has.
    Add { value: &'a Vrl, node: NodeId },
    /// To go.
    Remove,
}

impl<'a> OpenEvent<'a, '_> {
    /// Sets a field; objects around it come up as needed.
    ///
    /// # Errors
    /// When it isn't admitted, or the event has too many values.
    pub fn set(&mut self, path: &FieldPath, gift: Gift) -> Result<(), NotOpen> {
        let value = self.given.take(gift);
        self.put(path, value)
    }

    /// Sets a field; where both what is there and what comes are objects, the members of the one are added to the other, and
    /// replace those of the same name.
    ///
    /// # Errors
    /// When it isn't admitted, when an object or an array would be replaced, or when the event has too many values.
    pub fn add(&mut self, path: &FieldPath, gift: Gift) -> Result<(), NotOpen> {
        let value = self.given.take(gift);
        let Found::Node { id: there, .. } = self.locate(path) else { return self.put(path, value) };
        match (self.shape.tree.value(there), value) {
            (Value::Object(..), Vrl::Object(members)) => self.merge(path, there, value, members),
            (Value::Object(..) | Value::Array(..), _) => Err(NotOpen),
            _ => self.put(path, value),
        }
    }

    /// Removes a field, if it is there. The objects around it stay.
    ///
    /// # Errors
    /// When it isn't admitted.
    pub fn remove(&mut self, path: &FieldPath) -> Result<(), NotOpen> {
        if !self.admits_removal(path) {
            return Err(NotOpen);
        }
        if self.is_placed() {
            self.await_change(path, Change::Remove);
        } else if let Found::Node { parent, id } = self.locate(path) {
            self.touch(path, true, 0);
            self.shape.tree.unlink(parent, id);
        }
        Ok(())
    }

    fn put(&mut self, path: &FieldPath, value: &'a Vrl) -> Result<(), NotOpen> {
        if !self.admits(path) {
            return Err(NotOpen);
        }
        let (node, clean, depth) = self.plant(path, value)?;
        if self.is_placed() {
            self.await_change(path, Change::Set { value, node });
        } else {
            self.hang(path, node, clean, depth);
        }
        Ok(())
    }

    fn merge(
        &mut self,
        path: &FieldPath,
        there: NodeId,
        value: &'a Vrl,
        members: &'a ObjectMap,
    ) -> Result<(), NotOpen> {
        let known = members.keys().filter_map(|name| self.shape.tree.find(there, name));
        let known: Vec<NodeId> = known.collect();
        if known.iter().any(|id| !self.shape.tree.value(*id).is_scalar()) {
            return Err(NotOpen);
        }
        if self.is_placed() {
            let is_known = self.pending.iter().any(|(known, _)| known.meets(path));
            if path.is_ours() || is_known {
                return Err(NotOpen);
            }
            let (node, ..) = self.plant(path, value)?;
            self.await_change(path, Change::Add { value, node });
            return Ok(());
        }
        let (node, clean, depth) = self.plant(path, value)?;
        for id in known {
            self.shape.tree.unlink(there, id);
        }
        let mut at = self.shape.tree.detach(node);
        while let Some(member) = at {
            at = self.shape.tree.next(member);
            self.shape.tree.append(there, member);
        }
        self.opened(there, clean, depth);
        self.touch(path, clean, depth);
        Ok(())
    }

    /// Makes a node of a value: under its name, or under its whole path where it will be placed.
    fn plant(&mut self, path: &FieldPath, value: &'a Vrl) -> Result<(NodeId, bool, u8), NotOpen> {
        let last = path.names.last();
        let key = match self.is_placed() {
            true => path.dotted.to_string(),
            false => last.map_or_else(String::new, |name| name.text.clone()),
        };
        let order = last.map_or(order::TOP, |name| name.order);
        let mut planter = self.planter();
        planter.noted_node(Key::Owned(key), value, order, path.names.len()).map_err(|_too_many| NotOpen)
    }

    fn await_change(&mut self, path: &FieldPath, change: Change<'a>) {
        match self.pending.iter_mut().find(|(known, _)| known == path) {
            Some((_, known)) => *known = change,
            None => self.pending.push((path.clone(), change)),
        }
    }

    /// Gives a scalar that is there other text.
    pub(super) fn set_text(&mut self, chain: &[NodeId], text: String) {
        let Some((id, around)) = chain.split_last() else { return };
        for node in around {
            self.opened(*node, true, 0);
        }
        self.shape.tree.set_value(*id, Value::Text(Cow::Owned(text)));
    }

    /// Hangs a node, whose key is the path's last name, where the sender's members are.
    fn hang(&mut self, path: &FieldPath, id: NodeId, clean: bool, depth: u8) {
        let Some((_, parents)) = path.names.split_last() else { return };
        let mut parent = self.top();
        for name in parents {
            parent = match self.shape.tree.find_hashed(parent, name.hash, &name.text) {
                Some(node) => node,
                None => {
                    let source = Source { built: true, clean: true, ..Source::default() };
                    let object = Value::Object(Children::default(), source);
                    self.shape.tree.add(parent, Key::Owned(name.text.clone()), object)
                }
            };
        }
        let is_clean_key = path.names.last().is_some_and(|name| is_clean(&Key::Clean(&name.text)));
        match self.locate(path) {
            Found::Node { id: existing, .. } => {
                let value = self.shape.tree.take_value(id);
                self.shape.tree.set_value(existing, value);
            }
            Found::Free | Found::Blocked => self.shape.tree.append(parent, id),
        }
        self.touch(path, clean && is_clean_key, depth);
    }

    /// Notes in the objects around a field that they are no longer what they were in the input.
    fn touch(&mut self, path: &FieldPath, clean: bool, depth: u8) {
        let Some((_, parents)) = path.names.split_last() else { return };
        let mut node = self.top();
        for (name, below) in parents.iter().zip((1..parents.len() + 1).rev()) {
            let Some(inner) = self.shape.tree.find_hashed(node, name.hash, &name.text) else { return };
            node = inner;
            let below = u8::try_from(below).unwrap_or(u8::MAX);
            self.opened(node, clean, depth.saturating_add(below));
        }
    }

    /// Notes that an object consists of its nodes now.
    fn opened(&mut self, node: NodeId, clean: bool, depth: u8) {
        if let Value::Object(children, source) = self.shape.tree.value(node) {
            let source = Source {
                raw: "",
                built: true,
                clean: source.clean && clean,
                depth: source.depth.max(depth),
                ..*source
            };
            let object = Value::Object(*children, source);
            self.shape.tree.set_value(node, object);
        }
    }

    /// Places what waits: all rules are done.
    pub(crate) fn settle(&mut self) {
        let mut new = Vec::new();
        for (path, change) in std::mem::take(&mut self.pending) {
            let found = self.locate(&path);
            match (change, found) {
                (Change::Add { value, node }, Found::Node { id: there, .. }) => {
                    let names = value.as_object().into_iter().flat_map(ObjectMap::keys);
                    for name in names {
                        if let (Some(id), Some(path)) = (self.shape.tree.find(there, name), path.child(name))
                        {
                            self.forget(&path, there, id);
                        }
                    }
                    self.shape.place_top(node);
                }
                (Change::Set { node, .. }, Found::Node { parent, id }) => {
                    self.forget(&path, parent, id);
                    self.shape.place_top(node);
                }
                // It may be an alias of a field.
                (Change::Set { node, .. } | Change::Add { node, .. }, _) if path.names.len() == 1 => {
                    new.push(node);
                }
                (Change::Set { node, .. } | Change::Add { node, .. }, _) => self.shape.place_top(node),
                (Change::Remove, Found::Node { parent, id }) => self.forget(&path, parent, id),
                (Change::Remove, _) => {}
            }
        }
        if !new.is_empty() {
            self.shape.place_new(&new);
        }
    }

    /// Does what waits to the event as a value.
    pub(crate) fn settle_value(pending: Vec<(FieldPath, Change<'a>)>, event: &mut Vrl) {
        for (path, change) in pending {
            let names = path.names.iter().map(|name| OwnedSegment::field(&name.text));
            let path = OwnedValuePath::from(names.collect::<Vec<_>>());
            match (change, event.get_mut(&path)) {
                (Change::Remove, _) => {
                    let _gone = event.remove(&path, false);
                }
                (Change::Add { value: Vrl::Object(members), .. }, Some(Vrl::Object(there))) => {
                    there.extend(members.iter().map(|(name, value)| (name.clone(), value.clone())));
                }
                (Change::Set { value, .. } | Change::Add { value, .. }, _) => {
                    let _before = event.insert(&path, value.clone());
                }
            }
        }
    }

    /// Takes a field out of an event that a reader has placed.
    fn forget(&mut self, path: &FieldPath, parent: NodeId, id: NodeId) {
        self.shape.tree.unlink(parent, id);
        let mut group = GroupId::ROOT;
        for name in path.names.iter() {
            match SCHEMA.find(group, &name.text).role {
                Role::Group(inner) => group = inner,
                Role::Field(field) => {
                    self.shape.unmark(field);
                    return self.shape.prune(group);
                }
                _ => break,
            }
        }
        self.shape.forget_dynamic(id);
        self.shape.prune(group);
    }
}
