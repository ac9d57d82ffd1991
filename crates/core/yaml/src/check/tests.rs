use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::*;

#[derive(JsonSchema)]
#[expect(dead_code, reason = "its shape is what counts")]
struct File {
    name: String,
    steps: Vec<Step>,
    matches: Option<Matches>,
    labels: Option<BTreeMap<String, u8>>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "its shape is what counts")]
struct Step {
    kind: Option<Kind>,
    take: Option<OneOrMore>,
    mode: Option<Mode>,
    share: Option<f64>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "its shape is what counts")]
struct Matches {
    tenant: Option<String>,
    last: Option<bool>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "its shape is what counts")]
enum Kind {
    /// One.
    Parse,
    /// Another.
    Drop,
}

#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "its shape is what counts")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "its shape is what counts")]
enum Mode {
    Hash,
    KeepLast(u8),
}

fn faults(text: &str) -> Vec<String> {
    let found = check(&Node::read(text).unwrap(), &Shape::of::<File>());
    found.iter().map(|fault| format!("{}:{} {}", fault.place.0, fault.place.1, fault.message)).collect()
}

#[test]
fn what_a_type_takes_is_right() {
    let text = "name: x\nlabels: {a: 7}\nmatches:\nsteps:\n  - {kind: parse, take: a, mode: hash, share: 1}\n  \
                - {take: [a, b], mode: {keep_last: 4}}\n";
    assert_eq!(faults(text), [""; 0]);
}

/// Guarantees: all that is wrong is named, each with its place and with what may have been meant.
#[test]
fn everything_wrong_is_named_at_once() {
    let text = "\
nmae: x
tenant: acme
steps:
  - {knid: parse, kind: prase}
  - kind: 7
    take: 8
    mode: hsah
  - mode: {keep: 4}
    take: [a, true]
    share: much
labels: {a: 256, b: -1, c: x}
";
    let expected = [
        "1:1 there is no key `nmae` here; did you mean `name`?",
        "2:1 there is no key `tenant` here; it belongs under `matches`",
        "4:6 there is no key `knid` here; did you mean `kind`?",
        "4:25 kind: `prase` is not known here; did you mean `parse`? Known are: parse, drop",
        "5:11 kind: it is the number 7; write one of `parse`, `drop`",
        "6:11 take: it is the number 8; put it in quotes",
        "7:11 mode: `hsah` is not known here; did you mean `hash`?",
        "8:12 mode: there is no key `keep` here; did you mean `keep_last`?",
        "9:15 it is the truth value true; put it in quotes",
        "10:12 share: it is text; write a number",
        "11:13 labels.a: 256 is out of range; write a whole number from 0 to 255",
        "11:21 labels.b: -1 is out of range",
        "11:28 labels.c: it is text; write a whole number",
    ];
    let mut found = faults(text);
    found.sort_by_key(|line| {
        let (row, rest) = line.split_once(':').unwrap();
        let column = rest.split(' ').next().unwrap();
        (row.parse::<u64>().unwrap(), column.parse::<u64>().unwrap(), line.clone())
    });
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\nexpected {expected}");
    }
}

#[test]
fn what_is_of_no_kind_at_all_says_what_belongs_there() {
    assert_eq!(faults("[]"), ["1:1 it is a list; write keys"]);
    assert_eq!(faults("steps: []"), ["1:1 `name` is missing; give it text"]);
    assert_eq!(faults("name: x\nsteps:\n")[0], "2:6 steps: it is empty; write a list");
    let found = faults("name: x\nsteps: [{take: {a: b}}]");
    assert_eq!(found, ["2:16 take: it is a section with keys; write text or a list"]);
}
