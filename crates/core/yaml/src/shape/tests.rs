use schemars::JsonSchema;
use serde::Deserialize;

use super::*;

/// A file.
#[derive(Deserialize, JsonSchema)]
#[serde(default)]
#[derive(Default)]
struct File {
    /// The last
    /// by its name.
    z: Option<String>,
    a: Vec<char>,
    m: Inner,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Inner {
    y: u32,
    b: bool,
}

#[test]
fn keys_have_docs_and_shapes_in_the_order_of_the_code() {
    let mut shape = Shape::of::<File>();
    shape.sort(&[declared::<File>(), declared::<Inner>()]);
    let Shape::Section(fields) = &shape else { panic!("{shape:?}") };
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["z", "a", "m"]);
    assert_eq!((fields[0].doc.as_str(), &fields[0].shape), ("The last by its name.", &Shape::Text));
    assert_eq!(fields[1].shape, Shape::List(Box::new(Shape::Character)));
    let Shape::Section(inner) = &fields[2].shape else { panic!("{shape:?}") };
    assert_eq!((inner[0].name.as_str(), &inner[1].shape), ("y", &Shape::Boolean));
    assert_eq!(inner[0].shape, Shape::Whole { min: 0, max: u32::MAX.into() });
}

#[test]
fn a_key_without_docs_is_found() {
    assert_eq!(Shape::of::<File>().undocumented(), [".a", ".m.b", ".m.y", ".m"]);
}

#[test]
fn what_is_no_struct_declares_nothing() {
    assert_eq!(declared::<String>(), [""; 0]);
}
