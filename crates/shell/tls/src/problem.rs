//! What is wrong with files, told so that it can be mended.

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Something wrong with one file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsProblem {
    /// The file, as the settings name it.
    pub file: PathBuf,
    /// What is wrong. It quotes names in certificates, and never a key.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// Files that can't be used: all that is wrong with them.
#[derive(Clone, Debug, Default, Eq, Error, PartialEq)]
#[error("{}", lines(.0))]
pub struct TlsError(Vec<TlsProblem>);

/// What was found in files: problems, with which they can't be used, and warnings, with which they can.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    problems: Vec<TlsProblem>,
    warnings: Vec<TlsProblem>,
}

// === impl TlsProblem ===

impl fmt::Display for TlsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.file.display(), self.what, self.remedy)
    }
}

// === impl TlsError ===

impl TlsError {
    /// All problems, at least one.
    #[must_use]
    pub fn problems(&self) -> &[TlsProblem] {
        &self.0
    }
}

fn lines(problems: &[TlsProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

// === impl Findings ===

impl Findings {
    pub(crate) fn problem(&mut self, file: &Path, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(told(file, what, remedy));
    }

    pub(crate) fn warning(&mut self, file: &Path, what: impl Into<String>, remedy: impl Into<String>) {
        self.warnings.push(told(file, what, remedy));
    }

    /// The warnings where there is no problem.
    pub(crate) fn into_result(self) -> Result<Vec<TlsProblem>, TlsError> {
        if self.problems.is_empty() { Ok(self.warnings) } else { Err(TlsError(self.problems)) }
    }
}

fn told(file: &Path, what: impl Into<String>, remedy: impl Into<String>) -> TlsProblem {
    TlsProblem { file: file.to_path_buf(), what: what.into(), remedy: remedy.into() }
}
