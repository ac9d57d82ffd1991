//! A tree against the shape of its type: every key known, every value of a kind that its key takes.

use serde_json::Value;

use crate::fault::{Fault, Place};
use crate::shape::{Field, Shape};
use crate::suggest;
use crate::tree::{Key, Node, Tree};

/// All that is wrong, in the order of the file.
#[must_use]
pub fn check(node: &Node, shape: &Shape) -> Vec<Fault> {
    let mut checking = Checking { whole: shape, faults: Vec::new() };
    checking.node(node, shape, "");
    checking.faults.sort_by_key(|fault| fault.place);
    checking.faults
}

struct Checking<'a> {
    /// The shape of the file.
    whole: &'a Shape,
    faults: Vec<Fault>,
}

impl Checking<'_> {
    /// `path` is the key that the node stands at.
    fn node(&mut self, node: &Node, shape: &Shape, path: &str) {
        match (shape, &node.tree) {
            (Shape::Section(fields), Tree::Map(entries)) => self.section(node, entries, fields, path),
            (Shape::Names { known, value }, Tree::Map(entries)) => {
                for (key, node) in entries {
                    if let Some(known) = known.as_ref().filter(|known| !known.contains(&key.name)) {
                        let known: Vec<&str> = known.iter().map(String::as_str).collect();
                        let remedy = suggest::remedy(&key.name, &known);
                        self.fault(key.place, path, &format!("`{}` is not known here; {remedy}", key.name));
                    }
                    self.node(node, value, &below(path, &key.name));
                }
            }
            (Shape::List(inner), Tree::List(elements)) => {
                // The place says which element; the way to the list says nothing more.
                let path = if path.contains('.') { path } else { "" };
                elements.iter().for_each(|element| self.node(element, inner, path));
            }
            (Shape::Either(options), _) => self.either(node, options, path),
            (shape, tree) => {
                if let Err(message) = fits(tree, shape) {
                    self.fault(node.place, path, &message);
                }
            }
        }
    }

    fn section(&mut self, node: &Node, entries: &[(Key, Node)], fields: &[Field], path: &str) {
        for (key, node) in entries {
            match fields.iter().find(|field| field.name == key.name) {
                // As though it were left out: its lines are commented out.
                Some(field) if node.is_null() && !field.required => {}
                Some(field) => self.node(node, &field.shape, &below(path, &key.name)),
                None => {
                    let remedy = self.remedy(&key.name, fields);
                    self.fault(key.place, path, &format!("there is no key `{}` here; {remedy}", key.name));
                }
            }
        }
        let names = || fields.iter().map(|field| field.name.as_str());
        let is_known = |name: &str| fields.iter().any(|field| field.name == name);
        // What is misspelt isn't missing as well.
        let is_meant = |name: &str| {
            let mut unknown = entries.iter().filter(|(key, _)| !is_known(&key.name));
            unknown.any(|(key, _)| suggest::nearest(&key.name, names()) == Some(name))
        };
        let missing = fields.iter().filter(|field| field.required && node.get(&field.name).is_none());
        for field in missing.filter(|field| !is_meant(&field.name)) {
            let message = format!("`{}` is missing; give it {}", field.name, field.shape.expected());
            self.fault(node.place, path, &message);
        }
    }

    /// Of several shapes, the one whose kind the node is says what is wrong.
    fn either(&mut self, node: &Node, options: &[Shape], path: &str) {
        let of_kind: Vec<&Shape> = options.iter().filter(|option| is_of_kind(&node.tree, option)).collect();
        match of_kind.as_slice() {
            [] => {
                let expected: Vec<String> = options.iter().map(Shape::expected).collect();
                self.fault(node.place, path, &instead(&node.tree, &expected.join(" or ")));
            }
            [one] => self.node(node, one, path),
            several => {
                let mut attempts = several.iter().map(|option| {
                    let mut attempt = Checking { whole: self.whole, faults: Vec::new() };
                    attempt.node(node, option, path);
                    attempt.faults
                });
                let first = attempts.next().unwrap_or_default();
                if !first.is_empty() && !attempts.any(|faults| faults.is_empty()) {
                    self.faults.extend(first);
                }
            }
        }
    }

    /// What to do about a key that isn't known.
    fn remedy(&self, key: &str, fields: &[Field]) -> String {
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        let mut homes = Vec::new();
        homes_of(key, self.whole, "", &mut homes);
        match homes.as_slice() {
            // Too many to guess, or misspelt.
            [home] if suggest::nearest(key, names.iter().copied()).is_none() => {
                format!("it belongs under `{home}`")
            }
            _ => suggest::remedy(key, &names),
        }
    }

    fn fault(&mut self, place: Place, path: &str, message: &str) {
        let message = if path.is_empty() { message.to_owned() } else { format!("{path}: {message}") };
        self.faults.push(Fault::new(place, message));
    }
}

/// The sections that know a key.
fn homes_of(key: &str, shape: &Shape, path: &str, homes: &mut Vec<String>) {
    match shape {
        Shape::Section(fields) => {
            if !path.is_empty() && fields.iter().any(|field| field.name == key) {
                homes.push(path.to_owned());
            }
            for field in fields {
                homes_of(key, &field.shape, &field.name, homes);
            }
        }
        Shape::List(inner) => homes_of(key, inner, path, homes),
        Shape::Either(options) => options.iter().for_each(|option| homes_of(key, option, path, homes)),
        _ => {}
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Whether a shape is for this kind of tree at all.
fn is_of_kind(tree: &Tree, shape: &Shape) -> bool {
    match (tree, shape) {
        (_, Shape::Anything) => true,
        (Tree::Map(_), shape) => matches!(shape, Shape::Section(_) | Shape::Names { .. }),
        (Tree::List(_), shape) => matches!(shape, Shape::List(_)),
        (Tree::Scalar(Value::String(_)), shape) => {
            matches!(shape, Shape::Text | Shape::Character | Shape::Words(_))
        }
        (Tree::Scalar(Value::Number(_)), shape) => matches!(shape, Shape::Whole { .. } | Shape::Number),
        (Tree::Scalar(Value::Bool(_)), shape) => matches!(shape, Shape::Boolean),
        (Tree::Scalar(_), _) => false,
    }
}

/// Whether a tree without keys and elements of interest is what a shape wants.
fn fits(tree: &Tree, shape: &Shape) -> Result<(), String> {
    match (shape, tree) {
        (Shape::Anything, _)
        | (Shape::Text, Tree::Scalar(Value::String(_)))
        | (Shape::Boolean, Tree::Scalar(Value::Bool(_)))
        | (Shape::Number, Tree::Scalar(Value::Number(_))) => Ok(()),
        (Shape::Character, Tree::Scalar(Value::String(text))) if text.chars().count() == 1 => Ok(()),
        (Shape::Whole { min, max }, Tree::Scalar(Value::Number(number))) => match number.as_i64() {
            Some(number) if (min..=max).contains(&&number) => Ok(()),
            _ => Err(format!("{number} is out of range; write {}", shape.expected())),
        },
        (Shape::Words(words), Tree::Scalar(Value::String(text))) => {
            if words.iter().any(|word| word.name == *text) {
                return Ok(());
            }
            let words: Vec<&str> = words.iter().map(|word| word.name.as_str()).collect();
            Err(format!("`{text}` is not known here; {}", suggest::remedy(text, &words)))
        }
        (shape, tree) => Err(instead(tree, &shape.expected())),
    }
}

/// Something of another kind than is wanted.
fn instead(tree: &Tree, expected: &str) -> String {
    let found = match tree {
        Tree::Scalar(Value::Null) => return format!("it is empty; write {expected}"),
        Tree::Scalar(Value::Bool(value)) => format!("the truth value {value}"),
        Tree::Scalar(Value::Number(number)) => format!("the number {number}"),
        // Never its value: it may be a secret in the wrong place.
        Tree::Scalar(_) => "text".to_owned(),
        Tree::List(_) => "a list".to_owned(),
        Tree::Map(_) => "a section with keys".to_owned(),
    };
    let is_bare = matches!(tree, Tree::Scalar(Value::Bool(_) | Value::Number(_)));
    let remedy = if is_bare && expected.starts_with("text") {
        "put it in quotes".to_owned()
    } else {
        format!("write {expected}")
    };
    format!("it is {found}; {remedy}")
}

#[cfg(test)]
mod tests;
