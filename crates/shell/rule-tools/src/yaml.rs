//! YAML as text: where the keys of samples stand, and how a value is written.

use serde_json::{Map, Value};
use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::ScanError;

/// Lists of scalars up to this long stand on one line.
const MAX_FLOW: usize = 100;

/// Words that YAML 1.1 or 1.2 take for something else than text.
const WORDS: &[&str] = &["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"];

/// A key of a sample.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Key {
    pub(crate) name: String,
    /// From 0 on.
    pub(crate) line: usize,
    /// From 0 on, in characters.
    pub(crate) column: usize,
}

/// The keys of each entry of `samples`, in their order.
pub(crate) fn sample_keys(text: &str) -> Result<Vec<Vec<Key>>, ScanError> {
    let mut parser = Parser::new_from_str(text);
    let mut samples: Vec<Vec<Key>> = Vec::new();
    // What is open: for each mapping whether a key comes next, and nothing for a list.
    let mut open: Vec<Option<bool>> = Vec::new();
    // Whether the value at hand is that of the key `samples` of the file.
    let mut inside = false;
    loop {
        let (event, marker) = parser.next_token()?;
        let is_key = open.last() == Some(&Some(true));
        match event {
            Event::StreamEnd => return Ok(samples),
            Event::Scalar(name, ..) if is_key => {
                match open.len() {
                    1 => inside = name == "samples",
                    3 if inside => {
                        let key = Key { name, line: marker.line().saturating_sub(1), column: marker.col() };
                        samples.last_mut().into_iter().for_each(|keys| keys.push(key.clone()));
                    }
                    _ => {}
                }
                turn(&mut open);
            }
            Event::Scalar(..) | Event::Alias(_) => {
                turn(&mut open);
            }
            Event::MappingStart(..) => {
                if inside && open.len() == 2 {
                    samples.push(Vec::new());
                }
                open.push(Some(true));
            }
            Event::SequenceStart(..) => open.push(None),
            Event::MappingEnd | Event::SequenceEnd => {
                let _closed = open.pop();
                turn(&mut open);
            }
            _ => {}
        }
    }
}

/// After a key comes a value, after a value a key.
fn turn(open: &mut [Option<bool>]) {
    if let Some(Some(key_next)) = open.last_mut() {
        *key_next = !*key_next;
    }
}

/// The members of an object as lines of YAML, each moved to the right by `indent`.
pub(crate) fn members(members: &Map<String, Value>, indent: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, value) in members {
        entry(&format!("{:indent$}{}:", "", key(name)), value, indent, &mut lines);
    }
    lines
}

/// A value behind what stands before it on its line.
fn entry(before: &str, value: &Value, indent: usize, lines: &mut Vec<String>) {
    if let Some(inline) = inline(value) {
        return lines.push(format!("{before} {inline}"));
    }
    lines.push(before.to_owned());
    match value {
        Value::Object(object) => lines.extend(members(object, indent + 2)),
        Value::Array(elements) => elements.iter().for_each(|element| item(element, indent + 2, lines)),
        // All others are written on one line.
        _ => {}
    }
}

fn item(element: &Value, indent: usize, lines: &mut Vec<String>) {
    let dash = format!("{:indent$}-", "");
    match element {
        // The first member stands beside the dash.
        Value::Object(object) if inline(element).is_none() => {
            let mut inner = members(object, indent + 2);
            if let Some(first) = inner.first_mut() {
                *first = format!("{dash} {}", first.get(indent + 2..).unwrap_or_default());
            }
            lines.append(&mut inner);
        }
        element => entry(&dash, element, indent, lines),
    }
}

/// A value that fits behind a colon or a dash.
fn inline(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) => members.is_empty().then(|| "{}".to_owned()),
        Value::Array(elements) => {
            let scalar = |element: &Value| !matches!(element, Value::Array(_) | Value::Object(_));
            if !elements.iter().all(scalar) {
                return None;
            }
            let all: Vec<String> = elements.iter().map(flow).collect();
            let text = format!("[{}]", all.join(", "));
            (text.len() <= MAX_FLOW).then_some(text)
        }
        Value::String(text) => Some(self::text(text)),
        other => Some(other.to_string()),
    }
}

/// A scalar within brackets.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => self::text(text),
        other => other.to_string(),
    }
}

fn key(name: &str) -> String {
    text(name)
}

/// Plain where nobody can take it for anything else, else in quotes as JSON has them, which YAML reads alike.
fn text(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let is_word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    // Whatever begins with a digit could be a number or a time; nothing of that kind has a slash.
    let begins = |c: char| c.is_ascii_alphabetic() || (c.is_ascii_digit() && text.contains('/'));
    if text.starts_with(begins) && text.chars().all(plain) && !is_word {
        return text.to_owned();
    }
    let mut quoted = String::new();
    for c in Value::from(text).to_string().chars() {
        // JSON may hold these as they are, YAML may not, or takes them for line breaks.
        if matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') {
            quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            quoted.push(c);
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn yaml(value: &Value) -> String {
        members(value.as_object().unwrap(), 2).join("\n")
    }

    #[test]
    fn values_are_written_as_people_write_them() {
        let value = json!({"documents": [{"@timestamp": "2026-11-21T10:00:00.000Z", "event": {"kind": "event"}, "tags": ["a b", "c"]}, {}], "no": "no", "x": null});
        assert_eq!(
            yaml(&value),
            "  documents:\n    - \"@timestamp\": \"2026-11-21T10:00:00.000Z\"\n      event:\n        kind: event\n      \
             tags: [\"a b\", c]\n    - {}\n  \"no\": \"no\"\n  x: null"
        );
    }

    #[test]
    fn keys_are_found_where_they_stand() {
        let text = "# x\nother: {samples: [{name: 1}]}\nsamples:\n  - name: a\n    event: {body: x}\n    documents:\n    - \
                    name: y\n  - event:\n      body: |\n        name: z\n";
        let keys = sample_keys(text).unwrap();
        let names: Vec<Vec<(&str, usize, usize)>> = keys
            .iter()
            .map(|keys| keys.iter().map(|key| (key.name.as_str(), key.line, key.column)).collect())
            .collect();
        assert_eq!(
            names,
            [vec![("name", 3, 4), ("event", 4, 4), ("documents", 5, 4)], vec![("event", 7, 4)]]
        );
    }

    fn json() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1000..1000_i32).prop_map(|n| Value::from(f64::from(n) / 8.0)),
            any::<String>().prop_map(Value::from),
            "[a-z 0-9:#.'\"-]{0,8}".prop_map(Value::from),
        ];
        scalar.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z @.0-9]{0,6}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Guarantees: whatever is written is read as the same value.
        #[test]
        fn what_is_written_is_read_again(value in prop::collection::btree_map("[a-z]{1,4}", json(), 1..4)) {
            let value = Value::Object(value.into_iter().collect());
            let text = yaml(&value);
            let read: Value = serde_saphyr::from_str(&text).map_err(|error| TestCaseError::fail(format!("{text}\n{error}")))?;
            prop_assert_eq!(read, value, "{}", text);
        }

        /// Guarantees: no text makes the search for keys panic.
        #[test]
        fn any_text_is_looked_through(text in "(samples:|- |\\{|\\}|name: |\n| |a|\\[|\\]|&x|\\*x|'|\"|\\||>|#){0,40}") {
            let _any = sample_keys(&text);
        }
    }
}
