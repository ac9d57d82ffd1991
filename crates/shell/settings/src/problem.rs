//! Something wrong with the settings, told so that it can be mended without a look into the code.

use std::fmt;

/// Something wrong with one setting.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Problem {
    /// Where it was set, as far as that is known.
    pub place: Option<Place>,
    /// The setting: `ingest.max_body`.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// Where a setting was set.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Place {
    /// A line of the file, from 1.
    Line(usize),
    /// An environment variable, by name.
    Variable(String),
}

// === impl Problem ===

impl Problem {
    /// A problem whose place is filled in by who knows it.
    pub(crate) fn new(path: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { place: None, path: path.into(), what: what.into(), remedy: remedy.into() }
    }

    /// The section that the setting is in.
    #[must_use]
    pub fn section(&self) -> &str {
        self.path.split_once('.').map_or(self.path.as_str(), |(section, _)| section)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}: {}; {}", self.path, self.what, self.remedy)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}
