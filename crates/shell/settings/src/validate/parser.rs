//! `parser:` formats that exist, expressions that compile, a time zone that is known.

use std::collections::BTreeMap;
use std::error::Error;

use forebay_parse::{Format, ParseConfig, Parser};
use jiff::tz::TimeZone;
use regex::Regex;

use super::findings::Findings;
use crate::sections::ParserSettings;
use crate::units::{ByteSize, Period};
use forebay_yaml::suggest;

pub(super) fn check(parser: &ParserSettings, findings: &mut Findings) {
    findings.group("parser.group", &parser.group);
    findings.number("parser.lanes", i128::try_from(parser.lanes).unwrap_or(i128::MAX), 0, 1_024);
    default_format(parser, findings);
    custom(parser, findings);
    for (name, pattern) in &parser.regexes {
        expression(name, pattern, findings);
    }
    findings.require(
        TimeZone::get(&parser.timezone).is_ok(),
        "parser.timezone",
        format!("`{}` is not a time zone", parser.timezone.escape_debug()),
        "write its IANA name, such as `UTC` or `Europe/Berlin`",
    );
    let century = Period::from_secs(100 * 365 * 86_400);
    findings.period("parser.max_age", parser.max_age, Period::from_secs(60), century);
    findings.period("parser.max_future", parser.max_future, Period::from_secs(0), century);
    findings.size("parser.max_in_flight", parser.max_in_flight, ByteSize::mib(1), ByteSize::mib(16 * 1_024));
    let (none, hour) = (Period::from_secs(0), Period::from_secs(3_600));
    findings.period("parser.drain_timeout", parser.drain_timeout, none, hour);
    findings.period("parser.revoke_timeout", parser.revoke_timeout, none, Period::from_secs(240));
    let (interval, timeout) = (parser.transaction_interval, parser.transaction_timeout);
    findings.period("parser.transaction_interval", interval, Period::from_millis(10), Period::from_secs(60));
    // Brokers allow 15 minutes, unless they were told otherwise.
    findings.period("parser.transaction_timeout", timeout, Period::from_secs(1), Period::from_secs(900));
    findings.require(
        interval.0 < timeout.0,
        "parser.transaction_interval",
        format!("{interval} is not shorter than parser.transaction_timeout ({timeout}): no transaction would be committed"),
        "write a fraction of parser.transaction_timeout",
    );
}

fn default_format(parser: &ParserSettings, findings: &mut Findings) {
    let format = parser.default_format.as_str();
    let path = "parser.default_format";
    let Some((kind, name)) = format.split_once(':') else {
        let names: Vec<&str> = Format::NAMED.iter().map(|format| format.as_str()).collect();
        let what = format!("`{format}` is not a format");
        let remedy = format!("{}, regex:<name>, grok:<name>, csv:<name>", suggest::remedy(format, &names));
        return findings.require(names.contains(&format), path, what, remedy);
    };
    let (what, section, names) = match kind {
        "regex" => ("regular expression", "regexes", names(&parser.regexes)),
        "grok" => ("grok pattern", "groks", names(&parser.groks)),
        "csv" => ("list of columns", "csvs", names(&parser.csvs)),
        _ => {
            return findings.add(
                path,
                format!("`{format}` is not a format"),
                "write regex:<name>, grok:<name> or csv:<name>",
            );
        }
    };
    let remedy = match names.is_empty() {
        true => format!("add parser.{section}.{name}"),
        false => format!("add parser.{section}.{name}; {}", suggest::remedy(name, &names)),
    };
    findings.require(names.contains(&name), path, format!("no {what} is named `{name}`"), remedy);
}

fn names<T>(known: &BTreeMap<String, T>) -> Vec<&str> {
    known.keys().map(String::as_str).collect()
}

/// Grok patterns and columns, each as the parser itself judges it.
fn custom(parser: &ParserSettings, findings: &mut Findings) {
    let all =
        ParserSettings { regexes: BTreeMap::new(), default_format: "auto".to_owned(), ..parser.clone() };
    let mut judge = |path: String, one: ParserSettings| {
        if let Err(error) = Parser::new(ParseConfig { timezone: String::new(), ..one.parse_config() }) {
            let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            findings.add(&path, format!("can't be used: {reason}"), "mend it, or take it out");
        }
    };
    let alone = ParserSettings { groks: BTreeMap::new(), csvs: BTreeMap::new(), ..all };
    for (name, pattern) in &parser.groks {
        let groks = BTreeMap::from([(name.clone(), pattern.clone())]);
        judge(format!("parser.groks.{name}"), ParserSettings { groks, ..alone.clone() });
    }
    for (name, header) in &parser.csvs {
        let csvs = BTreeMap::from([(name.clone(), header.clone())]);
        judge(format!("parser.csvs.{name}"), ParserSettings { csvs, ..alone.clone() });
    }
}

fn expression(name: &str, pattern: &str, findings: &mut Findings) {
    let path = format!("parser.regexes.{name}");
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    findings.require(
        !name.is_empty() && name.bytes().all(allowed),
        &path,
        "the name has signs in it that a format's name can't have",
        "use letters, digits, `_` and `-`",
    );
    match Regex::new(pattern) {
        Err(error) => {
            // The last line says what is wrong; those before it draw the place.
            let error = error.to_string();
            let reason =
                error.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
            findings.add(
                &path,
                format!("is not a regular expression: {reason}"),
                "see docs.rs/regex for the syntax",
            );
        }
        Ok(expression) => findings.require(
            expression.capture_names().flatten().next().is_some(),
            &path,
            "has no named group, so that no field would come of it",
            "name what shall become fields, such as `(?<message>.*)`",
        ),
    }
}
