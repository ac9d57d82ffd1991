//! Writing a pattern out: names replaced by their definitions, captures numbered.

use std::collections::BTreeMap;

use super::error::{GrokError, MAX_EXPANDED, MAX_NESTING};
use super::standard;
use super::syntax::{Part, Parts};

/// What a capture's text is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Conversion {
    None,
    Integer,
    Float,
    Boolean,
}

/// A part of the line that becomes a member of the event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Capture {
    /// Its path, with dots.
    pub(crate) field: String,
    pub(crate) conversion: Conversion,
}

/// A pattern that is written out. The n-th group of the expression is the n-th capture; it has no others.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    pub(super) regex: String,
    pub(super) captures: Vec<Capture>,
}

/// Writes a pattern out.
pub(super) fn expand(pattern: &str, own: &BTreeMap<String, String>) -> Result<Expansion, GrokError> {
    let mut expansion = Expansion::default();
    expansion.add(pattern, pattern, own, 0)?;
    if expansion.captures.is_empty() {
        return Err(GrokError::NoFields);
    }
    Ok(expansion)
}

// === impl Expansion ===

impl Expansion {
    /// Adds a definition, which is called `name` in errors.
    fn add(
        &mut self,
        name: &str,
        definition: &str,
        own: &BTreeMap<String, String>,
        depth: usize,
    ) -> Result<(), GrokError> {
        if depth > MAX_NESTING {
            return Err(GrokError::TooDeep(name.to_owned()));
        }
        for part in Parts::new(definition) {
            match part {
                Part::Text(text) => self.regex.push_str(text),
                Part::Group(field) => self.open(field, Conversion::None),
                Part::Pattern(placeholder) => self.add_pattern(name, placeholder, own, depth)?,
                Part::LookAround(construct) => {
                    return Err(GrokError::LookAround { within: name.to_owned(), construct });
                }
            }
            if self.regex.len() > MAX_EXPANDED {
                return Err(GrokError::TooLarge);
            }
        }
        Ok(())
    }

    /// Adds what a placeholder, `%{NAME:field:type}`, stands for.
    fn add_pattern(
        &mut self,
        within: &str,
        placeholder: &str,
        own: &BTreeMap<String, String>,
        depth: usize,
    ) -> Result<(), GrokError> {
        let wrong =
            || GrokError::Placeholder { placeholder: placeholder.to_owned(), within: within.to_owned() };
        let inner =
            placeholder.strip_prefix("%{").and_then(|rest| rest.strip_suffix('}')).ok_or_else(wrong)?;
        let mut words = inner.splitn(3, ':');
        let name = words.next().unwrap_or("");
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(wrong());
        }
        let definition = own
            .get(name)
            .map(String::as_str)
            .or_else(|| standard::find(name))
            .ok_or_else(|| GrokError::Unknown { name: name.to_owned(), within: within.to_owned() })?;
        match words.next() {
            None | Some("") => self.regex.push_str("(?:"),
            Some(field) => {
                let conversion = match words.next() {
                    None | Some("" | "string") => Conversion::None,
                    Some("int" | "integer" | "long") => Conversion::Integer,
                    Some("float" | "double") => Conversion::Float,
                    Some("boolean") => Conversion::Boolean,
                    Some(other) => {
                        return Err(GrokError::Conversion {
                            field: field.to_owned(),
                            conversion: other.to_owned(),
                        });
                    }
                };
                self.open(field, conversion);
            }
        }
        self.add(name, definition, own, depth + 1)?;
        self.regex.push(')');
        Ok(())
    }

    fn open(&mut self, field: &str, conversion: Conversion) {
        self.captures.push(Capture { field: path_of(field), conversion });
        self.regex.push('(');
    }
}

/// `[http][status]` as `http.status`; other names are paths already.
fn path_of(field: &str) -> String {
    match field.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.replace("][", "."),
        None => field.to_owned(),
    }
}
