//! The content of a file. Everything in it has its place.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use crate::fault::{Fault, Place};

/// How many keys, values, lists and sections a file may have.
const MAX_NODES: usize = 250_000;

/// Something in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub tree: Tree,
}

/// What stands in a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// A text, a number, a truth value, or nothing.
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// Keys with values, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Key {
    /// Where it begins.
    pub place: Place,
    /// The key.
    pub name: String,
}

// === impl Node ===

impl Node {
    /// Reads a file. Depth, aliases and the number of nodes are within the reader's limits. Truth values are `true` and `false`, as in
    /// YAML 1.2; `no`, `on` and `y` are texts. Tags of our own make there are none: `!exists(.a)` would be one, on nothing.
    ///
    /// # Errors
    /// When it is no YAML.
    pub fn read(text: &str) -> Result<Self, Fault> {
        Self::read_within(text, MAX_NODES)
    }

    /// [`read`](Self::read) for a file that may be large: with at most so many nodes.
    ///
    /// # Errors
    /// When it is no YAML, or has more.
    pub fn read_within(text: &str, max_nodes: usize) -> Result<Self, Fault> {
        let options = serde_saphyr::options! {
            strict_booleans: true,
            reject_unsupported_tags: true,
            // A node is up to two events.
            budget: serde_saphyr::budget! { max_nodes: max_nodes, max_events: max_nodes.saturating_mul(4) },
        };
        let read = serde_saphyr::from_str_with_options::<Spanned<Tree>>(text, options);
        read.map(Self::from).map_err(|error| Fault::from(&error))
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Tree::Map(entries) = &self.tree else { return None };
        entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// The elements of a list; of anything else, none.
    #[must_use]
    pub fn elements(&self) -> &[Self] {
        match &self.tree {
            Tree::List(elements) => elements,
            Tree::Scalar(_) | Tree::Map(_) => &[],
        }
    }

    /// Whether nothing is there: a key whose lines are all commented out.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.tree == Tree::Scalar(Value::Null)
    }

    /// The same as JSON. Keys without a value are left out.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.tree {
            Tree::Scalar(value) => value.clone(),
            Tree::List(elements) => elements.iter().map(Self::to_json).collect(),
            Tree::Map(entries) => {
                let given = entries.iter().filter(|(_, node)| !node.is_null());
                Value::Object(
                    given.map(|(key, node)| (key.name.clone(), node.to_json())).collect::<Map<_, _>>(),
                )
            }
        }
    }

    /// The same as a type.
    ///
    /// # Errors
    /// When the type doesn't take it, for a reason that its shape doesn't know.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_value(self.to_json()).map_err(|error| Fault::new(self.place, error.to_string()))
    }
}

impl From<Spanned<Tree>> for Node {
    fn from(spanned: Spanned<Tree>) -> Self {
        Self { place: place(&spanned), tree: spanned.value }
    }
}

fn place<T>(spanned: &Spanned<T>) -> Place {
    (spanned.referenced.line(), spanned.referenced.column())
}

// === impl Tree ===

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, node)) = map.next_entry::<Spanned<String>, Spanned<Tree>>()? {
            entries.push((Key { place: place(&key), name: key.value }, Node::from(node)));
        }
        Ok(Tree::Map(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
        let mut elements = Vec::new();
        while let Some(node) = list.next_element::<Spanned<Tree>>()? {
            elements.push(Node::from(node));
        }
        Ok(Tree::List(elements))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Scalar(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar(Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_its_place() {
        let node = Node::read("a: 1\nb:\n  - x: [true, ~, 'y']\n    z: 1.5\n").unwrap();
        assert_eq!(node.get("a").unwrap().place, (1, 4));
        let element = &node.get("b").unwrap().elements()[0];
        assert_eq!(element.place, (3, 5));
        let Tree::Map(entries) = &element.tree else { panic!("{element:?}") };
        assert_eq!((entries[1].0.name.as_str(), entries[1].0.place), ("z", (4, 5)));
        assert_eq!(element.get("x").unwrap().elements()[2].place, (3, 18));
        let json = serde_json::json!({"a": 1, "b": [{"x": [true, null, "y"], "z": 1.5}]});
        assert_eq!(node.to_json(), json);
    }

    #[test]
    fn a_country_is_no_truth_value() {
        let node = Node::read("[no, y, on, true]").unwrap();
        assert_eq!(node.to_json(), serde_json::json!(["no", "y", "on", true]));
    }

    /// Guarantees: what is no YAML is told once, with its place, and not again in the message.
    #[test]
    fn what_is_no_yaml_is_told_once() {
        let fault = Node::read("a: [1\nb: }\n").unwrap_err();
        assert!(fault.place.0 > 0, "{fault:?}");
        assert!(!fault.message.contains('\n') && !fault.message.contains("line "), "{fault:?}");
        let deep = "[".repeat(1_000);
        assert!(Node::read(&deep).is_err());
    }
}
