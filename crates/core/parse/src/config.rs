//! What a parser is configured with.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::Format;
use crate::formats::csv::Table;
use crate::grok::GrokError;
use crate::pattern::Pattern;
use crate::timestamp::Clock;

/// The deepest that `max_depth` may be set: reading recurses that deep, and its stack is bounded.
pub const MAX_DEPTH: usize = 256;

/// What happens to an event that isn't in its declared format.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OnUnparsed {
    /// [`crate::Parser::parse`] fails, and the event goes to the dead letters.
    #[default]
    DeadLetter,
    /// It becomes text, tagged `_unparsed`, with the error's name in `labels.parse_error`.
    PassRaw,
}

/// A regular expression with named groups: the format `regex:<name>`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamedRegex {
    /// The name in `regex:<name>`.
    pub name: String,
    /// The expression, which has to match somewhere in the line. A group `http__request__method` stands for the field
    /// `http.request.method`.
    pub pattern: String,
}

/// A grok pattern: the format `grok:<name>`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamedGrok {
    /// The name in `grok:<name>`.
    pub name: String,
    /// The pattern, which has to match somewhere in the line: `%{IP:source.ip} %{NUMBER:took:float}`.
    pub pattern: String,
}

/// Names for the columns of comma-separated values: the format `csv:<name>`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamedColumns {
    /// The name in `csv:<name>`.
    pub name: String,
    /// What the columns are, in order. `http.request.method` stands for the field of that path.
    pub columns: Vec<String>,
    /// What stands between values: an ASCII character, a comma for most.
    pub delimiter: char,
}

/// How events are parsed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParseConfig {
    /// The format of events whose sender named none.
    pub default_format: String,
    /// What happens to an event that isn't in its declared format.
    pub on_unparsed: OnUnparsed,
    /// The regular expressions that formats may name.
    pub regexes: Vec<NamedRegex>,
    /// The grok patterns that formats may name.
    pub groks: Vec<NamedGrok>,
    /// Definitions for grok patterns, by name, besides the standard ones and before them.
    pub grok_patterns: BTreeMap<String, String>,
    /// The columns that formats may name.
    pub csvs: Vec<NamedColumns>,
    /// The zone of timestamps that name none, by its IANA name; empty means UTC.
    pub timezone: String,
    /// How far before its receipt an event's own time may lie, in milliseconds.
    pub max_age_ms: i64,
    /// How far after its receipt an event's own time may lie, in milliseconds.
    pub max_future_ms: i64,
    /// How deep JSON may nest, at most [`MAX_DEPTH`].
    pub max_depth: usize,
    /// How many members and elements the JSON of one event may have, or pairs and columns a line.
    pub max_values: usize,
}

/// A configuration that can't be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// No time zone has this name.
    #[error("`{name}` is no time zone: use an IANA name such as Europe/Berlin")]
    Timezone {
        /// The name.
        name: String,
        /// What the time zone database says.
        #[source]
        source: jiff::Error,
    },
    /// A regular expression isn't one, or is too large.
    #[error("the regular expression `{name}` can't be used")]
    Regex {
        /// Its name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: Box<regex::Error>,
    },
    /// A regular expression without named groups finds nothing.
    #[error("the regular expression `{0}` has no named groups: write them as (?<name>...)")]
    NoGroups(String),
    /// A grok pattern can't be used.
    #[error("the grok pattern `{name}` can't be used")]
    Grok {
        /// Its name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: Box<GrokError>,
    },
    /// Two formats of one kind with one name.
    #[error("two regular expressions, two grok patterns, or two lists of columns, are called `{0}`")]
    Twice(String),
    /// More formats of one kind than can be told apart.
    #[error("there are more than {} regular expressions, grok patterns, or lists of columns", u16::MAX)]
    TooMany,
    /// A list of columns without any.
    #[error("`csv:{0}` has no columns: name them in their order")]
    NoColumns(String),
    /// Something between columns that can't be.
    #[error("the delimiter of `csv:{0}` has to be one ASCII character, no quote and no line break")]
    Delimiter(String),
    /// Nothing is called that.
    #[error("`{name}` is no format; there are {known}")]
    Format {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Deeper than the stack allows.
    #[error("max_depth is {0}; it has to be from 1 to {MAX_DEPTH}")]
    Depth(usize),
}

/// A configuration that has been checked.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) default_format: Format,
    pub(crate) custom: Custom,
    pub(crate) clock: Clock,
}

/// The formats that the configuration describes.
#[derive(Debug, Default)]
pub(crate) struct Custom {
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) groks: Vec<Pattern>,
    pub(crate) tables: Vec<Table>,
}

impl Default for ParseConfig {
    fn default() -> Self {
        Self {
            default_format: "auto".to_owned(),
            on_unparsed: OnUnparsed::default(),
            regexes: Vec::new(),
            groks: Vec::new(),
            grok_patterns: BTreeMap::new(),
            csvs: Vec::new(),
            timezone: "UTC".to_owned(),
            max_age_ms: 365 * 86_400_000,
            max_future_ms: 300_000,
            max_depth: 64,
            max_values: 65_536,
        }
    }
}

impl ParseConfig {
    pub(crate) fn check(&self) -> Result<Checked, ConfigError> {
        if !(1..=MAX_DEPTH).contains(&self.max_depth) {
            return Err(ConfigError::Depth(self.max_depth));
        }
        if u16::try_from(self.regexes.len().max(self.groks.len()).max(self.csvs.len())).is_err() {
            return Err(ConfigError::TooMany);
        }
        let mut custom = Custom::default();
        for regex in &self.regexes {
            if custom.patterns.iter().any(|pattern| pattern.name == regex.name) {
                return Err(ConfigError::Twice(regex.name.clone()));
            }
            custom.patterns.push(Pattern::new(regex)?);
        }
        for grok in &self.groks {
            if custom.groks.iter().any(|pattern| pattern.name == grok.name) {
                return Err(ConfigError::Twice(grok.name.clone()));
            }
            custom.groks.push(Pattern::grok(grok, &self.grok_patterns)?);
        }
        for columns in &self.csvs {
            if custom.tables.iter().any(|table| table.name == columns.name) {
                return Err(ConfigError::Twice(columns.name.clone()));
            }
            custom.tables.push(Table::new(columns)?);
        }
        let default_format = match self.default_format.as_str() {
            "" => Format::Auto,
            name => custom
                .find(name)
                .ok_or_else(|| ConfigError::Format { name: name.to_owned(), known: custom.known() })?,
        };
        let clock = Clock::new(&self.timezone)
            .map_err(|source| ConfigError::Timezone { name: self.timezone.clone(), source })?;
        Ok(Checked { default_format, custom, clock })
    }
}

impl Custom {
    /// The format with this name.
    pub(crate) fn find(&self, name: &str) -> Option<Format> {
        let Some((kind, own)) = name.split_once(':') else { return Format::named(name) };
        let at = |at: usize| u16::try_from(at).ok();
        match kind {
            "regex" => at(self.patterns.iter().position(|pattern| pattern.name == own)?).map(Format::Regex),
            "grok" => at(self.groks.iter().position(|pattern| pattern.name == own)?).map(Format::Grok),
            "csv" => at(self.tables.iter().position(|table| table.name == own)?).map(Format::Csv),
            _ => None,
        }
    }

    /// The whole name of a format.
    pub(crate) fn name_of(&self, format: Format) -> String {
        let own = match format {
            Format::Regex(at) => self.patterns.get(usize::from(at)).map(|pattern| &pattern.name),
            Format::Grok(at) => self.groks.get(usize::from(at)).map(|pattern| &pattern.name),
            Format::Csv(at) => self.tables.get(usize::from(at)).map(|table| &table.name),
            _ => None,
        };
        own.map_or_else(|| format.to_string(), |own| format!("{format}:{own}"))
    }

    /// The names of all formats, for people.
    pub(crate) fn known(&self) -> String {
        let named = Format::NAMED.iter().map(ToString::to_string);
        let patterns = self.patterns.iter().map(|pattern| format!("regex:{}", pattern.name));
        let groks = self.groks.iter().map(|pattern| format!("grok:{}", pattern.name));
        let tables = self.tables.iter().map(|table| format!("csv:{}", table.name));
        named.chain(patterns).chain(groks).chain(tables).collect::<Vec<_>>().join(", ")
    }
}
