//! What is looked for, and what becomes of it.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use thiserror::Error;

use crate::detector::Detector;

/// The settings of a masker.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct MaskConfig {
    /// The detectors that are on; all of them if left out.
    pub detectors: Vec<Detector>,
    /// Detectors that are off all the same.
    pub except: Vec<Detector>,
    /// What becomes of what is found: `mask` if left out.
    pub mode: Mode,
    /// Detectors with a mode of their own.
    pub modes: BTreeMap<Detector, Mode>,
    /// Regular expressions of your own.
    pub custom: Vec<CustomDetector>,
    /// Further names whose value is a secret, for `key_value` and for fields: `kunden_nr` also means `kundenNr`.
    #[serde(alias = "secret-names")]
    pub secret_names: Vec<String>,
    /// The key for `hash`: at least 16 bytes, the same wherever hashes are to be compared.
    #[serde(alias = "hash-key")]
    pub hash_key: Option<HashKey>,
}

/// What becomes of what is found.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is left out. An unquoted value becomes `""` where the next word would else be taken for it.
    Drop,
    /// The detector's name in brackets: `[email]`.
    #[default]
    Mask,
    /// The same with its last characters, at most so many and at most half of them: `[card:*1111]`. Brackets, quotes
    /// and the like don't count.
    #[serde(alias = "keep-last")]
    KeepLast(u8),
    /// The same with the first 16 hex digits of the HMAC-SHA-256 of the secret, so that equal ones can be told:
    /// `[email:5d41402abc4b2a76]`. It needs a key.
    Hash,
}

/// A regular expression that finds secrets.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct CustomDetector {
    /// The name in the marker: small letters, digits and `_`.
    pub name: String,
    /// The expression (<https://docs.rs/regex/latest/regex/#syntax>). Classes and boundaries are those of ASCII;
    /// letters beyond it may stand in a class within `(?u:...)`. Where it has a group `(?<secret>...)`, only that part
    /// is replaced.
    pub pattern: String,
    /// A mode of its own.
    #[serde(default)]
    pub mode: Option<Mode>,
}

/// The key for hashes. It never shows in debug output.
#[derive(Clone, Eq, PartialEq)]
pub struct HashKey(Vec<u8>);

/// Why a configuration is refused.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum MaskError {
    /// A custom expression isn't one, or needs more than linear time or a bounded table.
    #[error("custom detector `{name}`: {message}")]
    Pattern {
        /// The detector's name.
        name: String,
        /// What is wrong, with the place in the expression.
        message: String,
    },
    /// A custom expression matches nothing at all, and so everywhere.
    #[error("custom detector `{0}` matches the empty string: make a part of it obligatory")]
    Empty(String),
    /// The name of a custom detector can't be part of a marker, or belongs to a built-in one.
    #[error("custom detector `{0}`: use another name, of small letters, digits and `_`")]
    Name(String),
    /// Two custom detectors have the same name.
    #[error("there are two custom detectors `{0}`: give one another name")]
    Twice(String),
    /// A name of a secret has no letter or digit.
    #[error("secret_names: `{0}` is no name")]
    SecretName(String),
    /// A detector has the mode `hash`, but there is no key.
    #[error("`{0}` has the mode `hash`: set `hash_key`")]
    NoKey(String),
    /// The key is too short.
    #[error("hash_key has {0} bytes: it needs {min}", min = HashKey::MIN)]
    ShortKey(usize),
    /// The automaton of the detectors would be too large: there are too many names.
    #[error("secret_names are too many: {0}")]
    Automaton(String),
}

// === impl MaskConfig ===

impl Default for MaskConfig {
    fn default() -> Self {
        Self {
            detectors: Detector::ALL.to_vec(),
            except: Vec::new(),
            mode: Mode::default(),
            modes: BTreeMap::new(),
            custom: Vec::new(),
            secret_names: Vec::new(),
            hash_key: None,
        }
    }
}

impl MaskConfig {
    /// Which detectors are on, by their place.
    pub(crate) fn on(&self) -> [bool; Detector::COUNT] {
        Detector::ALL.map(|detector| self.detectors.contains(&detector) && !self.except.contains(&detector))
    }

    /// The mode of each detector, by its place.
    pub(crate) fn mode_of_each(&self) -> [Mode; Detector::COUNT] {
        Detector::ALL.map(|detector| self.modes.get(&detector).copied().unwrap_or(self.mode))
    }

    /// What can be said without compiling anything.
    pub(crate) fn check(&self) -> Result<(), MaskError> {
        for (place, custom) in self.custom.iter().enumerate() {
            let fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            let known = custom.name.parse::<Detector>().is_ok();
            if known || custom.name.is_empty() || !custom.name.bytes().all(fit) {
                return Err(MaskError::Name(custom.name.clone()));
            }
            if self.custom.iter().skip(place + 1).any(|other| other.name == custom.name) {
                return Err(MaskError::Twice(custom.name.clone()));
            }
        }
        if let Some(name) =
            self.secret_names.iter().find(|name| !name.bytes().any(|byte| byte.is_ascii_alphanumeric()))
        {
            return Err(MaskError::SecretName(name.clone()));
        }
        if self.hash_key.is_none() {
            let hashed = Detector::ALL.into_iter().zip(self.mode_of_each()).zip(self.on());
            let mut names = hashed
                .filter(|((_, mode), on)| *on && *mode == Mode::Hash)
                .map(|((detector, _), _)| detector.name())
                .chain(
                    self.custom
                        .iter()
                        .filter(|custom| self.mode_of(custom) == Mode::Hash)
                        .map(|custom| custom.name.as_str()),
                );
            if let Some(name) = names.next() {
                return Err(MaskError::NoKey(name.to_owned()));
            }
        }
        Ok(())
    }

    /// The mode of a custom detector.
    pub(crate) fn mode_of(&self, custom: &CustomDetector) -> Mode {
        custom.mode.unwrap_or(self.mode)
    }
}

// === impl HashKey ===

impl HashKey {
    /// The shortest key, in bytes: a shorter one is guessed sooner than the values.
    pub const MIN: usize = 16;

    /// A key of at least 16 bytes.
    ///
    /// # Errors
    /// When it is shorter.
    pub fn new(key: impl Into<Vec<u8>>) -> Result<Self, MaskError> {
        let key = key.into();
        if key.len() < Self::MIN { Err(MaskError::ShortKey(key.len())) } else { Ok(Self(key)) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(..)")
    }
}

impl<'de> Deserialize<'de> for HashKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
