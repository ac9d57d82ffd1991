//! Small things done to the fields of an event.

use std::borrow::Cow;

use vrl::value::{ObjectMap, Value};

/// Puts an object over another: members of objects are merged, everything else is replaced. Nothing happens unless both
/// are objects.
pub fn merge(event: &mut Value, facts: Value) {
    let (Value::Object(event), Value::Object(facts)) = (event, facts) else { return };
    for (key, fact) in facts {
        match event.get_mut(key.as_str()) {
            Some(there @ Value::Object(_)) if fact.is_object() => merge(there, fact),
            Some(there) => *there = fact,
            None => {
                event.insert(key, fact);
            }
        }
    }
}

/// The text of a scalar: a string as it is, numbers and booleans written out.
#[must_use]
pub fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(_) | Value::Bytes(_) => value.to_str().map(Cow::Borrowed),
        Value::Integer(number) => Some(Cow::Owned(number.to_string())),
        Value::Float(number) => Some(Cow::Owned(number.to_string())),
        Value::Boolean(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        _ => None,
    }
}

/// Puts a value at a path of an object. What stands in the way and isn't an object is replaced.
pub(crate) fn put(mut map: &mut ObjectMap, path: &[&str], value: Value) {
    let Some((last, parents)) = path.split_last() else { return };
    for parent in parents {
        // Looked up before it is inserted: a key is an allocation.
        if !map.get(*parent).is_some_and(Value::is_object) {
            map.insert((*parent).into(), Value::Object(ObjectMap::new()));
        }
        let Some(Value::Object(inner)) = map.get_mut(*parent) else { return };
        map = inner;
    }
    map.insert((*last).into(), value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        serde_json::from_str::<serde_json::Value>(json).unwrap().into()
    }

    #[test]
    fn merging_keeps_what_the_facts_do_not_name() {
        let mut event = value(r#"{"a":{"x":1,"y":2},"b":"text"}"#);
        merge(&mut event, value(r#"{"a":{"y":3,"z":4},"b":{"c":1}}"#));
        assert_eq!(event, value(r#"{"a":{"x":1,"y":3,"z":4},"b":{"c":1}}"#));
    }

    #[test]
    fn a_path_replaces_a_scalar_in_its_way() {
        let mut map = ObjectMap::new();
        put(&mut map, &["a"], Value::from("scalar"));
        put(&mut map, &["a", "b", "c"], Value::Integer(1));
        assert_eq!(Value::Object(map), value(r#"{"a":{"b":{"c":1}}}"#));
    }
}
