//! `parser:` formats that exist, expressions that compile, a time zone that is known.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use regex::Regex;

use super::findings::Findings;
use crate::sections::ParserSettings;
use crate::suggest;
use crate::units::{ByteSize, Period};

const FORMATS: &[&str] = &["auto", "json", "syslog", "common", "combined", "error", "raw"];

pub(super) fn check(parser: &ParserSettings, findings: &mut Findings) {
    findings.group("parser.group", &parser.group);
    findings.number("parser.lanes", i128::try_from(parser.lanes).unwrap_or(i128::MAX), 0, 1_024);
    default_format(&parser.default_format, &parser.regexes, findings);
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

fn default_format(format: &str, regexes: &BTreeMap<String, String>, findings: &mut Findings) {
    if let Some(name) = format.strip_prefix("regex:") {
        let names: Vec<&str> = regexes.keys().map(String::as_str).collect();
        let remedy = match names.is_empty() {
            true => format!("add parser.regexes.{name}"),
            false => format!("add parser.regexes.{name}; {}", suggest::remedy(name, &names)),
        };
        let what = format!("no regular expression is named `{name}`");
        findings.require(regexes.contains_key(name), "parser.default_format", what, remedy);
    } else {
        let what = format!("`{format}` is not a format");
        let remedy = format!("{}, regex:<name>", suggest::remedy(format, FORMATS));
        findings.require(FORMATS.contains(&format), "parser.default_format", what, remedy);
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
