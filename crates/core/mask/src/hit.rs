//! What a detector answers about a place in the text.

use std::ops::Range;

use crate::detector::Detector;

/// What was found: the bytes to replace, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Hit {
    /// Who found it.
    pub(crate) label: Label,
    /// The bytes of the secret.
    pub(crate) span: Range<usize>,
    /// What the replacement needs around it.
    pub(crate) wrap: Wrap,
}

/// Who found it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Label {
    BuiltIn(Detector),
    /// The place in the configuration's list.
    Custom(usize),
}

/// What a replacement needs around it, so that the text is still read as before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wrap {
    /// Nothing.
    Bare,
    /// A value without quotes behind blanks. Where nothing is put in its place, a pair of quotes is: the next word
    /// would else be taken for the value.
    Spaced,
    /// A JSON number, boolean, array or object: its replacement is a string, with so many backslashes before each
    /// quote.
    Json { backslashes: u8 },
}

/// The answer about a place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// There it is.
    Found(Hit),
    /// Not here.
    No,
    /// Not here, and not at any place of this kind before this one: the bytes up to there need no second look.
    NoneBefore(usize),
}

// === impl Hit ===

impl Hit {
    /// A hit whose replacement needs nothing around it.
    pub(crate) fn bare(detector: Detector, span: Range<usize>) -> Self {
        Self { label: Label::BuiltIn(detector), span, wrap: Wrap::Bare }
    }
}

// === impl Verdict ===

impl Verdict {
    /// A hit whose replacement needs nothing around it.
    pub(crate) fn found(detector: Detector, span: Range<usize>) -> Self {
        Self::Found(Hit::bare(detector, span))
    }
}

/// The span with whole characters at both ends: a pattern of bytes may have cut one.
pub(crate) fn widen(bytes: &[u8], span: Range<usize>) -> Range<usize> {
    let inside = |at: usize| at < bytes.len() && bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let start =
        (span.start.saturating_sub(3)..=span.start).rev().find(|at| !inside(*at)).unwrap_or(span.start);
    let end = (span.end..span.end + 4).find(|at| !inside(*at)).unwrap_or(span.end);
    start..end
}
