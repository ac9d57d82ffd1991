//! Any grok pattern with any definition of one's own, on any line: an error, or a document; in time.
//!
//! The input is pattern, definition of `OWN`, and line, with bytes 0xFF between.

use std::collections::BTreeMap;

use forebay_parse::{NamedGrok, ParseConfig, Parsed, Parser};

use crate::support::{document, event, parts};

/// Looks at one input.
pub fn check(data: &[u8]) {
    let [pattern, own, line] = parts(data);
    let (Ok(pattern), Ok(own)) = (str::from_utf8(pattern), str::from_utf8(own)) else { return };
    let config = ParseConfig {
        groks: vec![NamedGrok { name: "app".to_owned(), pattern: pattern.to_owned() }],
        grok_patterns: BTreeMap::from([("OWN".to_owned(), own.to_owned())]),
        ..ParseConfig::default()
    };
    let Ok(mut parser) = Parser::new(config) else { return };
    let mut out = Parsed::default();
    if parser.parse(&event("grok:app", line), 0, &mut out).is_ok() {
        let _document = document(&out.document);
    }
}
