//! Placing members: every name and value of an event gets a place in the document that a search server accepts.
//!
//! The rules stand in [`crate::ecs`]. Whatever has no good place goes to `unmapped`, never away; of two members that
//! want the same place the first gets it.

mod aside;
mod fit;
mod guard;
mod mend;
mod top;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::ecs::{Field, GroupId, Role, SCHEMA};
use crate::timestamp::Clock;
use crate::tree::{Key, Kind, NodeId, ROOT, Source, Tree, Value};

pub(crate) use aside::is_long;
pub(crate) use fit::text_of;
pub(crate) use top::EventTime;

/// The deepest that objects and arrays may nest in a document. Search servers take 20; OpenSearch counts arrays too.
pub(crate) const MAX_DEPTH: usize = 16;

/// The most parts that a name with dots is split into.
const MAX_PARTS: usize = 8;

/// The longest name, in bytes.
pub(crate) const MAX_KEY: usize = 255;

/// A document while it is put together.
#[derive(Debug)]
pub(crate) struct Shape<'a, 'c> {
    pub(crate) tree: Tree<'a>,
    clock: &'c Clock,
    /// The time of receipt, for stamps without a year.
    received: i64,
    /// The node of each object of the schema that is there.
    groups: &'c mut Vec<Option<NodeId>>,
    /// Which fields are there, a bit each.
    taken: [u64; 4],
    /// Scratch: members that wait for those with a better right to their place.
    deferred: &'c mut Vec<NodeId>,
    labels: Option<NodeId>,
    unmapped: Option<NodeId>,
    unmapped_long: Option<NodeId>,
    /// The topmost nodes that the schema doesn't know, and the object that each is in; none for `labels`.
    dynamic: &'c mut Vec<(Option<GroupId>, NodeId)>,
    pub(crate) mode: Mode,
    /// Whether members that the sender named stay where they are.
    pub(crate) keeps_members: bool,
    /// Those that did.
    pub(crate) members: Option<NodeId>,
}

/// What becomes of members.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Mode {
    /// They are placed by the schema.
    #[default]
    Place,
    /// The same, and objects whose content is free may have any names: a reader has placed them before.
    Replace,
    /// They keep their names; the schema knows only what we add.
    Raw,
}

/// What is kept between documents, so that none allocates.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    groups: Vec<Option<NodeId>>,
    deferred: Vec<NodeId>,
    dynamic: Vec<(Option<GroupId>, NodeId)>,
}

/// Where in the document a member goes.
#[derive(Clone, Copy, Debug)]
struct Spot {
    /// The object of the schema, if it is one.
    group: Option<GroupId>,
    /// Its node, once there is one.
    node: Option<NodeId>,
    /// How deep it is nested.
    depth: usize,
}

// === impl Shape ===

impl<'a, 'c> Shape<'a, 'c> {
    /// An empty document in the memory of an earlier one.
    pub(crate) fn new(tree: Tree<'a>, clock: &'c Clock, received: i64, scratch: &'c mut Scratch) -> Self {
        let Scratch { groups, deferred, dynamic } = scratch;
        dynamic.clear();
        groups.clear();
        groups.resize(SCHEMA.groups(), None);
        if let Some(root) = groups.first_mut() {
            *root = Some(ROOT);
        }
        Self {
            tree,
            clock,
            received,
            groups,
            taken: [0; 4],
            deferred,
            labels: None,
            unmapped: None,
            unmapped_long: None,
            dynamic,
            mode: Mode::Place,
            keeps_members: false,
            members: None,
        }
    }

    /// Whether a field is there.
    pub(crate) fn has(&self, field: Field) -> bool {
        let (word, bit) = position(field);
        self.taken[word] & bit != 0
    }

    /// Sets a field to a value of its type, unless it is there already.
    pub(crate) fn set(&mut self, field: Field, value: Value<'a>) -> bool {
        if self.has(field) {
            return false;
        }
        let place = SCHEMA.place(field);
        let parent = self.group(place.parent);
        let _id = self.tree.add(parent, Key::Clean(place.name), value);
        self.mark(field);
        true
    }

    /// Sets a field to text.
    pub(crate) fn set_text(&mut self, field: Field, text: &'a str) -> bool {
        self.set(field, Value::Text(Cow::Borrowed(text)))
    }

    /// The node of a field that is there.
    pub(crate) fn node_of_field(&self, field: Field) -> Option<NodeId> {
        let place = SCHEMA.place(field);
        let parent = (*self.groups.get(place.parent.index())?)?;
        self.tree.find(parent, place.name)
    }

    /// The node of an object of the schema.
    fn group(&mut self, group: GroupId) -> NodeId {
        if let Some(Some(node)) = self.groups.get(group.index()) {
            return *node;
        }
        let known = SCHEMA.group_of(group);
        let parent = self.group(known.parent);
        let object = Value::Object(Default::default(), Source::default());
        let node = self.tree.add(parent, Key::Clean(known.name), object);
        if let Some(slot) = self.groups.get_mut(group.index()) {
            *slot = Some(node);
        }
        node
    }

    /// Whether there are labels.
    pub(crate) fn has_labels(&self) -> bool {
        self.labels.is_some()
    }

    /// A field is no longer there.
    pub(crate) fn unmark(&mut self, field: Field) {
        let (word, bit) = position(field);
        self.taken[word] &= !bit;
    }

    /// Takes an object of the schema away if nothing is left in it, and then the one around it.
    pub(crate) fn prune(&mut self, group: GroupId) {
        if group == GroupId::ROOT {
            return;
        }
        let Some(node) = self.groups.get(group.index()).copied().flatten() else { return };
        if self.tree.first(node).is_some() {
            return;
        }
        let parent = SCHEMA.group_of(group).parent;
        let around = self.group(parent);
        self.tree.unlink(around, node);
        if let Some(slot) = self.groups.get_mut(group.index()) {
            *slot = None;
        }
        self.prune(parent);
    }

    /// A node that the schema doesn't know is no longer there.
    pub(crate) fn forget_dynamic(&mut self, id: NodeId) {
        self.dynamic.retain(|(_, known)| *known != id);
    }

    fn mark(&mut self, field: Field) {
        let (word, bit) = position(field);
        self.taken[word] |= bit;
    }

    /// Places a member that has been taken out of where it stood. `path` is the path of the object it goes to.
    fn place(&mut self, spot: Spot, path: &str, id: NodeId) {
        let key = self.tree.key(id).as_str();
        let odd = key.len() > MAX_KEY
            || memchr::memchr(b'.', key.as_bytes()).is_some()
            || key.as_bytes().first().is_none_or(u8::is_ascii_whitespace) && key.trim().is_empty();
        if odd { self.place_odd(spot, path, id) } else { self.place_here(spot, path, id) }
    }

    /// Places a member whose name is too long, blank, or a path.
    fn place_odd(&mut self, spot: Spot, path: &str, id: NodeId) {
        let key = self.tree.key(id).as_str().to_owned();
        if spot.group == Some(GroupId::ROOT) {
            let value = self.tree.value(id).clone();
            if let (Some(name), true) = (key.strip_prefix("labels."), value.is_scalar()) {
                return self.labelled(name, value);
            }
            if let Some(name) = key.strip_prefix("unmapped.") {
                return self.unmapped(name, value);
            }
        }
        let parts = key.split('.').count();
        if key.len() > MAX_KEY || parts > MAX_PARTS || spot.depth + parts > MAX_DEPTH {
            let value = self.tree.value(id).clone();
            return self.unmapped(&join(path, &key), value);
        }
        let (mut spot, mut path) = (spot, path.to_owned());
        let mut parts = key.split('.').map(|part| if part.trim().is_empty() { "_" } else { part }).peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                self.tree.set_key(id, Key::Owned(part.to_owned()));
                return self.place_here(spot, &path, id);
            }
            match self.step(spot, part, || Key::Owned(part.to_owned())) {
                Some(next) => spot = next,
                None => {
                    let value = self.tree.value(id).clone();
                    let whole = join(&path, part);
                    return self.unmapped(&parts.fold(whole, |path, part| join(&path, part)), value);
                }
            }
            path = join(&path, part);
        }
    }

    /// The object with this name inside another, made with this key if need be; none where the name is no object's.
    fn step(&mut self, spot: Spot, part: &str, key: impl FnOnce() -> Key<'a>) -> Option<Spot> {
        let depth = spot.depth + 1;
        match spot.group.map(|group| self.role(group, part)) {
            Some(Role::Group(group)) => return Some(Spot { group: Some(group), node: None, depth }),
            Some(Role::User) | None => {}
            // `labels.a`, `unmapped.a` and `_id.a` are told by their whole path.
            Some(_) => return None,
        }
        let parent = self.node_of(spot);
        let node = match self.tree.find(parent, part) {
            Some(node) => {
                if !matches!(self.tree.value(node), Value::Object(..)) {
                    return None;
                }
                self.open(node);
                node
            }
            None => {
                let object = Value::Object(Default::default(), Source::default());
                let node = self.tree.add(parent, key(), object);
                self.note_dynamic(spot.group, node);
                node
            }
        };
        Some(Spot { group: None, node: Some(node), depth })
    }

    /// What a name is inside an object of the schema.
    fn role(&self, group: GroupId, name: &str) -> Role {
        let role = SCHEMA.find(group, name).role;
        if self.mode != Mode::Raw {
            return role;
        }
        match role {
            Role::Field(Field::EventIngested | Field::EventCreated | Field::OrganizationId | Field::Tags)
            | Role::Labels
            | Role::Unmapped
            | Role::Metadata => role,
            Role::Group(_) if group == GroupId::ROOT && matches!(name, "event" | "organization") => role,
            _ => Role::User,
        }
    }

    fn note_dynamic(&mut self, group: Option<GroupId>, node: NodeId) {
        if group.is_some() {
            self.dynamic.push((group, node));
        }
    }

    fn node_of(&mut self, spot: Spot) -> NodeId {
        match (spot.node, spot.group) {
            (Some(node), _) => node,
            (None, Some(group)) => self.group(group),
            (None, None) => ROOT,
        }
    }

    /// Lets an object take and lose members: it is no longer what it was in the input.
    pub(crate) fn open(&mut self, node: NodeId) {
        if let Value::Object(children, source) = self.tree.value(node) {
            let opened = Value::Object(*children, Source { raw: "", built: false, ..*source });
            self.tree.set_value(node, opened);
        }
    }

    /// Places a member under its name, which is one part of a path.
    fn place_here(&mut self, spot: Spot, path: &str, id: NodeId) {
        let role = spot.group.map_or(Role::User, |group| self.role(group, self.tree.key(id).as_str()));
        match role {
            Role::Field(field) => self.place_field(field, id),
            Role::Group(group) => {
                self.place_group(Spot { group: Some(group), node: None, depth: spot.depth + 1 }, path, id);
            }
            Role::Labels => self.place_labels(id),
            Role::Unmapped => self.place_unmapped(id),
            Role::Metadata => self.put_aside(path, id),
            Role::Routing => {}
            Role::User => self.place_user(spot, path, id),
        }
    }

    /// Places the value of a field of the schema.
    pub(crate) fn place_field(&mut self, field: Field, id: NodeId) {
        let place = SCHEMA.place(field);
        if self.tree.value(id).kind() == Kind::Null && self.tree.value(id).is_scalar() {
            return;
        }
        match self.fitted(place.kind, id) {
            Some(value) if !self.has(field) => {
                self.mark(field);
                let parent = self.group(place.parent);
                self.tree.set_value(id, value);
                self.tree.set_key(id, Key::Clean(place.name));
                self.tree.append(parent, id);
            }
            _ => {
                let value = self.tree.value(id).clone();
                self.unmapped(place.path, value);
            }
        }
    }

    /// Places the members of an object of the schema.
    fn place_group(&mut self, spot: Spot, path: &str, id: NodeId) {
        match self.tree.value(id) {
            Value::Object(_, source) if usize::from(source.depth) + spot.depth <= MAX_DEPTH + 1 => {
                let path = join(path, self.tree.key(id).as_str());
                let mut at = self.tree.detach(id);
                while let Some(member) = at {
                    at = self.tree.next(member);
                    self.place(spot, &path, member);
                }
            }
            value if value.is_scalar() && value.kind() == Kind::Null => {}
            _ => self.put_aside(path, id),
        }
    }

    fn place_labels(&mut self, id: NodeId) {
        if !matches!(self.tree.value(id), Value::Object(..)) {
            return self.put_aside("", id);
        }
        let mut at = self.tree.detach(id);
        while let Some(member) = at {
            at = self.tree.next(member);
            let value = self.tree.value(member).clone();
            let key = self.tree.key(member).as_str().to_owned();
            match value {
                Value::Huge(_) | Value::Object(..) => self.unmapped(&join("labels", &key), value),
                Value::Array(_, source) if !source.clean || source.elements == Kind::Object => {
                    self.unmapped(&join("labels", &key), value);
                }
                value => self.labelled(&key, value),
            }
        }
    }

    fn place_unmapped(&mut self, id: NodeId) {
        if !matches!(self.tree.value(id), Value::Object(..)) {
            return self.put_aside("", id);
        }
        let mut at = self.tree.detach(id);
        while let Some(member) = at {
            at = self.tree.next(member);
            self.put_aside("", member);
        }
    }

    fn put_aside(&mut self, path: &str, id: NodeId) {
        let value = self.tree.value(id).clone();
        let path = join(path, self.tree.key(id).as_str());
        self.unmapped(&path, value);
    }

    /// Places a member that the schema doesn't know.
    fn place_user(&mut self, spot: Spot, path: &str, id: NodeId) {
        let parent = self.node_of(spot);
        let key = self.tree.key(id).as_str();
        match self.tree.find(parent, key) {
            Some(existing) => {
                let both = matches!(self.tree.value(existing), Value::Object(..))
                    && matches!(self.tree.value(id), Value::Object(..));
                if !both {
                    return self.put_aside(path, id);
                }
                self.merge(spot, path, existing, id);
            }
            None if self.mend(spot.depth, path, id) => {
                self.tree.append(parent, id);
                self.note_dynamic(spot.group, id);
            }
            None => self.put_aside(path, id),
        }
    }
}

/// The word and the bit of a field; there are fewer than 256.
fn position(field: Field) -> (usize, u64) {
    let number = field as usize;
    (number / 64 % 4, 1 << (number % 64))
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
