//! Places where nothing conflicts: `labels` for scalars, `unmapped` for everything, `unmapped_long` for what no index could
//! search anyway.

use std::borrow::Cow;

use super::{MAX_DEPTH, MAX_KEY, Shape};
use crate::document::{json_of, push_string};
use crate::tree::{Key, Kind, ROOT, Source, Tree, Value};

/// The longest string that goes to `unmapped`, in bytes. OpenSearch refuses documents in whose `flat_object` there is one of
/// more than 32,766 bytes, its path included; it can't be told to leave those out.
const MAX_STRING: usize = 28_000;

/// Whether there may be a string in a value that is too long for a field that takes whole objects.
pub(crate) fn is_long(tree: &Tree<'_>, value: &Value<'_>) -> bool {
    match value {
        Value::Json(text) | Value::Huge(text) | Value::Text(text) => text.len() > MAX_STRING,
        Value::Integer(_) | Value::Time(_) => false,
        Value::Object(_, source) | Value::Array(_, source) if !source.raw.is_empty() => {
            source.raw.len() > MAX_STRING
        }
        Value::Object(children, _) | Value::Array(children, _) => {
            let mut at = children.first();
            while let Some(id) = at {
                if is_long(tree, tree.value(id)) {
                    return true;
                }
                at = tree.next(id);
            }
            false
        }
    }
}

impl<'a> Shape<'a, '_> {
    /// Puts a scalar under `labels`.
    pub(crate) fn labelled(&mut self, name: &str, value: Value<'a>) {
        let labels = *self.labels.get_or_insert_with(|| {
            self.tree.add(ROOT, Key::Clean("labels"), Value::Object(Default::default(), Source::default()))
        });
        let mut key = name.replace('.', "_");
        if key.trim().is_empty() {
            key = "_".to_owned();
        }
        if key.len() > MAX_KEY || self.tree.find(labels, &key).is_some() || value.kind() == Kind::Null {
            return self.unmapped(&format!("labels.{name}"), value);
        }
        let id = self.tree.add(labels, Key::Owned(key), value);
        self.dynamic.push((None, id));
    }

    /// Whether no label has this name.
    pub(super) fn is_label_free(&self, name: &str) -> bool {
        self.labels.is_none_or(|labels| self.tree.find(labels, name).is_none())
    }

    /// Puts a value where nothing conflicts.
    pub(crate) fn unmapped(&mut self, path: &str, value: Value<'a>) {
        let value = match value {
            Value::Object(_, source) | Value::Array(_, source) if !source.clean && !source.raw.is_empty() => {
                Value::Text(Cow::Borrowed(source.raw))
            }
            Value::Object(_, source) | Value::Array(_, source)
                if usize::from(source.depth) > MAX_DEPTH && !source.raw.is_empty() =>
            {
                Value::Text(Cow::Borrowed(source.raw))
            }
            Value::Object(_, source) | Value::Array(_, source)
                if source.built && (!source.clean || usize::from(source.depth) > MAX_DEPTH) =>
            {
                Value::Text(Cow::Owned(json_of(&self.tree, &value)))
            }
            value => value,
        };
        let (path, value) =
            if path.len() > MAX_KEY { self.shortened(path, value) } else { (path.to_owned(), value) };
        // The keys of a flattened field may not hold the NUL character.
        let mut path = path.replace('\0', "_");
        if path.trim().is_empty() {
            path = "_".to_owned();
        }
        let (slot, name) = match is_long(&self.tree, &value) {
            true => (&mut self.unmapped_long, "unmapped_long"),
            false => (&mut self.unmapped, "unmapped"),
        };
        let parent = *slot.get_or_insert_with(|| {
            self.tree.add(ROOT, Key::Clean(name), Value::Object(Default::default(), Source::default()))
        });
        let Some(existing) = self.tree.find(parent, &path) else {
            let _id = self.tree.add(parent, Key::Owned(path), value);
            return;
        };
        let is_list = matches!(self.tree.value(existing), Value::Array(_, source) if source.raw.is_empty() && !source.built);
        if !is_list {
            let list = Value::Array(Default::default(), Source::default());
            let first = self.tree.value(existing).clone();
            self.tree.set_value(existing, list);
            let _id = self.tree.add(existing, Key::Clean(""), first);
        }
        let _id = self.tree.add(existing, Key::Clean(""), value);
    }

    /// The beginning of a long name, and name and value as one JSON text.
    fn shortened(&self, path: &str, value: Value<'a>) -> (String, Value<'a>) {
        const KEPT: usize = 128;
        let mut end = KEPT;
        while !path.is_char_boundary(end) {
            end -= 1;
        }
        let mut text = Vec::new();
        text.push(b'{');
        push_string(&mut text, path);
        text.push(b':');
        match &value {
            Value::Json(json) => text.extend_from_slice(json.as_bytes()),
            Value::Huge(json) => text.extend_from_slice(json.as_bytes()),
            Value::Object(_, source) | Value::Array(_, source) if source.raw.is_empty() => {
                text.extend_from_slice(json_of(&self.tree, &value).as_bytes());
            }
            Value::Object(_, source) | Value::Array(_, source) => {
                text.extend_from_slice(source.raw.as_bytes());
            }
            Value::Text(string) => push_string(&mut text, string),
            Value::Integer(number) | Value::Time(number) => {
                text.extend_from_slice(number.to_string().as_bytes());
            }
        }
        text.push(b'}');
        let text = String::from_utf8_lossy(&text).into_owned();
        (path.get(..end).unwrap_or("_").to_owned(), Value::Text(Cow::Owned(text)))
    }
}
