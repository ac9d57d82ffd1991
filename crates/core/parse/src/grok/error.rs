//! What is wrong with a grok pattern.

use thiserror::Error;

/// A grok pattern that can't be used.
#[derive(Debug, Error)]
pub enum GrokError {
    /// A name that nothing is called by.
    #[error("`{name}`, which `{within}` uses, is no pattern: define it, or use one of the standard ones")]
    Unknown {
        /// The name.
        name: String,
        /// The pattern that uses it.
        within: String,
    },
    /// `%{...}` that is none.
    #[error(
        "`{placeholder}` in `{within}` is no placeholder: write %{{NAME}}, %{{NAME:field}} or %{{NAME:field:int}}"
    )]
    Placeholder {
        /// The text from `%{` on.
        placeholder: String,
        /// The pattern that has it.
        within: String,
    },
    /// A type that there isn't.
    #[error(
        "`{conversion}`, the type of the field `{field}`, is none: use int, long, float, double or boolean"
    )]
    Conversion {
        /// The field.
        field: String,
        /// Its type.
        conversion: String,
    },
    /// A look-ahead or look-behind, which can't be had in linear time.
    #[error(
        "`{within}` looks around with `{construct}`, which can't be done in time linear in the line: write what may stand there, or `\\b`"
    )]
    LookAround {
        /// The pattern.
        within: String,
        /// How the look-around begins.
        construct: &'static str,
    },
    /// Patterns that contain themselves, or nest too deep.
    #[error("`{0}` is nested deeper than {MAX_NESTING} patterns; does it contain itself?")]
    TooDeep(String),
    /// A pattern that is too large once it is written out.
    #[error("written out, the pattern is larger than {MAX_EXPANDED} bytes")]
    TooLarge,
    /// No part of it has a name.
    #[error("no part of it becomes a field: write %{{NAME:field}}")]
    NoFields,
    /// The regular expression that it makes can't be used.
    #[error("the regular expression that it makes can't be used")]
    Regex(#[source] Box<regex::Error>),
}

/// How deep patterns may stand within patterns.
pub(super) const MAX_NESTING: usize = 32;

/// How large a pattern may be once it is written out, in bytes.
pub(super) const MAX_EXPANDED: usize = 64 << 10;
