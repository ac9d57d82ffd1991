//! The order in which the code declares the keys, which JSON schemas lose: their objects are sorted.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Field, Shape};
use crate::sections::Settings;

/// The keys of an object in the order in which they come, each with the keys below it.
#[derive(Default)]
struct Keys(Vec<(String, Keys)>);

/// Sorts fields as the code declares them. Without that (it can't fail with the types at hand), they stay as they are.
pub(super) fn as_declared(fields: &mut [Field]) {
    // A serializer goes through the fields in order, and text keeps it.
    let text = serde_json::to_string(&Settings::default()).unwrap_or_default();
    sort(fields, &serde_json::from_str(&text).unwrap_or_default());
}

fn sort(fields: &mut [Field], keys: &Keys) {
    fields.sort_by_key(|field| keys.0.iter().position(|(key, _)| *key == field.name));
    for field in fields {
        let below = keys.0.iter().find(|(key, _)| *key == field.name);
        if let (Shape::Section(inner), Some((_, below))) = (&mut field.shape, below) {
            sort(inner, below);
        }
    }
}

// === impl Keys ===

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut keys = Vec::new();
        while let Some(entry) = map.next_entry()? {
            keys.push(entry);
        }
        Ok(Keys(keys))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Keys, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Keys::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Keys, E> {
        Ok(Keys::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Keys, E> {
        Ok(Keys::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Keys, E> {
        Ok(Keys::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Keys, E> {
        Ok(Keys::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Keys, E> {
        Ok(Keys::default())
    }

    fn visit_unit<E>(self) -> Result<Keys, E> {
        Ok(Keys::default())
    }
}
