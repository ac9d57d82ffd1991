//! What a call might make of its arguments, in bytes: an upper bound, found in one look at them.
//!
//! Where a quick bound is too much, matches are counted. What isn't listed makes at most a few times what it was given, which was
//! within the limit before. Figures of VRL's values are those of [`weight`].

use std::borrow::Cow;

use memchr::memmem;
use regex::Regex;
use vrl::value::Value;

use super::bounded::{Argument, Given};
use super::weight::{self, ENTRY, OBJECT, TEXT, VALUE, length};

/// Answers how many bytes a call may make, exactly only where it matters whether these are more than the second argument.
pub(super) type Size = fn(&Arguments<'_>, u64) -> u64;

/// The arguments of a call, worked out.
pub(super) struct Arguments<'a> {
    arguments: &'a [Argument],
    given: &'a Given,
}

/// The highest level of compression: those above take memory by the hundred MiB, however small the input.
const MAX_ZSTD_LEVEL: i64 = 9;

/// A field that a parser finds: its name, its value, and their place in an object.
const FIELD: u64 = ENTRY + TEXT + VALUE;

/// What a node of a document of YAML takes: its event while it is read, and the value, at worst an object.
const YAML_NODE: u64 = 1_200;

/// How many times the events of a document YAML's parser follows aliases, before it gives up.
const YAML_REPEATS: u64 = 100;

/// The size of what a function makes; `None` for one that needs no look.
pub(super) fn of(function: &str) -> Option<Size> {
    Some(match function {
        "join" => |call, _| {
            let gaps = call.value("value").and_then(Value::as_array).map_or(0, <[Value]>::len);
            call.weight("value").saturating_add(length(gaps).saturating_mul(call.length("separator")))
        },
        "replace" => replace,
        "sieve" => sieve,
        "flatten" => |call, _| {
            let separator = call.value("separator").map_or(1, |_| call.length("separator"));
            call.value("value").map_or(0, |value| flattened(value, 0, separator))
        },
        "encode_key_value" | "encode_logfmt" => key_value,
        "encode_json" => |call, _| {
            let pretty = call.value("pretty").and_then(Value::as_boolean).unwrap_or(false);
            let indents = if pretty { call.value("value").map_or(0, |value| indents(value, 1)) } else { 0 };
            call.weight("value").saturating_mul(6).saturating_add(indents)
        },
        "encode_csv" | "contains_all" | "match_datadog_query" => |call, _| call.all().saturating_mul(4),
        "assert_eq" => |call, _| call.all().saturating_mul(6),
        "encode_zstd" => |call, _| match call.value("compression_level").and_then(Value::as_integer) {
            Some(level) if !(0..=MAX_ZSTD_LEVEL).contains(&level) => u64::MAX,
            _ => call.weight("value").saturating_mul(2),
        },
        "split" => split,
        "split_path" => |call, _| (call.bytes_in("value", b"/") + 1) * TEXT + call.length("value"),
        "chunks" => |call, _| {
            let size = call.value("chunk_size").and_then(Value::as_integer).unwrap_or(1).max(1);
            (call.length("value") / size.unsigned_abs() + 1) * TEXT + call.length("value")
        },
        "parse_regex" => parse_regex,
        "parse_regex_all" => parse_regex_all,
        "parse_json" | "parse_aws_cloudwatch_log_subscription_message" => |call, _| {
            let (objects, arrays) = (call.bytes_in("value", b"{"), call.bytes_in("value", b"["));
            let values = call.bytes_in("value", b",:") + 1;
            objects * OBJECT + arrays * 4 * VALUE + values * (ENTRY + TEXT) + 2 * call.length("value")
        },
        "parse_key_value" | "parse_logfmt" => |call, _| {
            let fields =
                match call.value("field_delimiter").and_then(Value::as_bytes).and_then(|text| text.first()) {
                    Some(first) => call.bytes_in("value", &[*first]),
                    None => call.bytes_in("value", b" "),
                };
            (fields + 1) * FIELD + 2 * call.length("value")
        },
        "parse_query_string" | "parse_url" => {
            |call, _| (call.bytes_in("value", b"&") + 20) * FIELD + 4 * call.length("value")
        }
        "parse_cef" => |call, _| (call.bytes_in("value", b"=|") + 1) * FIELD + 2 * call.length("value"),
        "parse_csv" => |call, _| {
            let delimiter = call.value("delimiter").and_then(Value::as_bytes).and_then(|text| text.first());
            (call.bytes_in("value", &[*delimiter.unwrap_or(&b',')]) + 1) * TEXT + 3 * call.length("value")
        },
        "parse_tokens" => {
            |call, _| (call.bytes_in("value", b" \t\"[]") + 1) * (2 * TEXT) + 2 * call.length("value")
        }
        "parse_syslog" | "parse_linux_authorization" => |call, _| {
            let (elements, fields) = (call.bytes_in("value", b"["), call.bytes_in("value", b"="));
            (elements + 1) * (OBJECT + FIELD) + fields * FIELD + 3 * call.length("value")
        },
        "parse_influxdb" => influxdb,
        "parse_yaml" => |call, _| {
            let nodes = call.bytes_in("value", b"[{,:-?\n") + 1;
            let aliases = call.bytes_in("value", b"*") > 0 && call.bytes_in("value", b"&") > 0;
            let repeats = if aliases { YAML_REPEATS } else { 1 };
            (nodes.saturating_mul(YAML_NODE) + 4 * call.length("value")).saturating_mul(repeats)
        },
        // Three bytes of it are an object with a field.
        "parse_cbor" => |call, _| call.length("value").saturating_mul((OBJECT + FIELD) / 3),
        "parse_grok" | "parse_groks" => |call, _| call.length("value").saturating_mul(FIELD),
        "tag_types_externally" => |call, _| call.count("value") * (OBJECT + ENTRY),
        "to_entries" => |call, _| call.count("value") * (OBJECT + 2 * FIELD) + call.copy("value"),
        "from_entries" | "object_from_array" | "tally" => |call, _| call.all().saturating_mul(2),
        // Each letter is a node of its syntax and of its program before it is known to be too long.
        "to_regex" => |call, _| call.length("value").saturating_mul(512),
        "format_timestamp" => |call, _| call.length("format").saturating_mul(192) + 64,
        "camelcase" | "kebabcase" | "pascalcase" | "screamingsnakecase" | "snakecase" => {
            |call, _| call.length("value").saturating_mul(64)
        }
        "encode_punycode" | "decode_punycode" | "parse_user_agent" | "shannon_entropy" => {
            |call, _| call.length("value").saturating_mul(16)
        }
        _ => return None,
    })
}

// === impl Arguments ===

impl<'a> Arguments<'a> {
    pub(super) fn new(arguments: &'a [Argument], given: &'a Given) -> Self {
        Self { arguments, given }
    }

    pub(super) fn value(&self, keyword: &str) -> Option<&'a Value> {
        let at = self.arguments.iter().position(|argument| argument.keyword == keyword)?;
        self.arguments
            .get(at)
            .and_then(|argument| argument.constant.as_ref())
            .or_else(|| self.given.0.get(at))
    }

    /// The text of an argument. An argument that isn't given, or is no text, is an empty one.
    fn text(&self, keyword: &str) -> Cow<'a, str> {
        self.value(keyword).and_then(Value::to_str_lossy).unwrap_or_default()
    }

    /// How long it is. What is no UTF-8 may become three times as long.
    fn length(&self, keyword: &str) -> u64 {
        match self.value(keyword) {
            Some(Value::String(text)) => length(text.len()),
            Some(Value::Bytes(text)) if text.is_ascii() => length(text.len()),
            Some(Value::Bytes(text)) => 3 * length(text.len()),
            _ => 0,
        }
    }

    /// How often any of these bytes is in it.
    fn bytes_in(&self, keyword: &str, wanted: &[u8]) -> u64 {
        let Some(text) = self.value(keyword).and_then(Value::as_bytes) else { return 0 };
        length(text.iter().filter(|byte| wanted.contains(byte)).count())
    }

    fn weight(&self, keyword: &str) -> u64 {
        self.value(keyword).map_or(0, weight::text)
    }

    fn copy(&self, keyword: &str) -> u64 {
        self.value(keyword).map_or(0, weight::copy)
    }

    fn count(&self, keyword: &str) -> u64 {
        self.value(keyword).map_or(0, weight::count)
    }

    /// All arguments together, as text and in objects.
    fn all(&self) -> u64 {
        let values = self.arguments.iter().filter_map(|argument| self.value(argument.keyword));
        values.fold(0, |sum: u64, value| {
            sum.saturating_add(weight::text(value).saturating_add(weight::count(value) * ENTRY))
        })
    }
}

// === what takes more than a line ===

fn replace(call: &Arguments<'_>, most: u64) -> u64 {
    let (value, with) = (call.length("value"), call.length("with"));
    let expands = matches!(call.value("pattern"), Some(Value::Regex(_)))
        && call.value("with").and_then(Value::as_bytes).is_some_and(|with| with.contains(&b'$'));
    // A match may stand where each letter is and at the end; what is put there may name the match in every second byte.
    let quick = (2 * value + 1).saturating_mul(with).saturating_add(value);
    if quick <= most {
        return quick;
    }
    let text = call.text("value");
    let times = match call.value("count").and_then(Value::as_integer) {
        Some(count) => usize::try_from(count).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    let put = match call.value("pattern") {
        Some(Value::Regex(regex)) => regex.find_iter(&text).take(times).fold(0, |sum: u64, found| {
            let longest = if expands { length(found.len()).max(1) } else { 1 };
            sum.saturating_add(longest.saturating_mul(with))
        }),
        Some(pattern) => {
            let pattern = pattern.to_str_lossy().unwrap_or_default();
            length(found(&text, &pattern).min(times)).saturating_mul(with)
        }
        None => 0,
    };
    put.saturating_add(value)
}

fn sieve(call: &Arguments<'_>, most: u64) -> u64 {
    let value = call.length("value");
    let with = call.length("replace_single").max(call.length("replace_repeated"));
    let quick = (value + 1).saturating_mul(with).saturating_add(value);
    match call.value("permitted_characters") {
        Some(Value::Regex(regex)) if quick > most => {
            length(regex.find_iter(&call.text("value")).count()).saturating_mul(with).saturating_add(value)
        }
        _ => quick,
    }
}

fn split(call: &Arguments<'_>, most: u64) -> u64 {
    let value = call.length("value");
    let limit = call.value("limit").and_then(Value::as_integer).unwrap_or(i64::MAX).max(0).unsigned_abs();
    let quick = (value + 2).min(limit).saturating_mul(TEXT).saturating_add(value);
    if quick <= most {
        return quick;
    }
    let text = call.text("value");
    let parts = match call.value("pattern") {
        Some(Value::Regex(regex)) => length(regex.find_iter(&text).count()),
        Some(pattern) => length(found(&text, &pattern.to_str_lossy().unwrap_or_default())),
        None => 0,
    };
    (parts + 1).min(limit).saturating_mul(TEXT).saturating_add(value)
}

fn parse_regex(call: &Arguments<'_>, most: u64) -> u64 {
    let Some(Value::Regex(regex)) = call.value("pattern") else { return 0 };
    let fields = groups(regex) * 2 * FIELD + OBJECT;
    let quick = fields.saturating_add(groups(regex).saturating_mul(2 * call.length("value")));
    if quick <= most {
        return quick;
    }
    let text = call.text("value");
    let texts = regex.captures(&text).map_or(0, |captures| {
        captures.iter().flatten().fold(0, |sum: u64, group| sum.saturating_add(2 * length(group.len())))
    });
    fields.saturating_add(texts)
}

fn parse_regex_all(call: &Arguments<'_>, most: u64) -> u64 {
    let Some(Value::Regex(regex)) = call.value("pattern") else { return 0 };
    let fields = groups(regex) * 2 * FIELD + OBJECT;
    let texts = groups(regex).saturating_mul(2 * call.length("value"));
    let quick = (call.length("value") + 1).saturating_mul(fields).saturating_add(texts);
    if quick <= most {
        return quick;
    }
    length(regex.find_iter(&call.text("value")).count()).saturating_mul(fields).saturating_add(texts)
}

/// Each field of a line becomes an object with all tags of the line.
fn influxdb(call: &Arguments<'_>, _most: u64) -> u64 {
    call.text("value").lines().fold(0, |sum: u64, line| {
        let fields = length(line.bytes().filter(|byte| *byte == b'=').count());
        let metric = 4 * OBJECT + fields.saturating_mul(FIELD) + 2 * length(line.len());
        sum.saturating_add(fields.saturating_mul(metric))
    })
}

fn key_value(call: &Arguments<'_>, _most: u64) -> u64 {
    let Some(value) = call.value("value") else { return 0 };
    let delimiters = call.length("key_value_delimiter") + call.length("field_delimiter") + 2;
    let fields = weight::count(value).saturating_mul(delimiters + 2 * FIELD);
    // Quoted and escaped, in a table of names and values first.
    4 * flattened(value, 0, 2) + 4 * weight::text(value) + fields + call.weight("fields_ordering")
}

/// The names that an object has when what is in others is its own: each is as long as the way to it.
fn flattened(value: &Value, way: u64, separator: u64) -> u64 {
    let inside = |way: u64, name: u64| way.saturating_add(name).saturating_add(separator);
    match value {
        Value::Object(fields) => fields.iter().fold(way, |sum: u64, (name, value)| {
            sum.saturating_add(flattened(value, inside(way, length(name.len())), separator))
        }),
        Value::Array(values) => values.iter().fold(way.saturating_add(VALUE), |sum: u64, value| {
            sum.saturating_add(flattened(value, inside(way, 8), separator))
        }),
        _ => way.saturating_add(ENTRY + VALUE),
    }
}

fn indents(value: &Value, depth: u64) -> u64 {
    match value {
        Value::Array(values) => values.iter().fold(2 * depth, |sum, value| sum + indents(value, depth + 1)),
        Value::Object(fields) => {
            fields.values().fold(2 * depth, |sum, value| sum + indents(value, depth + 1))
        }
        _ => 2 * depth,
    }
}

/// How often a text is in another, side by side.
pub(super) fn found(text: &str, pattern: &str) -> usize {
    match pattern {
        "" => text.len() + 1,
        pattern => memmem::find_iter(text.as_bytes(), pattern.as_bytes()).count(),
    }
}

fn groups(regex: &Regex) -> u64 {
    length(regex.captures_len())
}
