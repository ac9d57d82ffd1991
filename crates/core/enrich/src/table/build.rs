//! Rows and cells while a file is read, and after.

use std::borrow::Cow;

use hashbrown::HashTable;
use twox_hash::XxHash3_64;
use vrl::value::Value;

use super::config::{TableConfig, TableLimits};
use super::error::TableError;

/// What a cell has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'a> {
    /// Nothing.
    Empty,
    /// A text.
    Text(&'a str),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// True or false.
    Boolean(bool),
}

/// A cell as it is kept; texts are places in the common text.
#[derive(Clone, Copy, Debug)]
enum Kept {
    Empty,
    Text { start: u32, length: u32 },
    Integer(i64),
    Float(f64),
    Boolean(bool),
}

/// The cells of a table. Equal texts are kept once.
pub(super) struct Cells {
    text: String,
    distinct: Vec<Kept>,
    /// The distinct cell in each place, row after row.
    grid: Vec<u32>,
    /// Where each row ends in the grid, and its line. A row may be shorter than others: the rest is empty.
    rows: Vec<(u32, u32)>,
}

/// A table while its file is read.
pub(super) struct Builder<'a> {
    pub(super) file: &'a str,
    config: &'a TableConfig,
    limits: &'a TableLimits,
    columns: Vec<String>,
    cells: Cells,
    /// Texts that are kept already, by their hash.
    known: HashTable<u32>,
    /// The row that is being read.
    row: Vec<u32>,
}

// === impl Cells ===

impl Cells {
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn line(&self, row: u32) -> u32 {
        self.rows.get(row as usize).map_or(0, |(_, line)| *line)
    }

    pub(super) fn memory(&self) -> usize {
        self.text.capacity()
            + self.distinct.capacity() * size_of::<Kept>()
            + self.grid.capacity() * size_of::<u32>()
            + self.rows.capacity() * size_of::<(u32, u32)>()
    }

    /// The value of a cell; none if it is empty.
    pub(super) fn value(&self, row: u32, column: usize) -> Option<Value> {
        match self.kept(row, column) {
            Kept::Empty => None,
            Kept::Text { start, length } => Some(self.slice(start, length).into()),
            Kept::Integer(number) => Some(number.into()),
            Kept::Float(number) => Some(Value::from_f64_or_zero(number)),
            Kept::Boolean(flag) => Some(flag.into()),
        }
    }

    /// The text of a cell of a key; such cells are kept as texts.
    pub(super) fn key(&self, row: u32, column: usize) -> &str {
        match self.kept(row, column) {
            Kept::Text { start, length } => self.slice(start, length),
            _ => "",
        }
    }

    fn kept(&self, row: u32, column: usize) -> Kept {
        let row = row as usize;
        let start = row.checked_sub(1).and_then(|before| self.rows.get(before)).map_or(0, |(end, _)| *end);
        let end = self.rows.get(row).map_or(0, |(end, _)| *end);
        let id = self.grid.get(start as usize..end as usize).and_then(|row| row.get(column));
        id.and_then(|id| self.distinct.get(*id as usize)).copied().unwrap_or(Kept::Empty)
    }

    fn slice(&self, start: u32, length: u32) -> &str {
        let start = start as usize;
        self.text.get(start..start + length as usize).unwrap_or_default()
    }
}

// === impl Builder ===

impl<'a> Builder<'a> {
    pub(super) fn new(file: &'a str, config: &'a TableConfig, limits: &'a TableLimits) -> Self {
        let cells =
            Cells { text: String::new(), distinct: vec![Kept::Empty], grid: Vec::new(), rows: Vec::new() };
        Self { file, config, limits, columns: Vec::new(), cells, known: HashTable::new(), row: Vec::new() }
    }

    /// The column of the key, for formats whose rows are named by it.
    pub(super) fn first_key(&self) -> &'a str {
        self.config.key.first().map_or("key", String::as_str)
    }

    /// The place of a column, which is added if it is new.
    pub(super) fn column(&mut self, name: &str, line: u32) -> Result<usize, TableError> {
        if let Some(at) = self.columns.iter().position(|column| column == name) {
            return Ok(at);
        }
        if self.columns.len() >= self.limits.columns {
            return Err(self.too_many(line, "columns", self.limits.columns));
        }
        self.check_size(name, line)?;
        self.columns.push(name.to_owned());
        Ok(self.columns.len() - 1)
    }

    /// Puts a cell into the row that is being read.
    pub(super) fn cell(&mut self, column: usize, cell: Cell<'_>, line: u32) -> Result<(), TableError> {
        let is_key = self.columns.get(column).is_some_and(|name| self.config.key.contains(name));
        let kept = match cell {
            // A key is compared as a text.
            Cell::Integer(number) if is_key => self.intern(&number.to_string(), line)?,
            Cell::Float(number) if is_key => self.intern(&number.to_string(), line)?,
            Cell::Boolean(flag) if is_key => self.intern(if flag { "true" } else { "false" }, line)?,
            Cell::Text(text) => self.intern(text, line)?,
            Cell::Empty => 0,
            Cell::Integer(number) => self.keep(Kept::Integer(number), line)?,
            Cell::Float(number) => self.keep(Kept::Float(number), line)?,
            Cell::Boolean(flag) => self.keep(Kept::Boolean(flag), line)?,
        };
        if self.row.len() <= column {
            self.row.resize(column + 1, 0);
        }
        if let Some(place) = self.row.get_mut(column) {
            *place = kept;
        }
        Ok(())
    }

    /// Ends the row that is being read.
    pub(super) fn end_row(&mut self, line: u32) -> Result<(), TableError> {
        if self.cells.rows.len() >= self.limits.rows {
            return Err(self.too_many(line, "rows", self.limits.rows));
        }
        self.cells.grid.append(&mut self.row);
        let end = u32::try_from(self.cells.grid.len())
            .map_err(|_| self.too_many(line, "cells", u32::MAX as usize))?;
        self.cells.rows.push((end, line));
        Ok(())
    }

    /// The columns, which of them make the key, and the cells.
    pub(super) fn finish(mut self) -> Result<(Vec<String>, Vec<usize>, Cells), TableError> {
        let find = |key: &String| {
            let at = self.columns.iter().position(|column| column == key);
            at.ok_or_else(|| TableError::no_column(self.file, key, &self.columns))
        };
        let keys = self.config.key.iter().map(find).collect::<Result<_, _>>()?;
        self.cells.text.shrink_to_fit();
        self.cells.distinct.shrink_to_fit();
        self.cells.grid.shrink_to_fit();
        self.cells.rows.shrink_to_fit();
        Ok((self.columns, keys, self.cells))
    }

    /// The place of a text among the distinct cells.
    fn intern(&mut self, text: &str, line: u32) -> Result<u32, TableError> {
        if text.is_empty() {
            return Ok(0);
        }
        self.check_size(text, line)?;
        let hash = XxHash3_64::oneshot(text.as_bytes());
        let cells = &self.cells;
        if let Some(id) = self.known.find(hash, |id| cells.text_of(*id) == text) {
            return Ok(*id);
        }
        let (Ok(start), Ok(length)) = (u32::try_from(self.cells.text.len()), u32::try_from(text.len()))
        else {
            return Err(self.too_many(line, "bytes of text", u32::MAX as usize));
        };
        self.cells.text.push_str(text);
        let id = self.keep(Kept::Text { start, length }, line)?;
        let cells = &self.cells;
        self.known.insert_unique(hash, id, |id| XxHash3_64::oneshot(cells.text_of(*id).as_bytes()));
        Ok(id)
    }

    fn keep(&mut self, cell: Kept, line: u32) -> Result<u32, TableError> {
        let id = u32::try_from(self.cells.distinct.len())
            .map_err(|_| self.too_many(line, "different cells", u32::MAX as usize))?;
        self.cells.distinct.push(cell);
        Ok(id)
    }

    fn check_size(&self, text: &str, line: u32) -> Result<(), TableError> {
        if text.len() > self.limits.cell {
            return Err(self.too_many(line, "bytes in a cell", self.limits.cell));
        }
        Ok(())
    }

    fn too_many(&self, line: u32, what: &'static str, limit: usize) -> TableError {
        TableError::TooMany { file: self.file.to_owned(), line, what, limit }
    }
}

impl Cells {
    fn text_of(&self, id: u32) -> &str {
        match self.distinct.get(id as usize) {
            Some(Kept::Text { start, length }) => self.slice(*start, *length),
            _ => "",
        }
    }
}

/// A text in small letters, for comparing without case.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}
