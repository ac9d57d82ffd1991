//! Samples of every format, and what holds for all of them.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::Value as Json;

use crate::testing::{check, event, parse, through, try_parse};
use crate::{Format, NamedColumns, OnUnparsed, ParseConfig, Parsed, Parser};

/// What a format's module has to show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Samples {
    /// Its name.
    pub(crate) format: &'static str,
    /// What `auto` may take its lines for.
    pub(crate) auto: &'static [Format],
    /// Lines, and the documents that they become, as JSON without the facts that all documents have.
    pub(crate) read: &'static [(&'static str, &'static str)],
    /// Lines that are not in this format.
    pub(crate) refused: &'static [&'static str],
}

/// Those of all formats; a new format adds its own here.
const ALL: &[Samples] = &[
    super::access_log::tests::COMBINED,
    super::access_log::tests::COMMON,
    super::auditd::tests::SAMPLES,
    super::aws_elb::tests::ALB,
    super::aws_elb::tests::ELB,
    super::cef::tests::SAMPLES,
    super::cloudfront::tests::SAMPLES,
    super::container::tests::CRI,
    super::container::tests::DOCKER,
    super::elasticsearch::tests::SAMPLES,
    super::error_log::tests::SAMPLES,
    super::gelf::tests::SAMPLES,
    super::haproxy::tests::SAMPLES,
    super::iptables::tests::SAMPLES,
    super::java::tests::SAMPLES,
    super::journald::tests::SAMPLES,
    super::kafka::tests::SAMPLES,
    super::key_value::tests::SAMPLES,
    super::klog::tests::SAMPLES,
    super::kubernetes_audit::tests::SAMPLES,
    super::leef::tests::SAMPLES,
    super::logfmt::tests::SAMPLES,
    super::mozdef::tests::SAMPLES,
    super::mysql::tests::SAMPLES,
    super::otlp::tests::SAMPLES,
    super::postgresql::tests::SAMPLES,
    super::python::tests::SAMPLES,
    super::redis::tests::SAMPLES,
    super::stack_trace::tests::SAMPLES,
    super::syslog::tests::SAMPLES,
    super::vpc_flow::tests::SAMPLES,
    super::windows_event::tests::SAMPLES,
];

#[test]
fn every_sample_becomes_its_document() {
    let mut wrong = Vec::new();
    for samples in ALL {
        for (line, expected) in samples.read {
            let expected: Json = serde_json::from_str(expected)
                .unwrap_or_else(|error| panic!("{error} in what is expected of {line}"));
            let document = parse(samples.format, line);
            if document != expected {
                wrong.push(format!("{} {line:?}\nis {document}\nnot {expected}", samples.format));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Scenario: every sample is read as a value, which nothing changes, and written.
/// Guarantees: document, time, format and marks are those of `parse`.
#[test]
fn every_sample_survives_the_way_by_a_value() {
    let mut parser = Parser::new(ParseConfig::default()).unwrap();
    for samples in ALL {
        for (line, _) in samples.read {
            let event = event(samples.format, line.as_bytes());
            let mut out = Parsed::default();
            // Those that are named in a configuration are tested where they are read.
            let Ok(()) = parser.parse(&event, 0, &mut out) else { continue };
            let (document, written) = through(&mut parser, &event).unwrap();
            assert_eq!(document, check(&out.document), "{} {line}", samples.format);
            assert_eq!(
                (written.event_ms, written.format, written.marks),
                (out.event_ms, out.format, out.marks)
            );
        }
    }
}

#[test]
fn what_is_in_no_format_is_refused_by_it() {
    for samples in ALL {
        for line in samples.refused {
            let read = try_parse(&event(samples.format, line.as_bytes()), OnUnparsed::DeadLetter);
            assert!(read.is_err(), "{} read {line}: {}", samples.format, read.unwrap().0);
        }
    }
}

/// Scenario: the samples of all formats come in one stream without a declared format, three times.
/// Guarantees: none is taken for another format, whatever came before it.
#[test]
fn auto_takes_no_sample_for_another_format() {
    let mut parser = Parser::new(ParseConfig::default()).unwrap();
    let mut out = Parsed::default();
    for samples in ALL.iter().chain(ALL.iter().rev()).chain(ALL) {
        for (line, _) in samples.read {
            parser.parse(&event("", line.as_bytes()), 0, &mut out).unwrap();
            let found = out.format;
            assert!(samples.auto.contains(&found), "{} taken for {found}: {line}", samples.format);
        }
    }
}

/// Guarantees: a line with more parts than an event may have is no event, in any format that has no number of parts of its own.
#[test]
fn too_many_parts_are_refused() {
    let columns = vec!["a".to_owned()];
    let csvs = vec![NamedColumns { name: "x".to_owned(), columns, delimiter: ',' }];
    let config = ParseConfig { max_values: 8, csvs, ..ParseConfig::default() };
    let mut parser = Parser::new(config).unwrap();
    for (format, head, pair) in [
        ("logfmt", "", "k=v "),
        ("key_value", "", "k=v, "),
        ("cef", "CEF:0|a|b|c|d|e|1|", "k=v "),
        ("leef", "LEEF:1.0|a|b|c|d|", "k=v\t"),
        ("auditd", "type=X msg=audit(1795251598.1:1): ", "k=v "),
        ("journald", "", "K=v\n"),
        ("csv:x", "", "v,"),
    ] {
        for (count, is_read) in [(7, true), (9, false)] {
            let line = format!("{head}{}", pair.repeat(count));
            let answer = parser.parse(&event(format, line.as_bytes()), 0, &mut Parsed::default());
            assert_eq!(answer.is_ok(), is_read, "{line}");
        }
    }
}

/// Scenario: lines of 64 KiB that consist of what readers look for, some of them behind the beginning of a good line.
/// Guarantees: no reader's time grows with the square of the line, which would be some seconds.
#[test]
fn readers_take_linear_time() {
    const SIZE: usize = 64 * 1024;
    let parts =
        ["\"", "\\", "=", "a=", "a=\"", "k=v ", "|", "[", "]", " ", ": ", ",", "\t", "a", "\n", "{", "a=b|"];
    let mut parser = Parser::new(ParseConfig::default()).unwrap();
    for samples in ALL {
        let half = samples.read.first().map_or("", |(line, _)| {
            let half = (0..=line.len() / 2).rev().find(|at| line.is_char_boundary(*at));
            &line[..half.unwrap_or(0)]
        });
        for (head, part) in ["", half].into_iter().flat_map(|head| parts.map(|part| (head, part))) {
            let line = format!("{head}{}", part.repeat(SIZE / part.len()));
            let start = Instant::now();
            let _answer = parser.parse(&event(samples.format, line.as_bytes()), 0, &mut Parsed::default());
            let taken = start.elapsed();
            assert!(taken < Duration::from_secs(2), "{}: {taken:?} for {head} and {part:?}", samples.format);
        }
    }
}

/// A format's name and one of its samples, cut and spliced.
fn near_miss() -> impl Strategy<Value = (&'static str, String)> {
    let lines = ALL.iter().flat_map(|samples| {
        let lines = samples.read.iter().map(|(line, _)| *line).chain(samples.refused.iter().copied());
        lines.map(|line| (samples.format, line))
    });
    let with = prop_oneof![
        prop::sample::select(vec![
            "\"", "\\", "=", "|", " ", "]", "[", "é", "\t", "\n", "-", ":", ",", "0", "{"
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        Just(String::new()),
    ];
    let splice = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), with);
    let lines = prop::sample::select(lines.collect::<Vec<_>>());
    (lines, prop::collection::vec(splice, 0..4)).prop_map(|((format, line), splices)| {
        let mut line: Vec<char> = line.chars().collect();
        for (from, len, with) in splices {
            let from = from.index(line.len() + 1);
            let to = from + len.index(6).min(line.len() - from);
            let _gone = line.splice(from..to, with.chars());
        }
        (format, line.into_iter().collect())
    })
}

proptest! {
    /// Scenario: samples that are cut and spliced, read as what they were and as whatever they may be.
    /// Guarantees: no panic, and each document is what a document has to be.
    #[test]
    fn near_misses_do_no_harm((format, line) in near_miss()) {
        for format in [format, ""] {
            if let Ok((_, out)) = try_parse(&event(format, line.as_bytes()), OnUnparsed::DeadLetter) {
                let _document = check(&out.document);
            }
        }
    }

    /// Scenario: any text, read as any format.
    /// Guarantees: the same.
    #[test]
    fn any_text_does_no_harm(line: String, format in prop::sample::select(Format::NAMED)) {
        if let Ok((_, out)) = try_parse(&event(format.as_str(), line.as_bytes()), OnUnparsed::DeadLetter) {
            let _document = check(&out.document);
        }
    }
}
