//! From the settings to the parser's own configuration, for the tier and for whoever wants to know what it would say.

use std::time::Duration;

use forebay_parse::{NamedColumns, NamedGrok, NamedRegex, OnUnparsed, ParseConfig};

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
            groks: self
                .groks
                .iter()
                .map(|(name, pattern)| NamedGrok { name: name.clone(), pattern: pattern.clone() })
                .collect(),
            grok_patterns: self.grok_patterns.clone(),
            csvs: self.csvs.iter().map(|(name, header)| columns(name, header)).collect(),
            timezone: self.timezone.clone(),
            max_age_ms: milliseconds(self.max_age.0),
            max_future_ms: milliseconds(self.max_future.0),
            ..ParseConfig::default()
        }
    }
}

/// The first sign that can't be in a field's name is what stands between columns.
fn columns(name: &str, header: &str) -> NamedColumns {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '-' | ' ');
    let delimiter = header.chars().find(|c| !is_name(*c)).unwrap_or(',');
    let columns = header.split(delimiter).map(|column| column.trim().to_owned()).collect();
    NamedColumns { name: name.to_owned(), columns, delimiter }
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_its_columns_and_what_stands_between_them() {
        for (header, delimiter, expected) in [
            ("time,level,user.name", ',', &["time", "level", "user.name"][..]),
            ("time; level", ';', &["time", "level"]),
            ("time\tlevel", '\t', &["time", "level"]),
            ("message", ',', &["message"]),
        ] {
            let columns = columns("t", header);
            assert_eq!(
                (columns.delimiter, columns.columns),
                (delimiter, expected.iter().map(ToString::to_string).collect())
            );
        }
    }
}
