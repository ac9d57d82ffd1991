//! Queries in Lucene's syntax: parsed here (pure), then compiled into the index's own.
//!
//! Tantivy's query grammar is not used: it drops escapes, so that `\*` and `*` become one, its errors don't say what is
//! wrong, and it recurses without a bound.

pub(crate) mod ast;
pub(crate) mod compile;
pub(crate) mod parse;
pub(crate) mod pattern;
pub(crate) mod time;
