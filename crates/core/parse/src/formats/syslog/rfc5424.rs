//! The syslog protocol: `<34>1 2026-11-21T09:00:00.003Z host app 123 ID47 [sd@1 a="b"] text`, `-` where there is nothing.
//!
//! Source: RFC 5424 section 6, <https://www.rfc-editor.org/rfc/rfc5424#section-6>.

use std::borrow::Cow;

use super::{Rest, set_program};
use crate::ecs::Field;
use crate::shape::Shape;
use crate::timestamp::Clock;
use crate::tree::{Key, NodeId, Source, Tree, Value};

/// The most parameters in the structured data of one message; with more it is no RFC 5424.
const MAX_PARAMS: usize = 1024;

/// An element of the structured data: its id, and the parameters as they came.
type Elements<'a> = Vec<(&'a str, Vec<(&'a str, &'a str)>)>;

/// Reads what follows the version. None where it isn't in this format; nothing has been set then.
pub(super) fn read<'a>(text: &'a str, clock: &Clock, shape: &mut Shape<'a, '_>) -> Option<Rest<'a>> {
    let (stamp, rest) = text.split_once(' ')?;
    let time = match stamp {
        "-" => None,
        stamp => Some((clock.read_iso(stamp.as_bytes())?, stamp)),
    };
    let (host, rest) = rest.split_once(' ')?;
    let (app, rest) = rest.split_once(' ')?;
    let (process, rest) = rest.split_once(' ')?;
    let (message_id, rest) = rest.split_once(' ')?;
    let (elements, rest) = structured_data(rest)?;
    let message = rest.strip_prefix(' ').unwrap_or(rest);
    let message = message.strip_prefix('\u{FEFF}').unwrap_or(message);

    let present = |text: &'a str| if text == "-" { "" } else { text };
    if !present(host).is_empty() {
        let _free = shape.set_text(Field::HostName, host);
    }
    set_program(shape, present(app), present(process));
    if !present(message_id).is_empty() {
        let _free = shape.set_text(Field::LogSyslogMsgid, message_id);
    }
    let _free = shape.set_text(Field::LogSyslogVersion, "1");
    set_elements(shape, elements, unescaped);
    Some(Rest { stamp: time, program: present(app), message })
}

/// Sets structured data that is all of a text; false where it is none, or there is some already.
pub(super) fn set_structured_data(shape: &mut Shape<'_, '_>, text: &str) -> bool {
    match structured_data(text) {
        Some((elements, "")) if !shape.has(Field::LogSyslogStructuredData) => {
            set_elements(shape, elements, |value| Cow::Owned(unescaped(value).into_owned()));
            true
        }
        _ => false,
    }
}

/// Sets elements, the values of whose parameters are still to be unescaped.
fn set_elements<'a, 't>(
    shape: &mut Shape<'a, '_>,
    elements: Elements<'t>,
    unescaped: impl Fn(&'t str) -> Cow<'a, str>,
) {
    if elements.is_empty() {
        return;
    }
    let object = Value::Object(Default::default(), Source::default());
    let _free = shape.set(Field::LogSyslogStructuredData, object);
    if let Some(data) = shape.node_of_field(Field::LogSyslogStructuredData) {
        for (id, params) in elements {
            let params = params.into_iter().map(|(name, value)| (name, unescaped(value)));
            add_element(&mut shape.tree, data, id, params);
        }
    }
}

/// Takes the structured data off the front, values still escaped.
fn structured_data(text: &str) -> Option<(Elements<'_>, &str)> {
    let mut elements = Vec::new();
    if let Some(rest) = text.strip_prefix('-') {
        return (rest.is_empty() || rest.starts_with(' ')).then_some((elements, rest));
    }
    let (mut rest, mut count) = (text, 0);
    while let Some(inside) = rest.strip_prefix('[') {
        let end = inside.find([' ', ']'])?;
        let (id, mut inside) = (inside.get(..end)?, inside.get(end..)?);
        let mut params = Vec::new();
        loop {
            if let Some(after) = inside.strip_prefix(']') {
                rest = after;
                break;
            }
            let (name, value) = inside.trim_start_matches(' ').split_once("=\"")?;
            let end = value_end(value)?;
            params.push((name, value.get(..end)?));
            count += 1;
            inside = value.get(end + 1..)?;
        }
        if id.is_empty() || count > MAX_PARAMS || elements.len() > MAX_PARAMS {
            return None;
        }
        elements.push((id, params));
    }
    (!elements.is_empty()).then_some((elements, rest))
}

/// Where the quote is that ends a value: the first that no backslash escapes.
fn value_end(value: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', value.as_bytes().get(from..)?)?;
        if value.as_bytes().get(at) == Some(&b'"') {
            return Some(at);
        }
        from = at + 2;
    }
}

/// Adds an element. A parameter that comes more than once becomes an array, as does everything under a repeated id.
fn add_element<'a, 't>(
    tree: &mut Tree<'a>,
    data: NodeId,
    id: &str,
    params: impl Iterator<Item = (&'t str, Cow<'a, str>)>,
) {
    let object = match tree.find(data, id) {
        Some(object) => object,
        None => tree.add(
            data,
            Key::Owned(id.replace('\0', "_")),
            Value::Object(Default::default(), Source::default()),
        ),
    };
    for (name, value) in params {
        let value = Value::Text(value);
        let name = name.replace('\0', "_");
        match tree.find(object, &name) {
            None => {
                let _id = tree.add(object, Key::Owned(name), value);
            }
            Some(existing) => {
                if !matches!(tree.value(existing), Value::Array(..)) {
                    let first = tree.value(existing).clone();
                    tree.set_value(existing, Value::Array(Default::default(), Source::default()));
                    let _id = tree.add(existing, Key::Clean(""), first);
                }
                let _id = tree.add(existing, Key::Clean(""), value);
            }
        }
    }
}

/// A value without the backslashes before `"`, `\` and `]`; others are content.
fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(char) = chars.next() {
        match chars.peek() {
            Some('"' | '\\' | ']') if char == '\\' => out.extend(chars.next()),
            _ => out.push(char),
        }
    }
    Cow::Owned(out)
}
