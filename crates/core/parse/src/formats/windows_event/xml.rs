//! Walking through the XML: elements with their paths and texts, within limits.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};

use super::parts::Parts;
use crate::json::Limits;

/// The deepest that elements may nest; events nest four or five deep.
const MAX_DEPTH: usize = 16;

/// Tells `parts` of each element of one document. None where it is none, or over the limits.
pub(super) fn walk<'a>(text: &'a str, limits: Limits, parts: &mut Parts<'a>) -> Option<()> {
    let mut reader = Reader::from_str(text);
    let (mut path, mut elements, mut is_over) = (Vec::<String>::new(), 0_usize, false);
    let mut content = Cow::Borrowed("");
    loop {
        match reader.read_event().ok()? {
            // There is one root.
            Event::Start(_) | Event::Empty(_) if is_over => return None,
            Event::Start(start) => {
                elements += 1;
                open(&start, &mut path, parts, limits.depth)?;
                content = Cow::Borrowed("");
            }
            Event::Empty(start) => {
                elements += 1;
                open(&start, &mut path, parts, limits.depth)?;
                parts.close(&path, Cow::Borrowed(""));
                let _closed = path.pop();
                is_over = path.is_empty();
            }
            Event::End(_) => {
                parts.close(&path, std::mem::take(&mut content));
                let _closed = path.pop()?;
                is_over = path.is_empty();
            }
            Event::Text(text) => add(&mut content, text.decode().ok()?),
            Event::CData(text) => add(&mut content, text.decode().ok()?),
            Event::GeneralRef(entity) => match entity.resolve_char_ref().ok()? {
                Some(char) => content.to_mut().push(char),
                None => content.to_mut().push_str(resolve_xml_entity(&entity.decode().ok()?)?),
            },
            Event::DocType(_) => return None,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
        // Around the root there is nothing but white space.
        if elements > limits.nodes || path.is_empty() && !content.trim().is_empty() {
            return None;
        }
    }
    is_over.then_some(())
}

fn open(start: &BytesStart<'_>, path: &mut Vec<String>, parts: &mut Parts<'_>, depth: usize) -> Option<()> {
    path.push(std::str::from_utf8(start.local_name().as_ref()).ok()?.to_owned());
    if path.len() > MAX_DEPTH.min(depth) || path.first()? != "Event" {
        return None;
    }
    // Doubled names would take the square of their number to find, and do no harm.
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.ok()?;
        let name = std::str::from_utf8(attribute.key.local_name().into_inner()).ok()?;
        parts.attribute(path, name, attribute.unescape_value().ok()?.into_owned());
    }
    Some(())
}

fn add<'a>(content: &mut Cow<'a, str>, more: Cow<'a, str>) {
    if content.is_empty() {
        *content = more;
    } else {
        content.to_mut().push_str(&more);
    }
}
