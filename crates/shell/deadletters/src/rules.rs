//! The current rules, applied to an event that failed: would it pass now?
//!
//! The same decision that the tier makes, with the same settings. What the search cluster would say to the document isn't
//! known here.

use std::fmt;
use std::sync::Arc;

use forebay_convert::{Converter, Decision, Terms};
use forebay_kafka::MAX_RECORD_BYTES;
use forebay_parse::ConfigError;
use forebay_rule_files::{Source, SourceError, configured};
use forebay_rules::{Revision, RuleSet, Supply};
use forebay_settings::Settings;
use thiserror::Error;

/// The current rules.
#[derive(Debug)]
pub struct Rules {
    converter: Converter<RuleSet<AsRead>>,
    revision: Revision,
}

/// The rules as they were read: they stay as they are.
#[derive(Clone, Debug)]
struct AsRead(Revision);

/// Rules that can't be applied.
#[derive(Debug, Error)]
pub enum RulesError {
    /// The settings of the parser can't be used.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// The folder of rules can't be used.
    #[error("parser.rules.folder: {0}")]
    Folder(#[from] SourceError),
}

impl Supply for AsRead {
    fn in_force(&self) -> Revision {
        self.0.clone()
    }
}

impl Rules {
    /// The rules of these settings, those in the folder included, as they are now.
    ///
    /// # Errors
    /// When the parser can't be set up with them, or the folder can't be used.
    pub fn new(settings: &Settings) -> Result<Self, RulesError> {
        let options = configured::options(&settings.parser);
        let rules = match &settings.parser.rules.folder {
            None => forebay_rules::Rules::none(options.limits),
            Some(folder) => Source { folder: folder.clone(), options }.load()?.0,
        };
        let revision = Revision { rules: Arc::new(rules), candidate: None };
        let set = RuleSet::new(AsRead(revision.clone()), configured::setting(&settings.parser))?;
        let converter = Converter::new(set, &settings.search.index_prefix);
        Ok(Self { converter: converter.with_span(settings.search.target_period.span()), revision })
    }

    /// Applies them to the value of a raw record. `now_ms` is the time, in milliseconds since the Unix epoch, and `attempt`
    /// how often the event will have been replayed.
    pub fn apply<'a>(
        &'a mut self,
        value: &'a [u8],
        attempt: u32,
        now_ms: i64,
    ) -> Decision<'a, impl forebay_convert::Rules + fmt::Debug> {
        let terms = Terms { now_ms, max_record: MAX_RECORD_BYTES, attempt: Some(attempt) };
        self.converter.convert(value, &self.revision, terms)
    }
}

#[cfg(test)]
mod tests {
    use forebay_record::{RawEvent, RawTemplate};
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
        let mut error_type = |value: &[u8]| match rules.apply(value, 1, now) {
            Decision::Refused(refused) => refused.refusal.error_type,
            decision => panic!("{decision:?}"),
        };
        assert_eq!((error_type(&broken), error_type(b"?")), ("json_invalid".into(), "invalid_record".into()));
        let mut settings = Settings::default();
        settings.parser.on_unparsed = forebay_settings::sections::parser::OnUnparsed::PassRaw;
        let mut rules = Rules::new(&settings).unwrap();
        let decision = rules.apply(&broken, 1, now);
        let Decision::Documents(passed) = decision else { panic!("{decision:?}") };
        let document = passed.documents().next().unwrap();
        assert_eq!(document.key, "v1\tacme\tforebay-acme-2026.11.30\t1796000000000\t1\te-1");
        assert_eq!(passed.stream(), b"e-1", "without a stream the id spreads events");
        assert!(document.body.starts_with(b"{\"@timestamp\""));
    }

    proptest! {
        /// Scenario: any bytes as a raw record. Guarantees: an answer, no panic.
        #[test]
        fn survives_anything(value: Vec<u8>, body: Vec<u8>) {
            let mut rules = Rules::new(&Settings::default()).unwrap();
            let _any = rules.apply(&value, 1, 0);
            let _any = rules.apply(&raw("json", &body), 1, 0);
        }
    }
}
