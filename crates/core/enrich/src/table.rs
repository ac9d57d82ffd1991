//! Lookup tables: rows of a CSV or JSON file, found by their key.
//!
//! - `config`: how a file is to be read, and the limits while doing so
//! - `error`: why a file is refused, with the line and what to do
//! - `build`: rows and cells, each distinct text once
//! - `csv`, `json`: the two formats
//! - `index`, `ranges`: from a key to its row
//!
//! A table is made once from a file's bytes, is shared by all lanes, and never changes: a file that changes makes a new
//! one. It takes some four bytes a cell beside its distinct texts.

mod build;
mod config;
mod csv;
mod error;
mod index;
mod json;
mod ranges;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;

use vrl::value::{KeyString, ObjectMap, Value};

use crate::fields::text;
use build::{Builder, Cells};
use index::Index;

pub use config::{Duplicates, Matching, TableConfig, TableFormat, TableLimits};
pub use error::TableError;

/// A lookup table.
pub struct Table {
    file: String,
    columns: Vec<String>,
    keys: Vec<usize>,
    cells: Cells,
    index: Index,
}

/// A row that was found.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    table: &'a Table,
    row: u32,
}

/// Some columns of one table, to be taken out of its rows. A table that is loaded anew has columns of its own.
#[derive(Clone, Debug)]
pub struct Columns(Vec<(usize, KeyString)>);

// === impl Table ===

impl Table {
    /// Reads a table from a file's bytes; its name is for messages. Ask [`TableLimits::judge`] about the file's size
    /// before reading it.
    ///
    /// # Errors
    /// When the file breaks its format or a limit, lacks a key column, or has a key twice; the message has the line.
    pub fn read(
        file: &str,
        bytes: &[u8],
        config: &TableConfig,
        limits: &TableLimits,
    ) -> Result<Self, TableError> {
        config.check()?;
        limits.judge(file, bytes.len() as u64)?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut builder = Builder::new(file, config, limits);
        match config.format_of(file) {
            TableFormat::Json => json::read(bytes, &mut builder)?,
            TableFormat::Csv | TableFormat::Auto => csv::read(bytes, config.delimiter, &mut builder)?,
        }
        let (columns, keys, cells) = builder.finish()?;
        let index = Index::new(file, &columns, &keys, &cells, config)?;
        Ok(Self { file: file.to_owned(), columns, keys, cells, index })
    }

    /// How many rows there are, those of a key that came again included.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.cells.rows()
    }

    /// The memory that it takes, in bytes, roughly.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.cells.memory() + self.index.memory()
    }

    /// How many columns make the key: so many parts [`Table::find_parts`] wants. A range has one part, whether it
    /// stands in one column or in two.
    #[must_use]
    pub fn key_parts(&self) -> usize {
        self.index.key_parts(self.keys.len())
    }

    /// The columns with these names, in this order.
    ///
    /// # Errors
    /// When the table has no such column.
    pub fn columns<S: AsRef<str>>(&self, names: &[S]) -> Result<Columns, TableError> {
        let find = |name: &S| {
            let at = self.columns.iter().position(|column| column == name.as_ref());
            at.map(|at| (at, name.as_ref().into()))
                .ok_or_else(|| TableError::no_column(&self.file, name.as_ref(), &self.columns))
        };
        names.iter().map(find).collect::<Result<_, _>>().map(Columns)
    }

    /// All columns but those of the key.
    #[must_use]
    pub fn other_columns(&self) -> Columns {
        let others = self.columns.iter().enumerate().filter(|(at, _)| !self.keys.contains(at));
        Columns(others.map(|(at, name)| (at, name.as_str().into())).collect())
    }

    /// The row of a key: a text, an address, or a number, as the table was told to match.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<Row<'_>> {
        self.find_parts(&[key])
    }

    /// The row of a key of several columns, in the order of the configuration.
    #[must_use]
    pub fn find_parts(&self, key: &[&str]) -> Option<Row<'_>> {
        if key.len() != self.key_parts() {
            return None;
        }
        let row = match (&self.index, key) {
            (Index::Exact(exact), _) => exact.find(&self.cells, &self.keys, key)?,
            (Index::Network(networks), [key]) => networks.find(&key.trim().parse().ok()?)?,
            (Index::Number(numbers), [key]) => numbers.find(key.trim().parse().ok()?)?,
            _ => return None,
        };
        Some(Row { table: self, row })
    }

    /// The row of an event's value; numbers are found by their digits. None for objects, arrays and null.
    #[must_use]
    pub fn find_value(&self, key: &Value) -> Option<Row<'_>> {
        if let (Value::Integer(number), Index::Number(numbers)) = (key, &self.index) {
            return numbers.find(*number).map(|row| Row { table: self, row });
        }
        self.find(&text(key)?)
    }

    /// The row of an address, in its most specific network. None unless the table matches networks.
    #[must_use]
    pub fn find_address(&self, address: &IpAddr) -> Option<Row<'_>> {
        match &self.index {
            Index::Network(networks) => networks.find(address).map(|row| Row { table: self, row }),
            _ => None,
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("file", &self.file)
            .field("columns", &self.columns)
            .field("rows", &self.rows())
            .finish_non_exhaustive()
    }
}

// === impl Row ===

impl Row<'_> {
    /// The line of the file that it begins at, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.table.cells.line(self.row)
    }

    /// The value in a column; null where the cell is empty.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<Value> {
        let at = self.table.columns.iter().position(|name| name == column)?;
        Some(self.table.cells.value(self.row, at).unwrap_or(Value::Null))
    }

    /// An object of these columns. Empty cells are left out.
    #[must_use]
    pub fn to_value(&self, columns: &Columns) -> Value {
        let cells = columns.0.iter();
        let filled = cells
            .filter_map(|(at, name)| Some((name.clone(), self.table.cells.value(self.row, *at)?)))
            .collect::<ObjectMap>();
        Value::Object(filled)
    }
}
