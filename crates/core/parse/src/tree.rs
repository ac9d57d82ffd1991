//! The members of one event, in an arena that is kept between events.
//!
//! Nodes are linked by index, so that a member can be renamed and moved without a copy, and nothing is allocated per
//! event once the arena has grown. A value that needs no change stays what it was in the input: a slice of JSON.
//!
//! Invariant: a container's `raw` text, where there is one, is the container as it came, valid JSON; when `clean` is
//! set too, it can be copied to the output as it stands, but for white space.

use std::borrow::Cow;
use std::collections::HashMap;

use twox_hash::XxHash3_64;

use crate::hash;

/// Where a node stands in its tree.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct NodeId(u32);

/// The object that becomes the document.
pub(crate) const ROOT: NodeId = NodeId(0);

/// From this many members on, an object's keys are looked up in a map and no longer one by one.
const MANY: u32 = 48;

/// A member's name.
#[derive(Clone, Debug)]
pub(crate) enum Key<'a> {
    /// Needs no escaping in JSON.
    Clean(&'a str),
    /// May need escaping.
    Owned(String),
}

impl Key<'_> {
    /// The name, without escapes.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Clean(key) => key,
            Self::Owned(key) => key,
        }
    }
}

/// What kind of JSON a value is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Kind {
    #[default]
    Null,
    Bool,
    Number,
    String,
    Object,
    /// Only as the kind of an array's elements, when they differ.
    Mixed,
}

/// The members of a container, in order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Children {
    first: Option<NodeId>,
    last: Option<NodeId>,
    count: u32,
    /// A bit for each hash that is among the members: what isn't here needs no search.
    bloom: u64,
}

/// A container as it stood in the input.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Source<'a> {
    /// Its JSON; empty when it was made, or changed, by us.
    pub(crate) raw: &'a str,
    /// Whether it stands as it came, but as nodes only: it was made from a rule's value and has no `raw`.
    pub(crate) built: bool,
    /// Whether `raw` has white space between its tokens.
    pub(crate) loose: bool,
    /// Whether a search server takes it as it is.
    pub(crate) clean: bool,
    /// How many objects and arrays are nested in it, itself included.
    pub(crate) depth: u8,
    /// For an array: what its elements are, nested arrays looked through.
    pub(crate) elements: Kind,
}

/// A value of the document.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    /// A scalar, already in JSON.
    Json(Cow<'a, str>),
    /// A number that no numeric type of a search server holds.
    Huge(Cow<'a, str>),
    /// A string still to be quoted and escaped.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// A time in milliseconds since the Unix epoch.
    Time(i64),
    /// Named members.
    Object(Children, Source<'a>),
    /// Members without names. One that holds scalars only has no children, just its source.
    Array(Children, Source<'a>),
}

impl Children {
    /// The first member.
    pub(crate) fn first(&self) -> Option<NodeId> {
        self.first
    }
}

impl Value<'_> {
    /// What kind of JSON it is; of an array, what its elements are.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Json(json) => match json.as_bytes().first() {
                Some(b'"') => Kind::String,
                Some(b't' | b'f') => Kind::Bool,
                Some(b'n') => Kind::Null,
                _ => Kind::Number,
            },
            Self::Huge(_) | Self::Integer(_) => Kind::Number,
            Self::Text(_) | Self::Time(_) => Kind::String,
            Self::Object(..) => Kind::Object,
            Self::Array(_, source) => source.elements,
        }
    }

    /// Whether it is neither object nor array.
    pub(crate) fn is_scalar(&self) -> bool {
        !matches!(self, Self::Object(..) | Self::Array(..))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    key: Key<'a>,
    hash: u32,
    next: Option<NodeId>,
    value: Value<'a>,
}

/// What a tree leaves behind for the next one.
#[derive(Debug, Default)]
pub(crate) struct Storage(Vec<Node<'static>>);

/// An arena of nodes; [`ROOT`] is always an object.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    /// The members of large objects. Keyed with the standard library's seeded hash, since the input fills it.
    index: HashMap<(u32, String), NodeId>,
}

// === impl Tree ===

impl<'a> Tree<'a> {
    /// An empty tree in the memory of an earlier one.
    pub(crate) fn new(storage: Storage) -> Self {
        // Collecting an emptied vector into one of the same layout keeps its allocation.
        let mut nodes: Vec<Node<'a>> = storage.0.into_iter().map_while(|_| None).collect();
        nodes.push(Node {
            key: Key::Clean(""),
            hash: 0,
            next: None,
            value: Value::Object(Children::default(), Source::default()),
        });
        Self { nodes, index: HashMap::new() }
    }

    /// Gives the memory back. What one huge event needed is not kept.
    pub(crate) fn into_storage(mut self) -> Storage {
        const KEPT: usize = 4096;
        if self.nodes.capacity() > KEPT {
            return Storage::default();
        }
        self.nodes.clear();
        Storage(self.nodes.into_iter().map_while(|_| None).collect())
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Makes a node that belongs nowhere yet.
    pub(crate) fn push(&mut self, key: Key<'a>, value: Value<'a>) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        let hash = hash::short(0, key.as_str().as_bytes());
        self.nodes.push(Node { key, hash, next: None, value });
        id
    }

    /// Appends a node to a container. Whether the name is free is the caller's to check.
    pub(crate) fn append(&mut self, parent: NodeId, id: NodeId) {
        let node = self.node_mut(id);
        node.next = None;
        let bit = bit(node.hash);
        let (Value::Object(children, _) | Value::Array(children, _)) = &mut self.node_mut(parent).value
        else {
            return;
        };
        let last = children.last.replace(id);
        children.count += 1;
        children.bloom |= bit;
        let count = children.count;
        match last {
            Some(last) => self.node_mut(last).next = Some(id),
            None => {
                if let Value::Object(children, _) | Value::Array(children, _) =
                    &mut self.node_mut(parent).value
                {
                    children.first = Some(id);
                }
            }
        }
        if count >= MANY && matches!(self.value(parent), Value::Object(..)) {
            self.index_member(parent, id, count);
        }
    }

    /// Makes and appends a member.
    pub(crate) fn add(&mut self, parent: NodeId, key: Key<'a>, value: Value<'a>) -> NodeId {
        let id = self.push(key, value);
        self.append(parent, id);
        id
    }

    /// The member of an object with this name.
    pub(crate) fn find(&self, parent: NodeId, key: &str) -> Option<NodeId> {
        self.find_hashed(parent, hash::short(0, key.as_bytes()), key)
    }

    /// The same, where the name's hash is known.
    pub(crate) fn find_hashed(&self, parent: NodeId, hash: u32, key: &str) -> Option<NodeId> {
        let Value::Object(children, _) = self.value(parent) else { return None };
        if children.bloom & bit(hash) == 0 {
            return None;
        }
        if children.count >= MANY {
            return self.index.get(&(parent.0, key.to_owned())).copied();
        }
        let mut at = children.first;
        while let Some(id) = at {
            let node = self.node(id);
            if node.hash == hash && node.key.as_str() == key {
                return Some(id);
            }
            at = node.next;
        }
        None
    }

    /// The first member of a container.
    pub(crate) fn first(&self, parent: NodeId) -> Option<NodeId> {
        match self.value(parent) {
            Value::Object(children, _) | Value::Array(children, _) => children.first,
            _ => None,
        }
    }

    /// The member after this one.
    pub(crate) fn next(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).next
    }

    /// Takes all members out of a container, which from then on is ours and no longer what it was in the input.
    pub(crate) fn detach(&mut self, parent: NodeId) -> Option<NodeId> {
        match &mut self.node_mut(parent).value {
            Value::Object(children, source) | Value::Array(children, source) => {
                (source.raw, source.built) = ("", false);
                std::mem::take(children).first
            }
            _ => None,
        }
    }

    /// Takes one member out of a container.
    pub(crate) fn unlink(&mut self, parent: NodeId, id: NodeId) {
        let mut before = None;
        let mut at = self.first(parent);
        while let Some(member) = at.filter(|member| *member != id) {
            (before, at) = (at, self.next(member));
        }
        if at.is_none() {
            return;
        }
        let after = self.next(id);
        if let Some(before) = before {
            self.node_mut(before).next = after;
        }
        let (Value::Object(children, _) | Value::Array(children, _)) = &mut self.node_mut(parent).value
        else {
            return;
        };
        if before.is_none() {
            children.first = after;
        }
        if after.is_none() {
            children.last = before;
        }
        let was_many = children.count >= MANY;
        // The bloom filter keeps its bit: it may say too much, never too little.
        children.count -= 1;
        let count = children.count;
        if was_many {
            let key = self.key(id).as_str().to_owned();
            let _gone = self.index.remove(&(parent.0, key));
            if count < MANY {
                self.index.retain(|(of, _), _| *of != parent.0);
            }
        }
    }

    /// The hash of a node's name: that of [`hash::short`] with the place 0.
    pub(crate) fn hash(&self, id: NodeId) -> u32 {
        self.node(id).hash
    }

    /// A node's name.
    pub(crate) fn key(&self, id: NodeId) -> &Key<'a> {
        &self.node(id).key
    }

    /// A hash of a node's name. Names of more than sixteen bytes are read to their end.
    pub(crate) fn name_hash(&self, id: NodeId) -> u64 {
        let node = self.node(id);
        match node.key.as_str() {
            key if key.len() > 16 => XxHash3_64::oneshot(key.as_bytes()),
            _ => u64::from(node.hash),
        }
    }

    /// Renames a node that belongs nowhere.
    pub(crate) fn set_key(&mut self, id: NodeId, key: Key<'a>) {
        let hash = hash::short(0, key.as_str().as_bytes());
        let node = self.node_mut(id);
        (node.key, node.hash) = (key, hash);
    }

    /// A node's value.
    pub(crate) fn value(&self, id: NodeId) -> &Value<'a> {
        &self.node(id).value
    }

    /// Gives a node another value.
    pub(crate) fn set_value(&mut self, id: NodeId, value: Value<'a>) {
        self.node_mut(id).value = value;
    }

    /// Takes a node's value, and leaves null.
    pub(crate) fn take_value(&mut self, id: NodeId) -> Value<'a> {
        std::mem::replace(&mut self.node_mut(id).value, Value::Json(Cow::Borrowed("null")))
    }

    fn index_member(&mut self, parent: NodeId, id: NodeId, count: u32) {
        if count > MANY {
            let key = self.key(id).as_str().to_owned();
            let _first_wins = self.index.entry((parent.0, key)).or_insert(id);
            return;
        }
        let mut at = self.first(parent);
        while let Some(id) = at {
            let key = self.key(id).as_str().to_owned();
            let _first_wins = self.index.entry((parent.0, key)).or_insert(id);
            at = self.next(id);
        }
    }

    // Ids come from this arena alone and nodes are never removed, so that an index is always in range.
    fn node(&self, id: NodeId) -> &Node<'a> {
        &self.nodes[id.0 as usize]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node<'a> {
        &mut self.nodes[id.0 as usize]
    }
}

const fn bit(hash: u32) -> u64 {
    1 << (hash & 63)
}
