//! Looking names up in the schema: one small hash table for the whole process, read-only.

use std::sync::LazyLock;

use super::aliases::{ALIASES, CORRELATIONS, METADATA, ROUTING, TIMES, When};
use super::fields::{FIELDS, Field, FieldType};
use crate::hash;

/// An object of the schema; [`GroupId::ROOT`] is the document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct GroupId(u8);

impl GroupId {
    pub(crate) const ROOT: Self = Self(0);

    /// An index for tables by group.
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What a name is where it stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    /// A field of the schema.
    Field(Field),
    /// An object of the schema.
    Group(GroupId),
    /// `labels`, whose members are keywords.
    Labels,
    /// `unmapped` and `unmapped_long`, whose content is free.
    Unmapped,
    /// A name that search servers keep to themselves.
    Metadata,
    /// What a shipper tells the one that it sends to, and nobody else.
    Routing,
    /// Nothing that the schema knows.
    User,
}

/// What there is to know about a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) role: Role,
    /// Position among the names that may hold the time.
    pub(crate) time: Option<u8>,
    /// Fields that it may become when it stands at the top.
    pub(crate) targets: [Option<(When, Field)>; 2],
    /// Whether it ties events together, at the top.
    pub(crate) is_correlation: bool,
}

impl Entry {
    const UNKNOWN: Self = Self { role: Role::User, time: None, targets: [None, None], is_correlation: false };
}

/// Where a field stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) parent: GroupId,
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) kind: FieldType,
}

/// An object of the schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) parent: GroupId,
    pub(crate) name: &'static str,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    group: GroupId,
    key: &'static str,
    entry: Entry,
}

/// The tables.
#[derive(Debug)]
pub(crate) struct Schema {
    places: Vec<Place>,
    groups: Vec<Group>,
    slots: Vec<Option<Slot>>,
}

/// The schema, built when it is first used.
pub(crate) static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::build);

const SLOTS: usize = 2048;

/// No name in the tables is longer, in bytes.
const MAX_KEY: usize = 24;

// === impl Schema ===

impl Schema {
    fn build() -> Self {
        let root = Group { parent: GroupId::ROOT, name: "" };
        let mut schema = Self { places: Vec::new(), groups: vec![root], slots: vec![None; SLOTS] };
        for (field, path, kind) in FIELDS {
            let mut parent = GroupId::ROOT;
            let mut name = *path;
            while let Some((group, rest)) = name.split_once('.') {
                parent = schema.group(parent, group);
                name = rest;
            }
            schema.places.push(Place { parent, name, path, kind: *kind });
            schema.entry(parent, name).role = Role::Field(*field);
        }
        for (names, when, fields) in ALIASES {
            for name in *names {
                let targets = &mut schema.entry(GroupId::ROOT, name).targets;
                for field in *fields {
                    if let Some(free) = targets.iter_mut().find(|target| target.is_none()) {
                        *free = Some((*when, *field));
                    }
                }
            }
        }
        for name in CORRELATIONS {
            schema.entry(GroupId::ROOT, name).is_correlation = true;
        }
        for (order, name) in (0..).zip(TIMES) {
            schema.entry(GroupId::ROOT, name).time = Some(order);
        }
        // `@timestamp` is the document's own; the event's is found as a time.
        for name in METADATA.iter().chain(&["@timestamp"]) {
            schema.entry(GroupId::ROOT, name).role = Role::Metadata;
        }
        schema.entry(GroupId::ROOT, ROUTING).role = Role::Routing;
        schema.entry(GroupId::ROOT, "labels").role = Role::Labels;
        for name in ["unmapped", "unmapped_long"] {
            schema.entry(GroupId::ROOT, name).role = Role::Unmapped;
        }
        schema
    }

    fn group(&mut self, parent: GroupId, name: &'static str) -> GroupId {
        if let Role::Group(group) = self.find(parent, name).role {
            return group;
        }
        let group = GroupId(u8::try_from(self.groups.len()).unwrap_or(u8::MAX));
        self.groups.push(Group { parent, name });
        self.entry(parent, name).role = Role::Group(group);
        group
    }

    fn entry(&mut self, group: GroupId, key: &'static str) -> &mut Entry {
        let hash = hash::short(group.0, key.as_bytes());
        let mut at = hash as usize % SLOTS;
        while self.slots[at].is_some_and(|slot| slot.group != group || slot.key != key) {
            at = (at + 1) % SLOTS;
        }
        let slot = Slot { hash, group, key, entry: Entry::UNKNOWN };
        &mut self.slots[at].get_or_insert(slot).entry
    }

    /// What a name is inside an object of the schema.
    pub(crate) fn find(&self, group: GroupId, key: &str) -> Entry {
        let hash = hash::short(group.0, key.as_bytes());
        let mut at = hash as usize % SLOTS;
        while let Some(slot) = &self.slots[at] {
            if slot.hash == hash && slot.group == group && slot.key == key {
                return slot.entry;
            }
            at = (at + 1) % SLOTS;
        }
        Entry::UNKNOWN
    }

    /// What a name is at the top of an event. Aliases and names of times are found in any case.
    pub(crate) fn find_top(&self, key: &str) -> Entry {
        let entry = self.find(GroupId::ROOT, key);
        let unknown = entry.role == Role::User
            && entry.time.is_none()
            && entry.targets[0].is_none()
            && !entry.is_correlation;
        if !unknown || key.len() > MAX_KEY || !key.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return entry;
        }
        // `MESSAGE` is one more name for `message`, but an object of the schema is known by its exact name only.
        let entry = self.find(GroupId::ROOT, &key.to_ascii_lowercase());
        match entry.role {
            Role::Field(field) => {
                Entry { role: Role::User, targets: [Some((When::Always, field)), None], ..entry }
            }
            _ => Entry { role: Role::User, ..entry },
        }
    }

    /// Where a field stands.
    pub(crate) fn place(&self, field: Field) -> Place {
        self.places[field as usize]
    }

    /// An object of the schema.
    pub(crate) fn group_of(&self, group: GroupId) -> Group {
        self.groups[group.index()]
    }

    /// How many objects the schema has, the document included.
    pub(crate) fn groups(&self) -> usize {
        self.groups.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_where_its_path_says() {
        for (field, path, kind) in FIELDS {
            let mut group = GroupId::ROOT;
            let mut names = path.split('.').peekable();
            while let Some(name) = names.next() {
                match SCHEMA.find(group, name).role {
                    Role::Group(found) if names.peek().is_some() => group = found,
                    role => assert_eq!(role, Role::Field(*field), "{path}"),
                }
            }
            assert_eq!(SCHEMA.place(*field).path, *path);
            assert_eq!(SCHEMA.place(*field).kind, *kind);
        }
        assert!(SCHEMA.groups() < 255);
        assert!(SCHEMA.slots.iter().flatten().count() < SLOTS / 3);
    }

    #[test]
    fn no_name_is_both_a_field_and_an_object() {
        for (_, path, _) in FIELDS {
            let inside = format!("{path}.");
            assert!(FIELDS.iter().all(|(_, other, _)| !other.starts_with(&inside)), "{path}");
        }
    }

    #[test]
    fn names_at_the_top_are_found_in_any_case() {
        assert_eq!(SCHEMA.find_top("Level").targets[0], Some((When::Always, Field::LogLevel)));
        assert_eq!(SCHEMA.find_top("MESSAGE").targets[0], Some((When::Always, Field::Message)));
        assert_eq!(SCHEMA.find_top("eventTime").time, Some(7));
        assert_eq!(SCHEMA.find_top("HTTP").role, Role::User);
        assert_eq!(SCHEMA.find_top("latency_ms").role, Role::User);
        let names = ALIASES.iter().flat_map(|(names, ..)| names.iter()).chain(TIMES).chain(CORRELATIONS);
        assert!(names.clone().all(|name| name.len() <= MAX_KEY && *name == name.to_ascii_lowercase()));
    }
}
