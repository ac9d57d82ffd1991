//! JSON, read in one pass: checked to the last byte, split into members, copied as little as possible.
//!
//! Source: RFC 8259, <https://www.rfc-editor.org/rfc/rfc8259>. The whole input is checked, since one malformed line
//! spoils a bulk request. Beyond the grammar, depth and number of values are limited.

mod scan;
mod string;

#[cfg(test)]
mod tests;

use thiserror::Error;

pub(crate) use scan::{Limits, Root, common, is_clean, scan};
pub(crate) use string::{plain_run, string_len, unescape, unquote};

/// Text that is no JSON, or more of it than is taken.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub(crate) enum JsonError {
    #[error("expected {wanted} at byte {at}")]
    Expected { wanted: &'static str, at: usize },
    #[error("the text ends before the JSON does")]
    Truncated,
    #[error("a string has a bare control character at byte {at}")]
    Control { at: usize },
    #[error("nested deeper than {max} levels at byte {at}")]
    TooDeep { max: usize, at: usize },
    #[error("more than {max} values at byte {at}")]
    TooMany { max: usize, at: usize },
}

impl JsonError {
    /// The error's stable name.
    pub(crate) fn error_type(self) -> &'static str {
        match self {
            Self::Expected { .. } | Self::Truncated | Self::Control { .. } => "json_invalid",
            Self::TooDeep { .. } => "json_too_deep",
            Self::TooMany { .. } => "json_too_many_values",
        }
    }

    /// The byte where it was found, if that is not the end.
    pub(crate) fn at(self) -> Option<usize> {
        match self {
            Self::Expected { at, .. }
            | Self::Control { at }
            | Self::TooDeep { at, .. }
            | Self::TooMany { at, .. } => Some(at),
            Self::Truncated => None,
        }
    }
}
