//! An event that was read and is not placed yet: rules look at single fields of it, and change them.
//!
//! [`crate::Parser::read`] makes a value of the whole event, and [`crate::Parser::write`] takes all of it back, which costs more
//! than to parse it. Most rules touch a few fields. [`crate::Parser::open`] gives them those alone, out of the tree in which the
//! reader left the event, and puts back what they changed; the rest goes on as if there were no rule, so that numbers keep
//! their digits and members their order.
//!
//! Whatever is out of the ordinary is refused with [`NotOpen`], before anything is changed: names that are there twice, names
//! that are paths, a scalar where a path needs an object, what only Forebay may say. The caller then goes on with the event
//! as a value, which [`crate::Parser::open`] makes of what was done so far. So the rules are those of the value, and this
//! is a quicker way to the same document.

mod change;
mod mask;
mod path;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use std::sync::Arc;

use typed_arena::Arena;
use vrl::value::Value as Vrl;

use crate::Format;
use crate::ecs::Field;
use crate::shape::{EventTime, Shape};
use crate::tree::{NodeId, ROOT, Value};
use crate::value::Origin;
use crate::value::plant::Planter;
use crate::value::reap::Reaper;

use change::Change;
pub use mask::Look;
pub use path::FieldPath;

/// The most members that are compared with one another to find names that are there twice.
const MAX_MEMBERS: usize = 64;

/// An event, open to rules.
#[derive(Debug)]
pub struct OpenEvent<'a, 'c> {
    pub(crate) shape: Shape<'a, 'c>,
    pub(crate) format: Format,
    pub(crate) time: EventTime<'a>,
    text: &'a str,
    pub(crate) origin: &'c mut Origin,
    /// What waits to be placed, in the order in which it was changed.
    pub(crate) pending: Vec<(FieldPath, Change<'a>)>,
    /// What rules gave: it has to outlive the tree.
    given: &'a Given,
    /// How deep values may nest, and how many there may be.
    max_depth: usize,
    max_values: usize,
}

/// What rules gave to an event.
pub(crate) struct Given {
    values: Arena<Vrl>,
    shared: Arena<Arc<Vrl>>,
}

/// This can't be done on an open event: go on with it as a value. Nothing was changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotOpen;

/// A value for a field.
#[derive(Clone, Debug)]
pub enum Gift {
    /// This one.
    Own(Vrl),
    /// One that is kept elsewhere too.
    Shared(Arc<Vrl>),
}

// === impl Given ===

impl Default for Given {
    /// Most events are given little or nothing: no memory is taken beforehand.
    fn default() -> Self {
        Self { values: Arena::with_capacity(0), shared: Arena::with_capacity(0) }
    }
}

impl Given {
    fn take(&self, gift: Gift) -> &Vrl {
        match gift {
            Gift::Own(value) => self.values.alloc(value),
            Gift::Shared(value) => self.shared.alloc(value),
        }
    }
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given").field("values", &self.values.len()).finish_non_exhaustive()
    }
}

// === impl OpenEvent ===

/// What reading left, in its parts.
pub(crate) struct Parts<'a, 'c> {
    pub(crate) shape: Shape<'a, 'c>,
    pub(crate) format: Format,
    pub(crate) time: EventTime<'a>,
    pub(crate) text: &'a str,
    pub(crate) origin: &'c mut Origin,
    pub(crate) given: &'a Given,
    pub(crate) max_depth: usize,
    pub(crate) max_values: usize,
}

impl<'a, 'c> OpenEvent<'a, 'c> {
    pub(crate) fn new(parts: Parts<'a, 'c>) -> Self {
        let Parts { shape, format, time, text, origin, given, max_depth, max_values } = parts;
        Self { shape, format, time, text, origin, pending: Vec::new(), given, max_depth, max_values }
    }

    /// The format that it was read in.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Whether its fields can be found by their names alone.
    pub(crate) fn is_plain(&self) -> bool {
        let tree = &self.shape.tree;
        let Some(event) = self.shape.members else {
            // A reader has placed the members: what only we may say must not be among them.
            let ours = [Field::EventIngested, Field::EventCreated, Field::OrganizationId];
            return !self.shape.has_labels() && !ours.iter().any(|field| self.shape.has(*field));
        };
        let Value::Object(members, source) = tree.value(event) else { return false };
        if tree.first(ROOT).is_some() || !source.clean && !source.raw.is_empty() {
            return false;
        }
        let mut hashes = [0; MAX_MEMBERS];
        let (mut at, mut count) = (members.first(), 0);
        while let Some(id) = at {
            at = tree.next(id);
            let (hash, is_path) =
                (tree.hash(id), memchr::memchr(b'.', tree.key(id).as_str().as_bytes()).is_some());
            let Some((known, rest)) = hashes.split_at_mut_checked(count) else { return false };
            let Some(free) = rest.first_mut() else { return false };
            // What no scanner has looked at may have anything in it.
            let is_odd = source.raw.is_empty() && !tree.value(id).is_scalar();
            if is_path || is_odd || known.contains(&hash) {
                return false;
            }
            (*free, count) = (hash, count + 1);
        }
        true
    }

    /// The node on which the event's members hang.
    fn top(&self) -> NodeId {
        self.shape.members.unwrap_or(ROOT)
    }

    /// Whether a reader has placed the members.
    fn is_placed(&self) -> bool {
        self.shape.members.is_none()
    }

    /// Takes a value out of the tree.
    fn reap(&mut self, id: NodeId, path: u32) -> Result<Vrl, NotOpen> {
        if self.origin.body.is_empty() {
            self.origin.body = Bytes::copy_from_slice(self.text.as_bytes());
        }
        let mut reaper = Reaper::new(&self.shape.tree, self.text, self.origin, self.max_values);
        let value = reaper.value(id, path).map_err(|_too_many| NotOpen)?;
        self.origin.order.seal();
        Ok(value)
    }

    /// How many values the event may still be given.
    #[must_use]
    pub fn room(&self) -> usize {
        self.max_values.saturating_mul(2).saturating_sub(self.shape.tree.len())
    }

    fn planter<'t>(&'t mut self) -> Planter<'t, 'a> {
        let left = self.room();
        Planter { tree: &mut self.shape.tree, origin: self.origin, max_depth: self.max_depth, left }
    }
}
