//! Why a table is refused.

use thiserror::Error;

/// How much of a key a message shows, in characters.
const SHOWN: usize = 60;

/// How many names of columns a message lists.
const LISTED: usize = 20;

/// Why a table is refused. Lines are counted from 1.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum TableError {
    /// The settings don't go together.
    #[error("table: {0}")]
    Config(String),
    /// The file is larger than it may be.
    #[error(
        "{file} has {bytes} bytes, more than the {limit} that a table may have: leave out rows and columns that nothing \
         looks up, or split it"
    )]
    TooLarge {
        /// The file.
        file: String,
        /// Its size, in bytes.
        bytes: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// There are more rows, columns or bytes in a cell than there may be.
    #[error("{file}, line {line}: more than {limit} {what}")]
    TooMany {
        /// The file.
        file: String,
        /// The line.
        line: u32,
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: usize,
    },
    /// The file breaks its format.
    #[error("{file}, line {line}: {message}")]
    Syntax {
        /// The file.
        file: String,
        /// The line.
        line: u32,
        /// What is wrong, and what to do.
        message: String,
    },
    /// A column that is asked for isn't there.
    #[error("{file} has no column `{column}`; it has {there}")]
    NoColumn {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// The columns that are there, for people.
        there: String,
    },
    /// A key can't be used.
    #[error("{file}, line {line}, column `{column}`: `{key}` isn't {wanted}")]
    Key {
        /// The file.
        file: String,
        /// The line.
        line: u32,
        /// The column.
        column: String,
        /// The beginning of the key.
        key: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A key comes twice.
    #[error(
        "{file}, line {line}: the key `{key}` was on line {before} already: remove one of them, or say `duplicates: \
         first` or `last`"
    )]
    Duplicate {
        /// The file.
        file: String,
        /// The line of the second.
        line: u32,
        /// The line of the first.
        before: u32,
        /// The beginning of the key.
        key: String,
    },
    /// Two ranges cross, so that neither is the more specific one.
    #[error(
        "{file}, line {line}: the range crosses that of line {before}: ranges may only lie within each other"
    )]
    Crossing {
        /// The file.
        file: String,
        /// The line of the one.
        line: u32,
        /// The line of the other.
        before: u32,
    },
}

impl TableError {
    pub(super) fn no_column(file: &str, column: &str, columns: &[String]) -> Self {
        let mut there =
            columns.iter().take(LISTED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if columns.is_empty() {
            there.push_str("none");
        } else if columns.len() > LISTED {
            there.push_str(", ...");
        }
        Self::NoColumn { file: file.to_owned(), column: column.to_owned(), there }
    }

    pub(super) fn syntax(file: &str, line: u32, message: impl Into<String>) -> Self {
        Self::Syntax { file: file.to_owned(), line, message: message.into() }
    }
}

/// The beginning of a key, for messages.
pub(super) fn shown(key: &str) -> String {
    let mut shown: String = key.chars().take(SHOWN).collect();
    if shown.len() < key.len() {
        shown.push_str("...");
    }
    shown
}
