//! From a JSON schema, all references inlined, to a [`Shape`].

use serde_json::Value;

use super::{Field, Shape};
use crate::units::{ByteSize, Period};

/// The mark of dictionaries whose names have dots, set on the field by `#[schemars(extend(...))]`.
const DOTTED: &str = "x-dotted-names";

/// The keys of a section; of anything else, none.
pub(super) fn fields(schema: &Value) -> Vec<Field> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(name, schema)| field(name, schema)).collect()
}

fn shape(schema: &Value) -> Shape {
    if let Some(words) = words(schema) {
        return Shape::Word(words);
    }
    // A section that may be left out.
    if let Some(one) = schema.get("anyOf").and_then(Value::as_array).and_then(|of| of.first()) {
        return shape(one);
    }
    let types = types(schema);
    if schema.get("properties").is_some() {
        Shape::Section(fields(schema))
    } else if let Some(each) =
        schema.get("additionalProperties").filter(|each| each.get("properties").is_some())
    {
        Shape::Named(fields(each))
    } else if types.contains(&"object") {
        Shape::Dictionary { dotted: schema.get(DOTTED).is_some() }
    } else if types.contains(&"integer") {
        integer(schema)
    } else if types.contains(&"number") {
        Shape::Number
    } else if types.contains(&"boolean") {
        Shape::Boolean
    } else {
        match schema.get("format").and_then(Value::as_str) {
            Some(ByteSize::FORMAT) => Shape::ByteSize,
            Some(Period::FORMAT) => Shape::Period,
            _ => Shape::Text,
        }
    }
}

fn field(name: &str, schema: &Value) -> Field {
    let doc = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let shape = shape(schema);
    let default = match shape {
        Shape::Section(_) => None,
        _ => schema.get("default").filter(|value| !value.is_null()).cloned(),
    };
    Field {
        name: name.to_owned(),
        shape,
        optional: types(schema).contains(&"null"),
        default,
        doc: doc.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// `type` is one name or a list of them.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Enums come as `enum`, or as `oneOf` with a `const` each where variants are documented.
fn words(schema: &Value) -> Option<Vec<String>> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.iter().map(|word| word.as_str().map(str::to_owned)).collect();
    }
    let variants = schema.get("oneOf").and_then(Value::as_array)?;
    variants.iter().map(|variant| variant.get("const")?.as_str().map(str::to_owned)).collect()
}

fn integer(schema: &Value) -> Shape {
    let (min, max) = match schema.get("format").and_then(Value::as_str) {
        Some("int32") => (i32::MIN.into(), i32::MAX.into()),
        Some("uint32") => (0, u32::MAX.into()),
        Some("uint" | "uint64") => (0, i64::MAX),
        _ => (i64::MIN, i64::MAX),
    };
    let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
    Shape::Integer { min: bound("minimum").unwrap_or(min), max: bound("maximum").unwrap_or(max) }
}
