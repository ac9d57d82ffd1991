//! Any XML as an event of Windows: an answer, and if it is a document, one line of JSON. What isn't an event stands within one, so
//! that its parts are reached.

use std::cell::RefCell;

use forebay_parse::{ParseConfig, Parsed, Parser};

use crate::support::{document, event};

const HEAD: &[u8] = b"<Event><System><Provider Name='p'/><EventID>1</EventID><TimeCreated SystemTime='2026-11-21T08:59:58Z'/></System>";

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new(ParseConfig::default()).expect("the configuration is right"));
}

/// Looks at one input.
pub fn check(data: &[u8]) {
    let within = [HEAD, data, b"</Event>"].concat();
    let body = if data.starts_with(b"<Event") || data.starts_with(b"<?xml") { data } else { &within };
    PARSER.with_borrow_mut(|parser| {
        let mut out = Parsed::default();
        match parser.parse(&event("windows_event", body), 0, &mut out) {
            Ok(()) => drop(document(&out.document)),
            Err(_) => assert!(out.document.is_empty()),
        }
    });
}
