//! Grok: patterns with names, of which bigger ones are made, `%{IP:client} %{NUMBER:took:float}`.
//!
//! A pattern is written out into one regular expression, for the engine that takes time linear in the line. The names and
//! definitions are those of Logstash's collection; what a pattern captures under a name becomes a member of the event:
//! `%{NAME:field}`, `%{NAME:field:int}`, and `(?<field>...)` as well. A field is a path, `http.status` or `[http][status]`.
//! Captures without a name, and empty ones, are dropped.
//!
//! Source: <https://www.elastic.co/docs/reference/logstash/plugins/plugins-filters-grok>,
//! <https://docs.rs/grok/latest/grok/patterns/index.html>.

mod error;
mod expand;
mod standard;
mod syntax;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

pub use error::GrokError;
use expand::Expansion;
pub(crate) use expand::{Capture, Conversion};

/// How large a compiled expression may get, in bytes.
const MAX_COMPILED: usize = 16 << 20;

/// Compiles a pattern. Each capture has the number of its group in the expression.
///
/// `own` are definitions that come before the standard ones of the same name.
pub(crate) fn compile(
    pattern: &str,
    own: &BTreeMap<String, String>,
) -> Result<(Regex, Vec<(usize, Capture)>), GrokError> {
    let Expansion { regex, captures } = expand::expand(pattern, own)?;
    let regex = RegexBuilder::new(&regex)
        .size_limit(MAX_COMPILED)
        .build()
        .map_err(|source| GrokError::Regex(Box::new(source)))?;
    // Every group of the expansion has a name and stands for the capture of the same number.
    Ok((regex, (1..).zip(captures).collect()))
}

/// What a capture becomes; text where it isn't of the type that the pattern says.
pub(crate) fn convert(text: &str, conversion: Conversion) -> crate::tree::Value<'_> {
    use crate::tree::Value;
    let as_text = || Value::Text(Cow::Borrowed(text));
    match conversion {
        Conversion::None => as_text(),
        Conversion::Integer => text.parse().map_or_else(|_| as_text(), Value::Integer),
        Conversion::Float => match text.parse::<f64>() {
            // Beyond this, the numbers of a search server end.
            Ok(number) if number.abs() <= f64::from(f32::MAX) => Value::Json(Cow::Owned(number.to_string())),
            _ => as_text(),
        },
        Conversion::Boolean => match text {
            "true" | "false" => Value::Json(Cow::Borrowed(text)),
            _ => as_text(),
        },
    }
}
