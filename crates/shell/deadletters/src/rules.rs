//! The current rules, applied to an event that failed: would it pass now?
//!
//! The same parser that the tier runs, with the same settings. What the search cluster would say to the document isn't
//! known here.

use forebay_kafka::MAX_RECORD_BYTES;
use forebay_parse::{ConfigError, Parsed, Parser};
use forebay_record::{EventKey, RawEvent, target};
use forebay_settings::Settings;

/// What the rules make of an event.
#[derive(Clone, Copy, Debug)]
pub struct Passed<'a> {
    /// The key of the record in the events topic.
    pub key: &'a str,
    /// The document.
    pub document: &'a [u8],
    /// What the partition is chosen by.
    pub stream: &'a [u8],
}

/// Why the rules refuse an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused {
    /// The error's stable name.
    pub error_type: &'static str,
    /// The reason in words. It may quote the event.
    pub reason: String,
}

/// The current rules.
#[derive(Debug)]
pub struct Rules {
    parser: Parser,
    prefix: String,
    parsed: Parsed,
    target: String,
    key: String,
}

impl Rules {
    /// The rules of these settings.
    ///
    /// # Errors
    /// When the parser can't be set up with them.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            parser: Parser::new(settings.parser.parse_config())?,
            prefix: settings.search.index_prefix.clone(),
            parsed: Parsed::default(),
            target: String::new(),
            key: String::new(),
        })
    }

    /// Applies them to the value of a raw record. `now_ms` is the time, in milliseconds since the Unix epoch, and `attempt`
    /// how often the event will have been replayed.
    ///
    /// # Errors
    /// When the event would be dead-lettered again.
    pub fn apply<'a>(
        &'a mut self,
        value: &'a [u8],
        attempt: u32,
        now_ms: i64,
    ) -> Result<Passed<'a>, Refused> {
        let event = RawEvent::read(value)
            .map_err(|error| Refused { error_type: "invalid_record", reason: error.to_string() })?;
        self.parsed.document.clear();
        self.parser
            .parse(&event, now_ms, &mut self.parsed)
            .map_err(|failure| Refused { error_type: failure.error_type, reason: failure.reason })?;
        self.target.clear();
        target::push(&mut self.target, &self.prefix, event.tenant, self.parsed.event_ms);
        self.key.clear();
        let event_ms = self.parsed.event_ms;
        EventKey { tenant: event.tenant, target: &self.target, event_ms, replays: attempt, id: event.id }
            .push(&mut self.key);
        let size = self.key.len() + self.parsed.document.len();
        if size > MAX_RECORD_BYTES {
            let reason = format!("the document has {size} bytes; a record may have {MAX_RECORD_BYTES}");
            return Err(Refused { error_type: "document_too_large", reason });
        }
        let stream = if event.stream.is_empty() { event.id } else { event.stream };
        Ok(Passed { key: &self.key, document: &self.parsed.document, stream: stream.as_bytes() })
    }
}

#[cfg(test)]
mod tests {
    use forebay_record::RawTemplate;
    use proptest::prelude::*;

    use super::*;

    fn raw(format: &str, body: &[u8]) -> Vec<u8> {
        let shared = RawEvent {
            tenant: "acme",
            format,
            received_at: 1_796_000_000_000_000_000,
            ..RawEvent::default()
        };
        let mut value = Vec::new();
        RawTemplate::new(&shared).push(&mut value, "e-1", body);
        value
    }

    #[test]
    fn what_failed_passes_once_the_rules_fit() {
        let now = 1_796_000_000_000;
        let broken = raw("json", b"{\"n\":");
        let mut rules = Rules::new(&Settings::default()).unwrap();
        assert_eq!(rules.apply(&broken, 1, now).unwrap_err().error_type, "json_invalid");
        assert_eq!(rules.apply(b"?", 1, now).unwrap_err().error_type, "invalid_record");
        let mut settings = Settings::default();
        settings.parser.on_unparsed = forebay_settings::sections::parser::OnUnparsed::PassRaw;
        let mut rules = Rules::new(&settings).unwrap();
        let passed = rules.apply(&broken, 1, now).unwrap();
        assert_eq!(passed.key, "v1\tacme\tforebay-acme-2026.11.30\t1796000000000\t1\te-1");
        assert_eq!(passed.stream, b"e-1", "without a stream the id spreads events");
        assert!(passed.document.starts_with(b"{\"@timestamp\""));
    }

    proptest! {
        /// Scenario: any bytes as a raw record. Guarantees: an answer, no panic.
        #[test]
        fn survives_anything(value: Vec<u8>, body: Vec<u8>) {
            let mut rules = Rules::new(&Settings::default()).unwrap();
            let _any = rules.apply(&value, 1, 0).is_ok();
            let _any = rules.apply(&raw("json", &body), 1, 0).is_ok();
        }
    }
}
