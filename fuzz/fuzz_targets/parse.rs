//! Any body in any format: an answer, and if it is a document, one line of JSON with `@timestamp` first.
//!
//! The first byte picks the format, the rest is the body.

#![no_main]

use std::cell::RefCell;

use forebay_parse::{Format, NamedRegex, ParseConfig, Parsed, Parser};
use forebay_record::RawEvent;
use libfuzzer_sys::fuzz_target;

fn parser() -> Parser {
    let pattern = r"^(?<time>\S+) (?<level>[A-Z]+) (?<http__response__status_code>\S+) (?<message>.*)$".to_owned();
    let regexes = vec![NamedRegex { name: "app".to_owned(), pattern }];
    Parser::new(ParseConfig { regexes, ..ParseConfig::default() }).expect("the configuration is right")
}

thread_local! {
    static PARSER: RefCell<(Parser, Parsed)> = RefCell::new((parser(), Parsed::default()));
}

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let format = Format::NAMED.get(usize::from(*first) % (Format::NAMED.len() + 1)).map_or("regex:app", |format| format.as_str());
    let event = RawEvent {
        id: "1",
        tenant: "acme",
        format,
        received_at: 1_795_251_600_000_000_000,
        stream: "web-1/app",
        body,
        ..RawEvent::default()
    };
    PARSER.with_borrow_mut(|(parser, out)| {
        out.document.clear();
        if parser.parse(&event, 0, out).is_err() {
            assert!(out.document.is_empty());
            return;
        }
        assert!(out.document.starts_with(br#"{"@timestamp":""#));
        assert!(!out.document.iter().any(|byte| *byte < 0x20));
        let document: serde_json::Value = serde_json::from_slice(&out.document).expect("a document is JSON");
        assert!(document.is_object());
    });
});
