//! A name and its value: what separates them, and where the value ends.

mod separator;
mod value;

use std::ops::Range;

use crate::hit::Wrap;
use crate::view::View;

pub(super) use separator::{Separator, separator};
pub(super) use value::unquoted_end;

/// The value of a pair.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Pair {
    pub(super) span: Range<usize>,
    pub(super) wrap: Wrap,
    /// No quotes, and a colon or only a blank in front: it may be a word of a sentence.
    pub(super) prose: bool,
}

// === impl Separator ===

impl Separator {
    /// The value behind it; none where it is empty.
    pub(super) fn value(&self, text: &View<'_>) -> Option<Pair> {
        let at = self.end;
        if self.element {
            let stop = text.run(at, value::MAX_NESTED, |byte| byte != b'<');
            return filled(at..stop, Wrap::Bare, false);
        }
        if let Some((opened, backslashes)) = separator::quote(text, at) {
            return filled(opened..value::quoted_end(text, opened, backslashes), Wrap::Bare, false);
        }
        let wrap = match self.quoted_name {
            Some(backslashes) => Wrap::Json { backslashes: u8::try_from(backslashes).unwrap_or(u8::MAX) },
            None if self.blanks => Wrap::Spaced,
            None => Wrap::Bare,
        };
        if matches!(text.get(at), b'{' | b'[') {
            return filled(at..value::balanced_end(text, at), wrap, false);
        }
        let prose = self.colon && self.quoted_name.is_none();
        filled(at..unquoted_end(text, at), wrap, prose)
    }
}

fn filled(span: Range<usize>, wrap: Wrap, prose: bool) -> Option<Pair> {
    (!span.is_empty()).then_some(Pair { span, wrap, prose })
}
