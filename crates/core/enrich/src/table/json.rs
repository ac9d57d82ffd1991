//! Tables as JSON: an array of objects, or an object of objects or scalars.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::build::{Builder, Cell};
use super::error::TableError;

/// The column of an object's scalars.
const VALUE: &str = "value";

/// Reads all rows, one after the other: no more than one of them is in memory as a tree.
pub(super) fn read(bytes: &[u8], into: &mut Builder<'_>) -> Result<(), TableError> {
    let file = into.file;
    let text = std::str::from_utf8(bytes).map_err(|error| {
        TableError::syntax(file, 1, format!("not UTF-8 from byte {}", error.valid_up_to()))
    })?;
    let mut failure = None;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let rows = Rows { into, text, read: 0, line: 1, failure: &mut failure };
    let read = rows.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    match (failure, read) {
        (Some(failure), _) => Err(failure),
        (None, Err(error)) => {
            let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
            Err(TableError::syntax(file, line, format!("not a table in JSON: {error}")))
        }
        (None, Ok(())) => Ok(()),
    }
}

/// Takes the rows off the parser.
struct Rows<'a, 'b> {
    into: &'a mut Builder<'b>,
    text: &'a str,
    /// How far lines are counted.
    read: usize,
    line: u32,
    /// Why it stopped, when that wasn't the parser.
    failure: &'a mut Option<TableError>,
}

impl Rows<'_, '_> {
    /// Takes one row, named by its key or not.
    fn row(&mut self, key: Option<&str>, raw: &RawValue) -> Result<(), TableError> {
        let line = self.line_of(raw);
        let file = self.into.file;
        if let Some(key) = key {
            let column = self.into.column(self.into.first_key(), line)?;
            self.into.cell(column, Cell::Text(key), line)?;
        }
        let value: Value = serde_json::from_str(raw.get())
            .map_err(|error| TableError::syntax(file, line, format!("not JSON: {error}")))?;
        match value {
            Value::Object(members) => {
                for (name, value) in &members {
                    if key.is_some() && name == self.into.first_key() {
                        let message =
                            format!("`{name}` is in the row and is its name: choose another name for `key`");
                        return Err(TableError::syntax(file, line, message));
                    }
                    self.cell(name, value, line)?;
                }
            }
            scalar if key.is_some() => self.cell(VALUE, &scalar, line)?,
            _ => {
                return Err(TableError::syntax(
                    file,
                    line,
                    "a row must be an object: {\"column\": value, ...}",
                ));
            }
        }
        self.into.end_row(line)
    }

    fn cell(&mut self, name: &str, value: &Value, line: u32) -> Result<(), TableError> {
        let column = self.into.column(name, line)?;
        let cell = match value {
            Value::Null => Cell::Empty,
            Value::Bool(flag) => Cell::Boolean(*flag),
            Value::String(text) => Cell::Text(text),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => Cell::Integer(number),
                // A float would change its last digits.
                (None, _) if number.is_u64() => {
                    return self.into.cell(column, Cell::Text(&number.to_string()), line);
                }
                (None, Some(number)) => Cell::Float(number),
                (None, None) => Cell::Empty,
            },
            Value::Array(_) | Value::Object(_) => {
                let message =
                    format!("column `{name}` has an object or an array: make it columns of their own");
                return Err(TableError::syntax(self.into.file, line, message));
            }
        };
        self.into.cell(column, cell, line)
    }

    /// The line that a value begins at. Values come in the order of the text, so each byte is counted once.
    fn line_of(&mut self, raw: &RawValue) -> u32 {
        let at = (raw.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let between = self.text.as_bytes().get(self.read..at).unwrap_or_default();
        let lines = between.iter().filter(|byte| **byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.read = self.read.max(at);
        self.line
    }

    fn keep<E: serde::de::Error>(&mut self, failure: TableError) -> E {
        *self.failure = Some(failure);
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Rows<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects, or an object of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut rows: A) -> Result<(), A::Error> {
        while let Some(raw) = rows.next_element::<&'de RawValue>()? {
            self.row(None, raw).map_err(|failure| self.keep(failure))?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut rows: A) -> Result<(), A::Error> {
        while let Some(key) = rows.next_key::<String>()? {
            let raw = rows.next_value::<&'de RawValue>()?;
            self.row(Some(&key), raw).map_err(|failure| self.keep(failure))?;
        }
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Err(E::custom("null, where an array of objects, or an object of objects, was expected"))
    }
}
