//! Holding a document to what it may have beyond the schema. What is too much goes to `unmapped`.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use super::{ROOT, Shape};
use crate::budget::Guard;
use crate::ecs::{GroupId, SCHEMA};
use crate::tree::{NodeId, Tree, Value};

/// Labels that are ours, and free.
const OURS: [&str; 3] = ["original_timestamp", "parse_error", "correlation_id"];

impl Shape<'_, '_> {
    /// Whether there is anything that a guard is to look at.
    pub(crate) fn is_beyond_schema(&self) -> bool {
        !self.dynamic.is_empty()
    }

    /// Takes out what the guard doesn't admit. `free` are labels that it isn't asked about.
    pub(crate) fn guard(&mut self, guard: &mut Guard<'_>, free: &[(&str, &str)]) {
        let shape = self.names();
        if guard.knows(shape) {
            return;
        }
        let dynamic = std::mem::take(self.dynamic);
        let mut gone: Vec<(NodeId, NodeId)> = Vec::new();
        let mut path = String::new();
        for (group, id) in &dynamic {
            let key = self.tree.key(*id).as_str();
            if group.is_none() && (OURS.contains(&key) || free.iter().any(|(name, _)| *name == key)) {
                continue;
            }
            path.clear();
            let parent = match group {
                Some(group) => {
                    push_group(&mut path, *group);
                    self.groups.get(group.index()).copied().flatten()
                }
                None => {
                    path.push_str("labels");
                    self.labels
                }
            };
            push_part(&mut path, key);
            if !self.hold(*id, &mut path, guard) {
                let value = self.tree.value(*id).clone();
                self.unmapped(&path, value);
                gone.push((parent.unwrap_or(ROOT), *id));
            }
        }
        *self.dynamic = dynamic;
        guard.learn(shape);
        gone.sort_unstable();
        for of_parent in gone.chunk_by(|a, b| a.0 == b.0) {
            if let Some((parent, _)) = of_parent.first() {
                self.take_out(*parent, |id| of_parent.binary_search(&(*parent, id)).is_ok());
            }
        }
    }

    /// A hash of the names that the schema doesn't know, and of how they are nested: of hashes that the tree has anyway.
    ///
    /// Those are weak. Names that are made to collide pass for others that were admitted, and then count for nothing: the
    /// index's own limit holds them up, to the harm of nobody but their sender.
    fn names(&self) -> u64 {
        self.dynamic.iter().fold(0, |hash, (group, id)| {
            let place = group.map_or(u64::MAX, |group| group.index() as u64);
            below(&self.tree, *id, mix(hash, place))
        })
    }

    /// Whether a node may stay where it is; what must not stay in it has then been taken out.
    fn hold(&mut self, id: NodeId, path: &mut String, guard: &mut Guard<'_>) -> bool {
        let first = match self.tree.value(id) {
            Value::Object(children, _) => children.first(),
            Value::Array(children, _) if self.holds_objects(children.first()) => {
                let length = path.len();
                let holds = guard.admits(path, false) && self.holds_all(id, path, guard, &mut HashSet::new());
                path.truncate(length);
                return holds;
            }
            _ => None,
        };
        if !guard.admits(path, first.is_none()) {
            return false;
        }
        let (mut at, mut gone) = (first, Vec::new());
        let length = path.len();
        while let Some(member) = at {
            at = self.tree.next(member);
            push_part(path, self.tree.key(member).as_str());
            let before = raw_len(self.tree.value(member));
            if !self.hold(member, path, guard) {
                let value = self.tree.value(member).clone();
                self.unmapped(path, value);
                gone.push(member);
            } else if raw_len(self.tree.value(member)) != before {
                // What is copied as it came no longer is what it was.
                self.open(id);
            }
            path.truncate(length);
        }
        if !gone.is_empty() {
            gone.sort_unstable();
            self.take_out(id, |member| gone.binary_search(&member).is_ok());
        }
        true
    }

    /// Whether all fields of the objects in a container are admitted, each counted once.
    fn holds_all(
        &self,
        container: NodeId,
        path: &mut String,
        guard: &mut Guard<'_>,
        seen: &mut HashSet<String>,
    ) -> bool {
        let length = path.len();
        let is_object = matches!(self.tree.value(container), Value::Object(..));
        let mut at = self.tree.first(container);
        while let Some(id) = at {
            at = self.tree.next(id);
            let is_leaf = self.tree.value(id).is_scalar() || self.tree.first(id).is_none();
            // Elements have no name: their members are told by the array's path.
            if is_object {
                push_part(path, self.tree.key(id).as_str());
                if !seen.contains(path.as_str()) {
                    if !guard.admits(path, is_leaf) {
                        return false;
                    }
                    let _new = seen.insert(path.clone());
                }
            }
            if !is_leaf && !self.holds_all(id, path, guard, seen) {
                return false;
            }
            path.truncate(length);
        }
        true
    }

    fn holds_objects(&self, first: Option<NodeId>) -> bool {
        first.is_some_and(|first| !self.tree.value(first).is_scalar())
    }

    /// Takes members out of an object; the others stay in their order.
    fn take_out(&mut self, parent: NodeId, is_gone: impl Fn(NodeId) -> bool) {
        let mut at = self.tree.detach(parent);
        while let Some(id) = at {
            at = self.tree.next(id);
            if !is_gone(id) {
                self.tree.append(parent, id);
            }
        }
    }
}

/// Adds a node's name and those in it. Recurses as deep as documents nest.
fn below(tree: &Tree<'_>, id: NodeId, hash: u64) -> u64 {
    let mut hash = mix(hash, tree.name_hash(id));
    let mut at = tree.first(id);
    if at.is_some() {
        hash = mix(hash, u64::from(b'{'));
        while let Some(member) = at {
            hash = below(tree, member, hash);
            at = tree.next(member);
        }
        hash = mix(hash, u64::from(b'}'));
    }
    hash
}

fn mix(hash: u64, more: u64) -> u64 {
    (hash.rotate_left(5) ^ more).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn raw_len(value: &Value<'_>) -> usize {
    match value {
        Value::Object(_, source) => source.raw.len(),
        _ => 0,
    }
}

fn push_group(path: &mut String, group: GroupId) {
    if group != GroupId::ROOT {
        let known = SCHEMA.group_of(group);
        push_group(path, known.parent);
        push_part(path, known.name);
    }
}

fn push_part(path: &mut String, part: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(part);
}
