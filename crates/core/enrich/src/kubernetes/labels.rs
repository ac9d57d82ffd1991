//! Which labels are kept, and under which names.

use vrl::value::{KeyString, ObjectMap, Value};

use crate::fields::text;

/// The longest value that is kept, in bytes. Labels have 63 at most, annotations may be long.
const MAX_VALUE: usize = 4096;

/// How deep a label may be that dots were expanded of.
const MAX_DEPTH: usize = 8;

/// A choice of labels.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// All, if none. Names as they are kept; with `true` they are beginnings of names.
    names: Option<Vec<(String, bool)>>,
    most: usize,
}

impl Wanted {
    pub(super) fn new(names: Option<&[String]>, most: usize) -> Self {
        let read = |name: &String| {
            let plain = name.replace('.', "_");
            match plain.strip_suffix('*') {
                Some(beginning) => (beginning.to_owned(), true),
                None => (plain, false),
            }
        };
        Self { names: names.map(|names| names.iter().map(read).collect()), most }
    }

    /// How many are kept at most.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Whether a label is kept. Names of attributes have small letters only, so case doesn't matter.
    pub(super) fn takes(&self, name: &str, value: &str) -> bool {
        value.len() <= MAX_VALUE
            && self.names.as_ref().is_none_or(|names| {
                names.iter().any(|(wanted, beginning)| {
                    let name = if *beginning { name.get(..wanted.len()) } else { Some(name) };
                    name.is_some_and(|name| name.eq_ignore_ascii_case(wanted))
                })
            })
    }

    /// The labels that are kept, in the order of their names, as texts.
    pub(super) fn keep(&self, labels: ObjectMap) -> ObjectMap {
        let mut kept = ObjectMap::new();
        self.add(&mut kept, "", labels, MAX_DEPTH);
        kept
    }

    fn add(&self, kept: &mut ObjectMap, before: &str, labels: ObjectMap, depth: usize) {
        for (name, value) in labels {
            if kept.len() >= self.most {
                return;
            }
            let name: KeyString = match (before, name.as_str().contains('.')) {
                ("", false) => name,
                ("", true) => name.as_str().replace('.', "_").into(),
                _ => format!("{before}_{}", name.as_str().replace('.', "_")).into(),
            };
            if let Value::Object(inner) = value {
                if depth > 0 {
                    self.add(kept, name.as_str(), inner, depth - 1);
                }
                continue;
            }
            if let Some(text) = text(&value)
                && self.takes(name.as_str(), &text)
            {
                let value = text.as_ref().into();
                kept.insert(name, value);
            }
        }
    }
}
