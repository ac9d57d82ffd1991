//! Writing a tree as one line of JSON.
//!
//! The line is appended to the caller's buffer. `@timestamp` comes first; the other members follow in the order in which
//! they were placed.

pub(crate) use forebay_record::json::push_string;

use crate::timestamp::civil::push_rfc3339;
use crate::tree::{Key, NodeId, ROOT, Tree, Value};

/// Appends the document.
pub(crate) fn write(tree: &Tree<'_>, event_ms: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"@timestamp":""#);
    push_rfc3339(out, event_ms);
    out.push(b'"');
    let mut at = tree.first(ROOT);
    while let Some(id) = at {
        out.push(b',');
        write_member(tree, id, out);
        at = tree.next(id);
    }
    out.push(b'}');
}

fn write_member(tree: &Tree<'_>, id: NodeId, out: &mut Vec<u8>) {
    match tree.key(id) {
        Key::Clean(key) => {
            out.push(b'"');
            out.extend_from_slice(key.as_bytes());
            out.push(b'"');
        }
        Key::Owned(key) => push_string(out, key),
    }
    out.push(b':');
    write_value(tree, id, out);
}

/// Recurses as deep as containers nest, which the scanner limits.
fn write_value(tree: &Tree<'_>, id: NodeId, out: &mut Vec<u8>) {
    push_value(tree, tree.value(id), out);
}

/// Appends a value of the tree.
pub(crate) fn push_value(tree: &Tree<'_>, value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Json(json) => out.extend_from_slice(json.as_bytes()),
        Value::Huge(number) => push_string(out, number),
        Value::Text(text) => push_string(out, text),
        Value::Integer(number) => out.extend_from_slice(itoa::Buffer::new().format(*number).as_bytes()),
        Value::Time(ms) => {
            out.push(b'"');
            push_rfc3339(out, *ms);
            out.push(b'"');
        }
        Value::Object(_, source) | Value::Array(_, source) if source.clean && !source.raw.is_empty() => {
            if source.loose {
                push_compact(out, source.raw);
            } else {
                out.extend_from_slice(source.raw.as_bytes());
            }
        }
        Value::Object(children, _) => {
            write_children(tree, children.first(), (b'{', b'}'), write_member, out);
        }
        Value::Array(children, _) => write_children(tree, children.first(), (b'[', b']'), write_value, out),
    }
}

fn write_children(
    tree: &Tree<'_>,
    first: Option<NodeId>,
    (open, close): (u8, u8),
    write: impl Fn(&Tree<'_>, NodeId, &mut Vec<u8>),
    out: &mut Vec<u8>,
) {
    out.push(open);
    let mut at = first;
    while let Some(id) = at {
        write(tree, id, out);
        at = tree.next(id);
        if at.is_some() {
            out.push(b',');
        }
    }
    out.push(close);
}

/// A value as JSON without white space, as it stands in the tree.
pub(crate) fn json_of(tree: &Tree<'_>, value: &Value<'_>) -> String {
    let mut out = Vec::new();
    push_json(tree, value, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends a value as JSON that nobody maps to types: numbers may be as large as they like.
fn push_json(tree: &Tree<'_>, value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Object(_, source) | Value::Array(_, source) if !source.raw.is_empty() => {
            push_compact(out, source.raw);
        }
        Value::Huge(number) if number.ends_with(|last: char| last.is_ascii_digit()) => {
            out.extend_from_slice(number.as_bytes());
        }
        Value::Object(children, _) => {
            let write = |tree: &Tree<'_>, id: NodeId, out: &mut Vec<u8>| {
                push_string(out, tree.key(id).as_str());
                out.push(b':');
                push_json(tree, tree.value(id), out);
            };
            write_children(tree, children.first(), (b'{', b'}'), write, out);
        }
        Value::Array(children, _) => {
            let write = |tree: &Tree<'_>, id: NodeId, out: &mut Vec<u8>| {
                push_json(tree, tree.value(id), out);
            };
            write_children(tree, children.first(), (b'[', b']'), write, out);
        }
        value => push_value(tree, value, out),
    }
}

/// Appends valid JSON without the white space between its tokens.
pub(crate) fn push_compact(out: &mut Vec<u8>, json: &str) {
    let mut rest = json.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => rest = tail,
            b'"' => {
                let (string, after) = rest.split_at(crate::json::string_len(rest));
                out.extend_from_slice(string);
                rest = after;
            }
            _ => {
                out.push(*byte);
                rest = tail;
            }
        }
    }
}
