//! Paths to fields of an open event: names only, each one of them a single part.

use std::sync::Arc;

use vrl::path::{OwnedSegment, OwnedValuePath};
use vrl::value::Value as Vrl;

use super::change::Change;
use super::{NotOpen, OpenEvent};
use crate::ecs::{GroupId, Role, SCHEMA};
use crate::hash;
use crate::tree::{NodeId, Value};
use crate::value::order;

/// The path of a field. It is shared: clones are cheap.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FieldPath {
    /// The names, from the event on.
    pub(super) names: Arc<[Name]>,
    /// All of them, with dots between.
    pub(super) dotted: Arc<str>,
}

/// A name, and what is worked out once for all events.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) hash: u32,
    /// The path up to here, as the order of members has it.
    pub(super) order: u32,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Found {
    /// This node, in this object.
    Node { parent: NodeId, id: NodeId },
    /// Nothing, and there is room for it.
    Free,
    /// Nothing, and something that is no object stands in the way.
    Blocked,
}

// === impl FieldPath ===

impl FieldPath {
    /// `None` for a path that isn't made of plain names: the root, an element of an array, a name with a dot in it.
    #[must_use]
    pub fn new(path: &OwnedValuePath) -> Option<Self> {
        let names = path.segments.iter().map(|segment| match segment {
            OwnedSegment::Field(name) => name.as_str(),
            // No name at all: refused.
            OwnedSegment::Index(_) => "",
        });
        Self::of_names(names)
    }

    /// The same for the names of a path.
    pub(super) fn of_names<'n>(path: impl Iterator<Item = &'n str>) -> Option<Self> {
        let mut names = Vec::new();
        let mut order = order::TOP;
        for text in path {
            if text.contains('.') || text.trim().is_empty() || text.len() > 128 {
                return None;
            }
            order = order::inside(order, order::name(text));
            names.push(Name { text: text.to_owned(), hash: hash::short(0, text.as_bytes()), order });
        }
        let dotted = names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".");
        (1..=8).contains(&names.len()).then(|| Self { names: names.into(), dotted: dotted.into() })
    }

    /// The path of a member of this field.
    pub(super) fn child(&self, name: &str) -> Option<Self> {
        Self::of_names(self.names.iter().map(|name| name.text.as_str()).chain([name]))
    }

    /// Whether one of them lies inside the other.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.names.iter().zip(other.names.iter()).all(|(ours, theirs)| ours == theirs)
    }

    /// Whether it is that of something that only Forebay may say, or of what has rules of its own.
    pub(super) fn is_ours(&self) -> bool {
        let second = self.names.get(1).map(|name| name.text.as_str());
        match self.first() {
            "@timestamp" | "labels" | "organization" | "unmapped" => true,
            "event" => matches!(second, None | Some("ingested" | "created")),
            _ => false,
        }
    }

    pub(super) fn first(&self) -> &str {
        self.names.first().map_or("", |name| name.text.as_str())
    }
}

// === impl OpenEvent ===

impl<'a> OpenEvent<'a, '_> {
    /// The value of a field; none where there is no such field.
    ///
    /// # Errors
    /// When only the event as a value has it.
    pub fn get(&mut self, path: &FieldPath) -> Result<Option<Vrl>, NotOpen> {
        if self.is_placed() && path.first() == "@timestamp" {
            return Err(NotOpen);
        }
        if let Some(pending) = self.pending_at(path)? {
            return Ok(pending.cloned());
        }
        match self.locate(path) {
            Found::Node { id, .. } => {
                let order = path.names.last().map_or(order::TOP, |name| name.order);
                self.reap(id, order).map(Some)
            }
            Found::Free | Found::Blocked => Ok(None),
        }
    }

    /// Whether a field can be removed here.
    #[must_use]
    pub fn admits_removal(&self, path: &FieldPath) -> bool {
        // What was set brought the objects around it along; they would stay.
        let brought = || path.names.len() > 1 && matches!(self.pending_at(path), Ok(Some(_)));
        self.admits(path) && !(self.is_placed() && brought())
    }

    /// Whether a field can be set here.
    #[must_use]
    pub fn admits(&self, path: &FieldPath) -> bool {
        let found = self.locate(path);
        if !self.is_placed() {
            return found != Found::Blocked;
        }
        if path.is_ours() || self.pending_at(path).is_err() {
            return false;
        }
        let second = path.names.get(1);
        match found {
            Found::Node { id, .. } => self.shape.tree.value(id).is_scalar(),
            // A new name at the top may be that of a time.
            Found::Free if second.is_none() => {
                let entry = SCHEMA.find_top(path.first());
                entry.time.is_none() && !matches!(entry.role, Role::Metadata | Role::Routing)
            }
            Found::Free => {
                let role = SCHEMA.find(GroupId::ROOT, path.first()).role;
                !matches!(role, Role::Metadata | Role::Routing)
            }
            Found::Blocked => false,
        }
    }

    /// What will stand at a path that was changed in an event that a reader has placed; the outer is none where nothing was.
    ///
    /// # Errors
    /// When only a part of what is there was changed, or something around it.
    pub(super) fn pending_at(&self, path: &FieldPath) -> Result<Option<Option<&'a Vrl>>, NotOpen> {
        let Some((known, change)) = self.pending.iter().find(|(known, _)| known.meets(path)) else {
            return Ok(None);
        };
        match change {
            _ if known != path => Err(NotOpen),
            Change::Set { value, .. } => Ok(Some(Some(value))),
            Change::Remove => Ok(Some(None)),
            Change::Add { .. } => Err(NotOpen),
        }
    }

    pub(super) fn locate(&self, path: &FieldPath) -> Found {
        let tree = &self.shape.tree;
        let Some((last, parents)) = path.names.split_last() else { return Found::Blocked };
        let mut parent = self.top();
        for name in parents {
            match tree.find_hashed(parent, name.hash, &name.text) {
                Some(node) if matches!(tree.value(node), Value::Object(..)) => parent = node,
                Some(_) => return Found::Blocked,
                None => return Found::Free,
            }
        }
        tree.find_hashed(parent, last.hash, &last.text).map_or(Found::Free, |id| Found::Node { parent, id })
    }
}
