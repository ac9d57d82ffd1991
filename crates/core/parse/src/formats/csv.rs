//! Lines of comma-separated values whose columns the configuration names: the format `csv:<name>`.
//!
//! Quotes as in RFC 4180, doubled inside. A column's name may be a path; columns without a value say nothing, values that are
//! plain numbers become numbers. Values behind the last name are kept as `labels.csv_<number>`, counted from 1. A line that repeats the
//! names is the file's header: a message.
//!
//! Source: RFC 4180, <https://www.rfc-editor.org/rfc/rfc4180>.

use std::borrow::Cow;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::members::scalar;
use crate::config::{ConfigError, NamedColumns};
use crate::ecs::Field;
use crate::shape::{EventTime, Shape};
use crate::tree::{Key, Value};

/// The columns of one kind of line, and the memory for reading them.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    columns: Vec<String>,
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Table {
    pub(crate) fn new(config: &NamedColumns) -> Result<Self, ConfigError> {
        let NamedColumns { name, columns, delimiter } = config;
        if columns.is_empty() {
            return Err(ConfigError::NoColumns(name.clone()));
        }
        let delimiter = u8::try_from(*delimiter)
            .ok()
            .filter(|byte| byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | 0))
            .ok_or_else(|| ConfigError::Delimiter(name.clone()))?;
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        Ok(Self { name: name.clone(), columns: columns.clone(), reader, text: Vec::new(), ends: Vec::new() })
    }

    /// Reads a line of at most so many values. None where it has fewer than two, unless one is all there is.
    pub(crate) fn read<'a>(
        &mut self,
        line: &'a str,
        most: usize,
        shape: &mut Shape<'a, '_>,
    ) -> Option<EventTime<'a>> {
        let count = self.split(line, most)?;
        if count < 2 && self.columns.len() > 1 {
            return None;
        }
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let bounds = starts.zip(self.ends.iter().copied()).take(count);
        // Quotes are ASCII and so is the delimiter: what is between them is text as the line was.
        let mut values = bounds.filter_map(|(from, to)| std::str::from_utf8(self.text.get(from..to)?).ok());
        if values.clone().eq(self.columns.iter().map(String::as_str)) {
            let _free = shape.set_text(Field::Message, line);
            return Some(EventTime::Unknown);
        }
        let event = shape.tree.push(Key::Clean(""), Value::Object(Default::default(), Default::default()));
        for (name, text) in self.columns.iter().zip(values.by_ref()) {
            if !text.is_empty() {
                let _id = shape.tree.add(event, Key::Owned(name.clone()), owned(text));
            }
        }
        let time = shape.place_members(event);
        for (number, text) in (self.columns.len() + 1..).zip(values) {
            if !text.is_empty() {
                shape.labelled(&format!("csv_{number}"), Value::Text(Cow::Owned(text.to_owned())));
            }
        }
        Some(time)
    }

    /// Splits the line into `text` and `ends`; gives the number of values.
    fn split(&mut self, line: &str, most: usize) -> Option<usize> {
        // What one huge line needed is not kept.
        const KEPT: usize = 64 * 1024;
        if self.text.capacity() > KEPT {
            (self.text, self.ends) = Default::default();
        }
        self.reader.reset();
        self.text.resize(line.len() + 1, 0);
        self.ends.resize(most.min(line.len() + 2), 0);
        let (mut input, mut written, mut count) = (line.as_bytes(), 0, 0);
        loop {
            let (result, read, out, ended) =
                self.reader.read_record(input, self.text.get_mut(written..)?, self.ends.get_mut(count..)?);
            (written, count) = (written + out, count + ended);
            input = input.get(read..)?;
            match result {
                // At the end it has to be told so.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record => return input.is_empty().then_some(count),
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull | ReadRecordResult::End => {
                    return None;
                }
            }
        }
    }
}

fn owned<'a>(text: &str) -> Value<'a> {
    match scalar(text) {
        Value::Json(number) => Value::Json(Cow::Owned(number.into_owned())),
        _ => Value::Text(Cow::Owned(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use crate::config::NamedColumns;
    use crate::testing::{RECEIVED, check, event};
    use crate::{Format, ParseConfig, Parsed, Parser};

    fn parser(delimiter: char, columns: &[&str]) -> Parser {
        let columns = columns.iter().map(ToString::to_string).collect();
        let csvs = vec![NamedColumns { name: "x".to_owned(), columns, delimiter }];
        Parser::new(ParseConfig { csvs, ..ParseConfig::default() }).unwrap()
    }

    fn parse(parser: &mut Parser, line: &str) -> Option<serde_json::Value> {
        let mut out = Parsed::default();
        parser.parse(&event("csv:x", line.as_bytes()), 0, &mut out).ok()?;
        assert_eq!(out.format, Format::Csv(0));
        let mut document = check(&out.document);
        for ours in ["event", "organization"] {
            let _ours = document.as_object_mut().unwrap().remove(ours);
        }
        Some(document)
    }

    #[test]
    fn columns_become_fields() {
        let mut parser = parser(',', &["time", "level", "user.name", "took", "message"]);
        let expected = json!({
            "@timestamp": "2026-11-21T08:59:58.000Z", "log": {"level": "warn"}, "took": 0.5, "message": "a \"b\",\nc é",
            "labels": {"csv_6": "more", "csv_8": "7"},
        });
        let line = "2026-11-21T08:59:58Z,warn,,0.5,\"a \"\"b\"\",\nc é\",more,,7";
        assert_eq!(parse(&mut parser, line), Some(expected));
        let header = "time,level,user.name,took,message";
        assert_eq!(parse(&mut parser, header), Some(json!({"@timestamp": RECEIVED, "message": header})));
        assert_eq!(
            parse(&mut parser, ",,bob"),
            Some(json!({"@timestamp": RECEIVED, "user": {"name": "bob"}}))
        );
        for line in ["", "no values", "a,b\nc,d", "\n"] {
            assert_eq!(parse(&mut parser, line), None, "{line}");
        }
    }

    #[test]
    fn the_delimiter_is_any_ascii_character() {
        let mut parser = parser('\t', &["a", "b"]);
        assert_eq!(parse(&mut parser, "1\t2,3"), Some(json!({"@timestamp": RECEIVED, "a": 1, "b": "2,3"})));
        for (delimiter, columns) in [('é', vec!["a".to_owned()]), ('"', vec!["a".to_owned()]), (',', vec![])]
        {
            let csvs = vec![NamedColumns { name: "x".to_owned(), columns, delimiter }];
            assert!(Parser::new(ParseConfig { csvs, ..ParseConfig::default() }).is_err());
        }
    }

    #[test]
    fn a_failure_names_the_columns_it_was_read_with() {
        let failed = parser(',', &["a", "b"]).parse(&event("csv:x", b"no values"), 0, &mut Parsed::default());
        assert_eq!(failed.unwrap_err().format, "csv:x");
        let failed =
            parser(',', &["a", "b"]).parse(&event("csv:y", b"1,2"), 0, &mut Parsed::default()).unwrap_err();
        assert!(failed.reason.ends_with("raw, csv:x"), "{failed}");
    }

    proptest! {
        #[test]
        fn any_text_does_no_harm(line in "([a-z\",;\n\r\\\\ é0]|\"\"){0,40}") {
            let _answer = parse(&mut parser(',', &["a", "b.c", "b"]), &line);
        }
    }
}
