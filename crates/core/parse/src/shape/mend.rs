//! Making values acceptable that the schema doesn't know: merging objects, putting odd ones together anew.

use super::{MAX_DEPTH, Shape, Spot, join};
use crate::tree::{Kind, NodeId, Value};

impl Shape<'_, '_> {
    /// Adds the members of one object to another of the same name.
    pub(super) fn merge(&mut self, spot: Spot, path: &str, existing: NodeId, id: NodeId) {
        if self.is_too_deep(spot.depth, id) {
            return self.put_aside(path, id);
        }
        let path = join(path, self.tree.key(id).as_str());
        let inside = Spot { group: None, node: Some(existing), depth: spot.depth + 1 };
        self.open(existing);
        let mut at = self.tree.detach(id);
        while let Some(member) = at {
            at = self.tree.next(member);
            self.place(inside, &path, member);
        }
    }

    fn is_too_deep(&self, depth: usize, id: NodeId) -> bool {
        match self.tree.value(id) {
            Value::Object(_, source) | Value::Array(_, source) => {
                usize::from(source.depth) + depth > MAX_DEPTH
            }
            _ => false,
        }
    }

    /// Makes a value acceptable: objects in it with odd names are put together anew. False where it can't be.
    pub(super) fn mend(&mut self, depth: usize, path: &str, id: NodeId) -> bool {
        if self.is_too_deep(depth, id) {
            return false;
        }
        match self.tree.value(id) {
            Value::Huge(_) => false,
            Value::Object(_, source) if !source.clean => {
                let path = join(path, self.tree.key(id).as_str());
                let inside = Spot { group: None, node: Some(id), depth: depth + 1 };
                let mut at = self.tree.detach(id);
                while let Some(member) = at {
                    at = self.tree.next(member);
                    self.place(inside, &path, member);
                }
                true
            }
            Value::Array(_, source) if !source.clean => {
                if source.elements == Kind::Mixed || self.has_huge(id) {
                    return false;
                }
                let path = join(path, self.tree.key(id).as_str());
                // Each element is an unnamed member, so that its own members are told by the array's path.
                let mut at = self.tree.detach(id);
                while let Some(element) = at {
                    at = self.tree.next(element);
                    if self.mend_element(depth, &path, element) {
                        self.tree.append(id, element);
                    } else {
                        let value = self.tree.value(element).clone();
                        self.unmapped(&path, value);
                    }
                }
                true
            }
            _ => true,
        }
    }

    fn mend_element(&mut self, depth: usize, path: &str, id: NodeId) -> bool {
        let Value::Object(_, source) = self.tree.value(id) else {
            return self.mend(depth, path, id);
        };
        if source.clean {
            return true;
        }
        let inside = Spot { group: None, node: Some(id), depth: depth + 1 };
        let mut at = self.tree.detach(id);
        while let Some(member) = at {
            at = self.tree.next(member);
            self.place(inside, path, member);
        }
        true
    }

    fn has_huge(&self, id: NodeId) -> bool {
        let mut at = self.tree.first(id);
        while let Some(element) = at {
            if matches!(self.tree.value(element), Value::Huge(_)) {
                return true;
            }
            at = self.tree.next(element);
        }
        false
    }
}
