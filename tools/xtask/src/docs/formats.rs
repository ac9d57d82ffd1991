//! The page of all formats.

use forebay_parse::Format;

use super::table::table;

const HEAD: &str = "\
# Formats

<!-- Generated from crates/core/parse/src/format.rs by `cargo run --package xtask -- docs`; change the docs there. -->

What a sender may declare (`?format=` of a request), what `parser.default_format` may say, and what the step `parse` of a
[rule](../rules.md) takes. Without one, `auto` finds the format out, event by event.
";

/// The page, from the table of formats.
pub(super) fn page() -> String {
    let named = Format::NAMED.iter().map(|format| (format.as_str().to_owned(), format.about()));
    let own = [Format::Regex(0), Format::Grok(0), Format::Csv(0)];
    let own = own.iter().map(|format| (format!("{}:<name>", format.as_str()), format.about()));
    let rows = named.chain(own).map(|(name, about)| [format!("`{name}`"), about.to_owned()]);
    format!("{HEAD}\n{}", table(["Format", "What it is"], rows))
}
