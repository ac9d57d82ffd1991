//! What a request says beside its body: query parameters and headers.
//!
//! An unknown parameter is refused, since a misspelt `?atomic=true` that is ignored does what the sender wanted to rule
//! out.

use axum::http::{HeaderMap, Uri};
use forebay_record::dead_letter::cut;
use forebay_record::{format, raw, stream};
use forebay_wire::Facts;
use forebay_yaml::suggest::misspelt;
use jiff::Timestamp;
use thiserror::Error;

use crate::http::request::trace;

/// The longest source, in bytes.
const MAX_SOURCE: usize = 256;
/// The longest format name, in bytes.
const MAX_FORMAT: usize = 64;
/// The longest member name in `id_field`, in bytes.
const MAX_ID_FIELD: usize = 256;
/// The most bytes of all attributes together: they travel with every event of the request.
const MAX_ATTRIBUTE_BYTES: usize = 8 * 1024;

/// The parameters that exist, for the hint.
const KNOWN: &str = "atomic, format, stream, source, id_field, observed_at, attr.<name>";

/// What a request asks for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Options {
    /// One bad event refuses all.
    pub atomic: bool,
    /// What it says of the events: format, stream, source, time and attributes, and the trace context, if there is a valid one.
    pub facts: Facts,
    /// The top-level member that holds an event's id.
    pub id_field: Option<String>,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
}

/// A parameter or header that can't be used.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(crate) enum OptionsError {
    /// The query isn't one.
    #[error("the query string can't be read")]
    Query,
    /// No such parameter.
    #[error("there is no parameter `{0}`")]
    Unknown(String),
    /// The parameter's value can't be used.
    #[error("parameter `{name}`: {reason}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// What is wrong with its value.
        reason: &'static str,
    },
    /// There is no such format, but one with nearly the same name.
    #[error("parameter `format`: there is no `{written}`; did you mean `{near}`?")]
    Format {
        /// What is written.
        written: String,
        /// What there is.
        near: &'static str,
    },
    /// The header isn't text.
    #[error("header `{0}` is not text")]
    Header(&'static str),
}

impl Options {
    /// Reads a request's query and headers.
    ///
    /// # Errors
    /// At the first that can't be used.
    pub(crate) fn read(uri: &Uri, headers: &HeaderMap) -> Result<Self, OptionsError> {
        let mut options = Self::default();
        if uri.query().is_some() {
            let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
                .map_err(|_| OptionsError::Query)?;
            for (name, value) in query.0 {
                options.take(&name, value)?;
            }
        }
        options.idempotency_key = header(headers, "idempotency-key")?.map(str::to_owned);
        options.facts.traceparent = trace(headers).map(|context| context.to_string()).unwrap_or_default();
        Ok(options)
    }

    fn take(&mut self, name: &str, value: String) -> Result<(), OptionsError> {
        let wrong = |name, reason| Err(OptionsError::Value { name, reason });
        match name {
            "atomic" => match value.as_str() {
                "true" | "1" | "" => self.atomic = true,
                "false" | "0" => self.atomic = false,
                _ => return wrong("atomic", "must be `true` or `false`"),
            },
            "format" if !is_format(&value) => {
                return wrong(
                    "format",
                    "must be 1 to 64 of A-Z, a-z, 0-9, `_` and `-`, after `regex:`, `grok:` or `csv:`, or alone",
                );
            }
            // A name that is far from all is the sender's own: a rule may know it, and what none knows is dead-lettered.
            "format" if let Some(near) = misspelt_format(&value) => {
                return Err(OptionsError::Format { written: value, near });
            }
            // Finding out is what happens without a format.
            "format" => self.facts.format = if value == "auto" { String::new() } else { value },
            "stream" if value.is_empty() => return wrong("stream", "must not be empty"),
            "stream" => self.facts.stream = cut(&value, stream::MAX_LEN).to_owned(),
            "source" if value.is_empty() || value.len() > MAX_SOURCE => {
                return wrong("source", "must have 1 to 256 bytes");
            }
            "source" => self.facts.source = value,
            "id_field" if value.is_empty() || value.len() > MAX_ID_FIELD => {
                return wrong("id_field", "must have 1 to 256 bytes");
            }
            "id_field" => self.id_field = Some(value),
            "observed_at" => match nanoseconds(&value) {
                Some(observed_at) => self.facts.observed_at = observed_at,
                None => {
                    return wrong(
                        "observed_at",
                        "must be nanoseconds since 1970 or a time like 2027-01-31T00:00:00Z",
                    );
                }
            },
            _ => match name.strip_prefix("attr.") {
                Some(attribute) if !attribute.is_empty() => self.attribute(attribute, value)?,
                _ => return Err(OptionsError::Unknown(cut(name, 64).to_owned())),
            },
        }
        Ok(())
    }

    fn attribute(&mut self, name: &str, value: String) -> Result<(), OptionsError> {
        let wrong = |reason| Err(OptionsError::Value { name: "attr.", reason });
        if self.facts.attributes.len() == raw::MAX_ATTRIBUTES {
            return wrong("at most 128 attributes are allowed");
        }
        let so_far: usize = self.facts.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
        if so_far + name.len() + value.len() > MAX_ATTRIBUTE_BYTES {
            return wrong("all attributes together may have at most 8192 bytes");
        }
        self.facts.attributes.push((name.to_owned(), value));
        Ok(())
    }
}

// === impl OptionsError ===

impl OptionsError {
    /// What to do about it.
    #[must_use]
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Format { .. } => format!("the formats are: {}", format::NAMED.join(", ")),
            _ => format!("the parameters are: {KNOWN}"),
        }
    }
}

/// A header's text; `None` if there is no such header.
///
/// # Errors
/// When it isn't visible ASCII.
fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, OptionsError> {
    headers.get(name).map(|value| value.to_str().map_err(|_| OptionsError::Header(name))).transpose()
}

/// The format that is meant by a name that is nearly its own.
fn misspelt_format(name: &str) -> Option<&'static str> {
    if name.contains(':') { None } else { misspelt(name, format::NAMED.iter().copied()) }
}

/// Whether it may be a format's name. Those of the parser's settings come after their kind, such as `regex:`.
fn is_format(name: &str) -> bool {
    let name = match name.split_once(':') {
        Some((kind, name)) if format::CONFIGURED.contains(&kind) => name,
        _ => name,
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !name.is_empty() && name.len() <= MAX_FORMAT && name.bytes().all(allowed)
}

fn nanoseconds(text: &str) -> Option<u64> {
    match text.parse() {
        Ok(number) => Some(number),
        Err(_) => u64::try_from(text.parse::<Timestamp>().ok()?.as_nanosecond()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Options, OptionsError> {
        Options::read(&format!("/v1/ingest?{query}").parse().unwrap(), &HeaderMap::new())
    }

    #[test]
    fn every_parameter_is_read() {
        let options = read("atomic=true&format=nginx&stream=web%201&source=edge&id_field=id&observed_at=7&attr.host=a&attr.pod=b")
            .unwrap();
        let attributes = vec![("host".to_owned(), "a".to_owned()), ("pod".to_owned(), "b".to_owned())];
        let facts = Facts {
            source: "edge".to_owned(),
            format: "nginx".to_owned(),
            stream: "web 1".to_owned(),
            observed_at: 7,
            attributes,
            traceparent: String::new(),
        };
        let expected =
            Options { atomic: true, facts, id_field: Some("id".to_owned()), idempotency_key: None };
        assert_eq!(options, expected);
        assert_eq!(read("observed_at=1970-01-01T00:00:01Z").unwrap().facts.observed_at, 1_000_000_000);
        assert_eq!(read("format=auto").unwrap().facts.format, "");
    }

    /// Scenario: a sender names one of the operator's regular expressions. Guarantees: passed on, as the parser knows it.
    #[test]
    fn an_operators_expression_is_a_format() {
        for format in ["regex:app", "regex:App_2-x", "grok:app", "csv:app"] {
            assert_eq!(read(&format!("format={format}")).unwrap().facts.format, format);
        }
        for format in ["regex:", "regex:a:b", "regex:../x", "other:x"] {
            assert!(read(&format!("format={format}")).is_err(), "{format}");
        }
    }

    /// Scenario: formats that are misspelt, and names of the sender's own.
    /// Guarantees: the former are refused with what is meant, the latter are for rules to know.
    #[test]
    fn a_misspelt_format_is_told() {
        for (written, near) in
            [("combind", "combined"), ("JSON", "json"), ("logmft", "logfmt"), ("sysllog", "syslog")]
        {
            let error = read(&format!("format={written}")).unwrap_err();
            assert_eq!(error, OptionsError::Format { written: written.to_owned(), near });
            assert!(error.hint().contains(near));
        }
        for own in ["nginx", "app", "orders_v2", "mysql_slow"] {
            assert_eq!(read(&format!("format={own}")).unwrap().facts.format, own);
        }
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        let says = |query: &str| read(query).unwrap_err().to_string();
        assert_eq!(says("atomc=true"), "there is no parameter `atomc`");
        assert_eq!(says("attr.=x"), "there is no parameter `attr.`");
        assert_eq!(says("atomic=maybe"), "parameter `atomic`: must be `true` or `false`");
        assert_eq!(
            says("format=../x"),
            "parameter `format`: must be 1 to 64 of A-Z, a-z, 0-9, `_` and `-`, after `regex:`, `grok:` or `csv:`, or alone"
        );
        assert!(says("observed_at=yesterday").starts_with("parameter `observed_at`"));
        assert!(says("stream=").starts_with("parameter `stream`"));
        let many: String = (0..129).map(|n| format!("attr.a{n}=x&")).collect();
        assert!(says(many.trim_end_matches('&')).contains("128"));
        assert!(says(&format!("attr.a={}", "x".repeat(8192))).contains("8192"));
    }

    /// Scenario: requests with a trace context, with one of a later version, with what is none, and with two.
    /// Guarantees: what can be read is passed on as records have it; all else counts as none, and refuses nothing.
    #[test]
    fn a_trace_context_is_taken_if_it_is_one() {
        let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                let _first = headers.append("traceparent", value.parse().unwrap());
            }
            Options::read(&"/v1/ingest".parse().unwrap(), &headers).unwrap().facts.traceparent
        };
        assert_eq!((read(&[valid]).as_str(), read(&[]).as_str()), (valid, ""));
        assert_eq!(read(&[&format!("{}-more", valid.replacen("00", "cc", 1))]), valid);
        let nobody = valid.replace("00f067aa0ba902b7", &"0".repeat(16));
        for wrong in
            ["", "00", &valid.to_uppercase(), &valid.replace('-', "_"), &format!("{valid}0"), &nobody]
        {
            assert_eq!(read(&[wrong]), "", "{wrong}");
        }
        assert_eq!(read(&[valid, valid]), "", "nobody knows which one is meant");
    }
}
