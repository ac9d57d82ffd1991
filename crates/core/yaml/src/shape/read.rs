//! From a JSON schema, all references inlined, to a [`Shape`].

use serde_json::{Map, Value};

use super::{Field, Shape, Word};

pub(super) fn shape(schema: &Value) -> Shape {
    let Value::Object(members) = schema else { return Shape::Anything };
    if let Some(options) = list(members, "anyOf").or_else(|| list(members, "oneOf")) {
        return either(options);
    }
    if let Some(words) = list(members, "enum") {
        return Shape::Words(words.iter().filter_map(|word| Some(named(word.as_str()?, ""))).collect());
    }
    if let Some(word) = members.get("const").and_then(Value::as_str) {
        return Shape::Words(vec![named(word, &doc(members))]);
    }
    match types(members).as_slice() {
        [] => Shape::Anything,
        [one] => of_type(one, members),
        several => Shape::Either(several.iter().map(|one| of_type(one, members)).collect()),
    }
}

fn of_type(name: &str, members: &Map<String, Value>) -> Shape {
    match name {
        "object" => object(members),
        "array" => Shape::List(Box::new(members.get("items").map_or(Shape::Anything, shape))),
        "string" if members.get("maxLength").and_then(Value::as_u64) == Some(1) => Shape::Character,
        "string" => Shape::Text,
        "boolean" => Shape::Boolean,
        "integer" => integer(members),
        "number" => Shape::Number,
        _ => Shape::Anything,
    }
}

/// Words come as an option each, where they are documented; they are put together.
fn either(options: &[Value]) -> Shape {
    let (mut words, mut shapes) = (Vec::new(), Vec::new());
    for option in options.iter().filter(|option| option.get("type").is_none_or(|name| name != "null")) {
        match shape(option) {
            Shape::Words(more) => words.extend(more),
            Shape::Either(more) => shapes.extend(more),
            other => shapes.push(other),
        }
    }
    if !words.is_empty() {
        shapes.insert(0, Shape::Words(words));
    }
    if shapes.len() == 1 { shapes.remove(0) } else { Shape::Either(shapes) }
}

fn object(members: &Map<String, Value>) -> Shape {
    let Some(properties) = members.get("properties").and_then(Value::as_object) else {
        return match members.get("additionalProperties") {
            // A struct without fields.
            Some(Value::Bool(false)) => Shape::Section(Vec::new()),
            value => Shape::Names { known: None, value: Box::new(value.map_or(Shape::Anything, shape)) },
        };
    };
    let required = list(members, "required").unwrap_or_default();
    let is_required = |name: &str| required.iter().any(|known| known == name);
    let mut values = properties.values();
    // Names that a type knows: all take the same, and nothing is said of one that isn't said of the others.
    if let Some(value) = values.next()
        && required.is_empty()
        && properties.len() > 1
        && values.all(|other| other == value)
    {
        let known = properties.keys().cloned().collect();
        return Shape::Names { known: Some(known), value: Box::new(shape(value)) };
    }
    let field = |(name, schema): (&String, &Value)| Field {
        name: name.clone(),
        shape: shape(schema),
        required: is_required(name),
        doc: match schema.as_object().map(doc).unwrap_or_default() {
            // A variant with a value: what is said, is said of the variant.
            own if own.is_empty() && properties.len() == 1 => doc(members),
            own => own,
        },
    };
    Shape::Section(properties.iter().map(field).collect())
}

fn integer(members: &Map<String, Value>) -> Shape {
    let (min, max) = match members.get("format").and_then(Value::as_str) {
        Some("uint8") => (0, u8::MAX.into()),
        Some("uint16") => (0, u16::MAX.into()),
        Some("uint32") => (0, u32::MAX.into()),
        Some("int32") => (i32::MIN.into(), i32::MAX.into()),
        Some("uint" | "uint64") => (0, i64::MAX),
        _ => (i64::MIN, i64::MAX),
    };
    let bound = |key: &str| members.get(key).and_then(Value::as_i64);
    Shape::Whole { min: bound("minimum").unwrap_or(min), max: bound("maximum").unwrap_or(max) }
}

/// `type` is one name or a list of them; that there may be nothing is said elsewhere.
fn types(members: &Map<String, Value>) -> Vec<&str> {
    let all = match members.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    all.into_iter().filter(|name| *name != "null").collect()
}

fn list<'a>(members: &'a Map<String, Value>, key: &str) -> Option<&'a [Value]> {
    members.get(key).and_then(Value::as_array).map(Vec::as_slice)
}

fn named(name: &str, doc: &str) -> Word {
    Word { name: name.to_owned(), doc: doc.to_owned() }
}

/// The documentation in one paragraph.
fn doc(members: &Map<String, Value>) -> String {
    let doc = members.get("description").and_then(Value::as_str).unwrap_or_default();
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}
