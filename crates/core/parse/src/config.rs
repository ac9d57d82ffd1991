//! What a parser is configured with.

use thiserror::Error;

use crate::Format;
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

/// How events are parsed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParseConfig {
    /// The format of events whose sender named none.
    pub default_format: String,
    /// What happens to an event that isn't in its declared format.
    pub on_unparsed: OnUnparsed,
    /// The regular expressions that formats may name.
    pub regexes: Vec<NamedRegex>,
    /// The zone of timestamps that name none, by its IANA name; empty means UTC.
    pub timezone: String,
    /// How far before its receipt an event's own time may lie, in milliseconds.
    pub max_age_ms: i64,
    /// How far after its receipt an event's own time may lie, in milliseconds.
    pub max_future_ms: i64,
    /// How deep JSON may nest, at most [`MAX_DEPTH`].
    pub max_depth: usize,
    /// How many members and elements the JSON of one event may have.
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
    /// Two regular expressions with one name.
    #[error("two regular expressions are called `{0}`")]
    Twice(String),
    /// More regular expressions than can be told apart.
    #[error("there are more than {} regular expressions", u16::MAX)]
    TooMany,
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
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) clock: Clock,
}

impl Default for ParseConfig {
    fn default() -> Self {
        Self {
            default_format: "auto".to_owned(),
            on_unparsed: OnUnparsed::default(),
            regexes: Vec::new(),
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
        if u16::try_from(self.regexes.len()).is_err() {
            return Err(ConfigError::TooMany);
        }
        let mut patterns: Vec<Pattern> = Vec::with_capacity(self.regexes.len());
        for regex in &self.regexes {
            if patterns.iter().any(|pattern| pattern.name == regex.name) {
                return Err(ConfigError::Twice(regex.name.clone()));
            }
            patterns.push(Pattern::new(regex)?);
        }
        let default_format = match self.default_format.as_str() {
            "" => Format::Auto,
            name => find(name, &patterns)
                .ok_or_else(|| ConfigError::Format { name: name.to_owned(), known: known(&patterns) })?,
        };
        let clock = Clock::new(&self.timezone)
            .map_err(|source| ConfigError::Timezone { name: self.timezone.clone(), source })?;
        Ok(Checked { default_format, patterns, clock })
    }
}

/// The format with this name.
pub(crate) fn find(name: &str, patterns: &[Pattern]) -> Option<Format> {
    match name.strip_prefix("regex:") {
        Some(name) => {
            (0..).zip(patterns).find(|(_, pattern)| pattern.name == name).map(|(at, _)| Format::Regex(at))
        }
        None => Format::named(name),
    }
}

/// The names of all formats, for people.
pub(crate) fn known(patterns: &[Pattern]) -> String {
    let mut names: Vec<String> = Format::NAMED.iter().map(ToString::to_string).collect();
    names.extend(patterns.iter().map(|pattern| format!("regex:{}", pattern.name)));
    names.join(", ")
}
