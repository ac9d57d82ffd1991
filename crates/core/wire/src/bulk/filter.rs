//! `filter_path`: which parts of an answer a client wants. Shippers ask for errors and statuses only, which makes answers
//! of thousands of items short.
//!
//! Source: <https://www.elastic.co/docs/reference/elasticsearch/rest-apis/common-options#common-options-response-filtering>.

use super::Action;

/// The most of the parameter that is looked at, in bytes; what is longer filters nothing.
const MAX_LEN: usize = 1024;

/// The most parts that one pattern may have; answers are four deep.
const MAX_PARTS: usize = 16;

/// The members of an item, as bits of a mask, and their paths.
pub(super) const FIELDS: [&[&str]; 12] = [
    &["_index"],
    &["_id"],
    &["_version"],
    &["result"],
    &["_shards", "total"],
    &["_shards", "successful"],
    &["_shards", "failed"],
    &["_seq_no"],
    &["_primary_term"],
    &["status"],
    &["error", "type"],
    &["error", "reason"],
];

/// What is to be in an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Filter {
    /// `took`
    pub(super) took: bool,
    /// `errors`
    pub(super) errors: bool,
    /// The [`FIELDS`] of the items of each action.
    pub(super) items: [u16; 4],
}

impl Default for Filter {
    /// Everything.
    fn default() -> Self {
        Self { took: true, errors: true, items: [u16::MAX; 4] }
    }
}

impl Filter {
    /// Reads the parameter: patterns between commas, of which those with a minus sign leave out.
    #[must_use]
    pub fn new(parameter: &str) -> Self {
        let patterns = || parameter.split(',').map(str::trim).filter(|pattern| !pattern.is_empty());
        let is_odd = patterns().any(|pattern| pattern.split('.').count() > MAX_PARTS);
        if parameter.len() > MAX_LEN || is_odd || patterns().next().is_none() {
            return Self::default();
        }
        let only_excludes = patterns().all(|pattern| pattern.starts_with('-'));
        let wanted = |path: &[&str]| {
            let included = only_excludes || patterns().any(|pattern| covers(pattern, path));
            included
                && !patterns().any(|pattern| pattern.strip_prefix('-').is_some_and(|not| covers(not, path)))
        };
        let items = Action::ALL.map(|action| {
            FIELDS.iter().enumerate().fold(0, |mask, (bit, field)| {
                let path: Vec<&str> =
                    ["items", action.name()].into_iter().chain(field.iter().copied()).collect();
                mask | u16::from(wanted(&path)) << bit
            })
        });
        Self { took: wanted(&["took"]), errors: wanted(&["errors"]), items }
    }

    /// The [`FIELDS`] of items of this action.
    pub(super) const fn of(&self, action: Action) -> u16 {
        let [index, create, update, delete] = self.items;
        match action {
            Action::Index => index,
            Action::Create => create,
            Action::Update => update,
            Action::Delete => delete,
        }
    }
}

/// Whether a pattern names a path or something around it.
fn covers(pattern: &str, path: &[&str]) -> bool {
    let parts: Vec<&str> = pattern.split('.').collect();
    parts_cover(&parts, path)
}

/// No deeper than the parts that a pattern and a path have together.
fn parts_cover(parts: &[&str], path: &[&str]) -> bool {
    match (parts.split_first(), path.split_first()) {
        (None, _) => true,
        (Some((&"**", rest)), Some((_, deeper))) => parts_cover(rest, path) || parts_cover(parts, deeper),
        (Some((part, rest)), Some((name, deeper))) => is_like(part, name) && parts_cover(rest, deeper),
        (Some(_), None) => false,
    }
}

/// Whether a name is like a part of a pattern, in which `*` stands for any characters.
fn is_like(part: &str, name: &str) -> bool {
    let Some((first, rest)) = part.split_once('*') else { return part == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return name.ends_with(piece);
        }
        match name.find(piece) {
            Some(at) => name = name.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STATUS: u16 = 1 << 9;
    const ERROR: u16 = 0b11 << 10;

    fn of_index(parameter: &str) -> (bool, bool, u16) {
        let Filter { took, errors, items } = Filter::new(parameter);
        (took, errors, items[0] & 0xfff)
    }

    #[test]
    fn what_shippers_ask_for() {
        assert_eq!(of_index("errors,items.*.error,items.*.status"), (false, true, STATUS | ERROR));
        assert_eq!(of_index("errors,items.*.error"), (false, true, ERROR));
        assert_eq!(of_index("took,errors"), (true, true, 0));
        assert_eq!(of_index(""), (true, true, 0xfff));
        assert_eq!(of_index("items"), (false, false, 0xfff));
    }

    #[test]
    fn wildcards_and_exclusions() {
        assert_eq!(of_index("items.*.er*.type"), (false, false, 1 << 10));
        assert_eq!(of_index("**.status"), (false, false, STATUS));
        assert_eq!(of_index("**"), (true, true, 0xfff));
        assert_eq!(of_index("-items.*._shards,-took"), (false, true, 0xfff & !(0b111 << 4)));
        assert_eq!(of_index("items,-items.index.error"), (false, false, 0xfff & !ERROR));
        assert_eq!(of_index("items.create.status"), (false, false, 0));
        assert_eq!(Filter::new("items.create.status").items, [0, STATUS, 0, 0]);
        assert_eq!(of_index("items.*.*u*s"), (false, false, STATUS));
        assert_eq!(of_index("no.such.path"), (false, false, 0));
        assert_eq!(Filter::new(&"*.".repeat(600)), Filter::default());
    }

    proptest! {
        #[test]
        fn survives_anything(parameter in "[a-z_*.,-]{0,200}") {
            let _any = Filter::new(&parameter);
        }
    }
}
