//! A query as it was written.

use super::pattern::Pattern;

/// Whether a clause has to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occur {
    Should,
    Must,
    MustNot,
}

/// A query or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// Several clauses, under Lucene's rules.
    Clauses(Vec<(Occur, Node)>),
    /// One condition on a field, or on all text.
    Leaf(Option<String>, Leaf),
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Leaf {
    /// A value without quotes, perhaps with wildcards.
    Word(Pattern),
    /// A value in quotes, and how far its words may be apart.
    Phrase(String, u32),
    /// Values between two bounds.
    Range(Bound, Bound),
    /// A regular expression.
    Regex(String),
    /// Any value at all; without a field, any document.
    Exists,
}

/// An end of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Open,
    Included(String),
    Excluded(String),
}

// === impl Bound ===

impl Bound {
    /// The bound's value, unless it is open.
    pub(crate) fn value(&self) -> Option<&str> {
        match self {
            Self::Open => None,
            Self::Included(value) | Self::Excluded(value) => Some(value),
        }
    }

    /// The same kind of bound with another value.
    pub(crate) fn with<T>(&self, value: T) -> std::ops::Bound<T> {
        match self {
            Self::Open => std::ops::Bound::Unbounded,
            Self::Included(_) => std::ops::Bound::Included(value),
            Self::Excluded(_) => std::ops::Bound::Excluded(value),
        }
    }
}
