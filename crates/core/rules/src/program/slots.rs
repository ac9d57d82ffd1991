//! Programs on an open event: the fields that a program names are taken out before it runs, and what it changed is put back after.
//!
//! The compiler says which paths a program reads and writes. Where those are plain fields, none of them inside another, each
//! has a slot, and the program never sees the rest of the event. What isn't foreseen shows by a path without a slot: the
//! program then runs again, on the event as a value.

use std::cell::Cell;

use forebay_parse::{FieldPath, Gift, NotOpen, OpenEvent};
use vrl::compiler::{ProgramInfo, SecretTarget, Target};
use vrl::path::{OwnedTargetPath, PathPrefix};
use vrl::value::{ObjectMap, Value};

use crate::functions;

/// The most slots of a program.
const MAX_SLOTS: usize = 32;

/// The fields that a program works on.
#[derive(Debug)]
pub(crate) struct Slots(Vec<(OwnedTargetPath, FieldPath)>);

/// What is in a program's slots while it runs. Kept by the lane.
#[derive(Debug)]
pub(crate) struct Bench {
    slots: Vec<Slot>,
    root: Value,
}

#[derive(Debug)]
struct Slot {
    value: Option<Value>,
    changed: bool,
}

/// The event, for a program.
#[derive(Debug)]
pub(super) struct SlotTarget<'s> {
    paths: &'s [(OwnedTargetPath, FieldPath)],
    slots: &'s mut [Slot],
    root: &'s Value,
    metadata: &'s Value,
    /// How often the whole event was asked for; the runtime itself does it once.
    roots: Cell<u32>,
    /// A path without a slot was asked for.
    escaped: Cell<bool>,
}

// === impl Slots ===

impl Slots {
    /// `None` for a program that has to see the event as a value.
    pub(super) fn of(info: &ProgramInfo, source: &str) -> Option<Self> {
        // What is known of the event is made anew for the way of values: what a program sets there would be lost.
        if info.target_assignments.iter().any(|path| path.prefix == PathPrefix::Metadata) {
            return None;
        }
        // Objects that become empty go with their last field: that needs those around.
        if source.contains("compact") {
            return None;
        }
        let mut slots: Vec<(OwnedTargetPath, FieldPath)> = Vec::new();
        let paths = info.target_queries.iter().chain(&info.target_assignments);
        for path in paths.filter(|path| path.prefix == PathPrefix::Event) {
            if slots.iter().any(|(known, _)| known == path) {
                continue;
            }
            let field = FieldPath::new(&path.path)?;
            if slots.len() >= MAX_SLOTS || slots.iter().any(|(_, known)| known.meets(&field)) {
                return None;
            }
            slots.push((path.clone(), field));
        }
        Some(Self(slots))
    }

    /// Takes the fields out of an event.
    pub(super) fn fill(&self, event: &mut OpenEvent<'_, '_>, bench: &mut Bench) -> Result<(), NotOpen> {
        bench.slots.clear();
        for (_, field) in &self.0 {
            bench.slots.push(Slot { value: event.get(field)?, changed: false });
        }
        Ok(())
    }

    pub(super) fn target<'s>(&'s self, bench: &'s mut Bench, metadata: &'s Value) -> SlotTarget<'s> {
        let Bench { slots, root } = bench;
        let (roots, escaped) = Default::default();
        SlotTarget { paths: &self.0, slots, root, metadata, roots, escaped }
    }

    /// Puts back what was changed: all of it, or nothing.
    pub(super) fn put_back(&self, event: &mut OpenEvent<'_, '_>, bench: &mut Bench) -> Result<(), NotOpen> {
        let mut changed = self.0.iter().zip(&bench.slots).filter(|(_, slot)| slot.changed);
        if !changed.all(|((_, field), slot)| match slot.value {
            Some(_) => event.admits(field),
            None => event.admits_removal(field),
        }) {
            return Err(NotOpen);
        }
        // Objects around a field come up with it, one for each name at most.
        let given: u64 = bench.changed().map(|value| functions::count(value) + 8).sum();
        if given > event.room() as u64 {
            return Err(NotOpen);
        }
        for ((_, field), slot) in self.0.iter().zip(&mut bench.slots).filter(|(_, slot)| slot.changed) {
            match slot.value.take() {
                Some(value) => event.set(field, Gift::Own(value))?,
                None => event.remove(field)?,
            }
        }
        Ok(())
    }
}

impl Bench {
    /// The values that a program changed.
    pub(super) fn changed(&self) -> impl Iterator<Item = &Value> {
        self.slots.iter().filter(|slot| slot.changed).filter_map(|slot| slot.value.as_ref())
    }
}

impl Default for Bench {
    fn default() -> Self {
        Self { slots: Vec::new(), root: Value::Object(ObjectMap::new()) }
    }
}

// === impl SlotTarget ===

impl SlotTarget<'_> {
    /// Whether the program asked for what it had said nothing of.
    pub(super) fn has_escaped(&self) -> bool {
        self.escaped.get() || self.roots.get() > 1
    }

    fn place(&self, path: &OwnedTargetPath) -> Result<usize, String> {
        let is_it = |(known, _): &(OwnedTargetPath, FieldPath)| {
            known.path.segments == path.path.segments && path.prefix == PathPrefix::Event
        };
        self.paths.iter().position(is_it).ok_or_else(|| {
            self.escaped.set(true);
            "the field has no slot".to_owned()
        })
    }
}

impl Target for SlotTarget<'_> {
    fn target_insert(&mut self, path: &OwnedTargetPath, value: Value) -> Result<(), String> {
        let place = self.place(path)?;
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = Slot { value: Some(value), changed: true };
        }
        Ok(())
    }

    fn target_get(&self, path: &OwnedTargetPath) -> Result<Option<&Value>, String> {
        if path.prefix == PathPrefix::Metadata {
            return Ok(self.metadata.get(&path.path));
        }
        if path.path.is_root() {
            self.roots.set(self.roots.get() + 1);
            return Ok(Some(self.root));
        }
        let place = self.place(path)?;
        Ok(self.slots.get(place).and_then(|slot| slot.value.as_ref()))
    }

    fn target_get_mut(&mut self, path: &OwnedTargetPath) -> Result<Option<&mut Value>, String> {
        let place = self.place(path)?;
        Ok(self.slots.get_mut(place).and_then(|slot| {
            slot.changed = true;
            slot.value.as_mut()
        }))
    }

    fn target_remove(&mut self, path: &OwnedTargetPath, compact: bool) -> Result<Option<Value>, String> {
        if compact {
            self.escaped.set(true);
        }
        let place = self.place(path)?;
        Ok(self.slots.get_mut(place).and_then(|slot| {
            slot.changed = true;
            slot.value.take()
        }))
    }
}

impl SecretTarget for SlotTarget<'_> {
    fn get_secret(&self, _: &str) -> Option<&str> {
        None
    }

    fn insert_secret(&mut self, _: &str, _: &str) {}

    fn remove_secret(&mut self, _: &str) {}
}
