//! From the settings to the parser's own configuration, for the tier and for whoever wants to know what it would say.

use std::time::Duration;

use forebay_parse::{NamedRegex, OnUnparsed, ParseConfig};

use crate::sections::parser::{self, ParserSettings};

impl ParserSettings {
    /// How these settings have events parsed.
    #[must_use]
    pub fn parse_config(&self) -> ParseConfig {
        let regexes = self.regexes.iter();
        ParseConfig {
            default_format: self.default_format.clone(),
            on_unparsed: match self.on_unparsed {
                parser::OnUnparsed::DeadLetter => OnUnparsed::DeadLetter,
                parser::OnUnparsed::PassRaw => OnUnparsed::PassRaw,
            },
            regexes: regexes
                .map(|(name, pattern)| NamedRegex { name: name.clone(), pattern: pattern.clone() })
                .collect(),
            timezone: self.timezone.clone(),
            max_age_ms: milliseconds(self.max_age.0),
            max_future_ms: milliseconds(self.max_future.0),
            ..ParseConfig::default()
        }
    }
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
