//! What is wrong with rules, and where.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Problem {
    /// The file, relative to the folder of the rules.
    pub file: String,
    /// The line, from 1 on; 0 where it concerns the file as a whole.
    pub line: u64,
    /// The column, from 1 on; 0 where there is none.
    pub column: u64,
    /// Whether the rules can run all the same.
    pub severity: Severity,
    /// What is wrong and what to do about it; may have several lines.
    pub message: String,
}

/// How much a problem matters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// The rules can't run.
    Error,
    /// They run, though hardly as they were meant.
    Warning,
}

// === impl Problem ===

impl Problem {
    /// An error at a place.
    pub(crate) fn error(file: &str, (line, column): (u64, u64), message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, column, severity: Severity::Error, message: message.into() }
    }

    /// A warning at a place.
    pub(crate) fn warning(file: &str, place: (u64, u64), message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(file, place, message) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, ": {severity}: {}", self.message)
    }
}
