//! How a file is to be read.

use schemars::JsonSchema;
use serde::Deserialize;

use super::error::TableError;

/// The most key columns: more is a mistake.
const MAX_KEYS: usize = 8;

/// The settings of a table.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct TableConfig {
    /// The column that makes the key, or several that make it together. For ranges: the column with the range, or the
    /// two with its first and its last member.
    #[serde(deserialize_with = "one_or_more")]
    pub key: Vec<String>,
    /// How a key is matched: exactly, if left out.
    #[serde(default, rename = "match")]
    pub matching: Matching,
    /// What becomes of a key that comes again: the file is refused, if left out.
    #[serde(default)]
    pub duplicates: Duplicates,
    /// The format: by the file's ending, if left out.
    #[serde(default)]
    pub format: TableFormat,
    /// What stands between the cells of a CSV file: a comma, if left out. One ASCII character.
    #[serde(default = "comma")]
    pub delimiter: char,
}

/// How a key is matched.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    /// Character by character.
    #[default]
    Exact,
    /// The same, but for case.
    IgnoreCase,
    /// The key is a network (`10.0.0.0/8`), an address or a range of them (`10.0.0.1-10.0.0.9`); an address is found in
    /// the most specific.
    Network,
    /// The key is a whole number or a range (`400-499`); a number is found in the narrowest. Ranges may lie within
    /// each other, but not cross.
    Number,
}

/// What becomes of a key that comes again.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// The file is refused.
    #[default]
    Refuse,
    /// The first row counts.
    First,
    /// The last row counts.
    Last,
}

/// The format of a file.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum TableFormat {
    /// JSON if the file's name ends in `.json`, else CSV.
    #[default]
    Auto,
    /// Lines of cells; the first has the names of the columns
    /// (<https://www.rfc-editor.org/rfc/rfc4180>).
    Csv,
    /// An array of objects, or an object of objects whose names are the key. In an object of scalars these are in the
    /// column `value`.
    Json,
}

/// What a file may not exceed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TableLimits {
    /// The size of the file, in bytes.
    pub bytes: u64,
    /// How many rows it has.
    pub rows: usize,
    /// How many columns it has.
    pub columns: usize,
    /// The size of one cell, in bytes.
    pub cell: usize,
}

// === impl TableConfig ===

impl TableConfig {
    /// A table with one key column and all else left out.
    #[must_use]
    pub fn by(key: &str) -> Self {
        Self {
            key: vec![key.to_owned()],
            matching: Matching::default(),
            duplicates: Duplicates::default(),
            format: TableFormat::default(),
            delimiter: comma(),
        }
    }

    /// Whether the settings go together.
    ///
    /// # Errors
    /// When they don't; the message says which.
    pub fn check(&self) -> Result<(), TableError> {
        let most = match self.matching {
            Matching::Exact | Matching::IgnoreCase => MAX_KEYS,
            Matching::Network | Matching::Number => 2,
        };
        if self.key.is_empty() || self.key.len() > most {
            return Err(TableError::Config(format!("`key` must name 1 to {most} columns")));
        }
        let twice =
            self.key.iter().enumerate().find(|(at, name)| self.key.iter().take(*at).any(|n| n == *name));
        if let Some((_, name)) = twice {
            return Err(TableError::Config(format!("`key` names `{name}` twice")));
        }
        if !self.delimiter.is_ascii() || matches!(self.delimiter, '"' | '\n' | '\r') {
            return Err(TableError::Config(
                "`delimiter` must be one ASCII character, no quote or line end".to_owned(),
            ));
        }
        Ok(())
    }

    /// The format of a file, never `Auto`.
    pub(super) fn format_of(&self, file: &str) -> TableFormat {
        match self.format {
            TableFormat::Auto if file.to_ascii_lowercase().ends_with(".json") => TableFormat::Json,
            TableFormat::Auto => TableFormat::Csv,
            given => given,
        }
    }
}

// === impl TableLimits ===

impl TableLimits {
    /// Whether a file of this size may be read: to be asked before reading it.
    ///
    /// # Errors
    /// When it is too large.
    pub fn judge(&self, file: &str, bytes: u64) -> Result<(), TableError> {
        // Places in the text of a table are 32 bits wide.
        let limit = self.bytes.min(u64::from(u32::MAX));
        if bytes > limit {
            return Err(TableError::TooLarge { file: file.to_owned(), bytes, limit });
        }
        Ok(())
    }
}

impl Default for TableLimits {
    /// 64 MiB, a million rows, 128 columns, 64 KiB a cell.
    fn default() -> Self {
        Self { bytes: 64 << 20, rows: 1_000_000, columns: 128, cell: 64 << 10 }
    }
}

// === free functions ===

fn comma() -> char {
    ','
}

fn one_or_more<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        One(String),
        More(Vec<String>),
    }
    Ok(match Names::deserialize(deserializer)? {
        Names::One(name) => vec![name],
        Names::More(names) => names,
    })
}
