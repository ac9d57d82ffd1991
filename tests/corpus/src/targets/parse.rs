//! Any body in any format: an answer, and if it is a document, one line of JSON with `@timestamp` first.
//!
//! The first byte picks the format, the rest is the body.

use std::cell::RefCell;

use forebay_parse::{Format, NamedColumns, NamedGrok, NamedRegex, ParseConfig, Parsed, Parser};

use crate::support::{document, event};

/// Formats of the configuration, besides those with a name of their own.
const CUSTOM: [&str; 3] = ["regex:app", "grok:app", "csv:app"];

fn parser() -> Parser {
    let name = || "app".to_owned();
    let pattern =
        r"^(?<time>\S+) (?<level>[A-Z]+) (?<http__response__status_code>\S+) (?<message>.*)$".to_owned();
    let grok =
        r"%{TIMESTAMP_ISO8601:time} %{LOGLEVEL:[log][level]} %{NUMBER:took:float} %{GREEDYDATA:message}"
            .to_owned();
    let columns = ["time", "log.level", "a.b", "a", "message"].map(str::to_owned).to_vec();
    Parser::new(ParseConfig {
        regexes: vec![NamedRegex { name: name(), pattern }],
        groks: vec![NamedGrok { name: name(), pattern: grok }],
        csvs: vec![NamedColumns { name: name(), columns, delimiter: ',' }],
        ..ParseConfig::default()
    })
    .expect("the configuration is right")
}

thread_local! {
    static PARSER: RefCell<(Parser, Parsed)> = RefCell::new((parser(), Parsed::default()));
}

/// Looks at one input.
pub fn check(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let formats = Format::NAMED.iter().map(|format| format.as_str()).chain(CUSTOM);
    let known: Vec<&str> = formats.collect();
    let format = known[usize::from(*first) % known.len()];
    PARSER.with_borrow_mut(|(parser, out)| {
        out.document.clear();
        match parser.parse(&event(format, body), 0, out) {
            Ok(()) => drop(document(&out.document)),
            Err(_) => assert!(out.document.is_empty()),
        }
    });
}
