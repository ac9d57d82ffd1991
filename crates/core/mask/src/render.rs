//! What is found, replaced.

use std::fmt::Write as _;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::config::{MaskConfig, MaskError, Mode};
use crate::detector::Detector;
use crate::hit::{Hit, Label, Wrap};
use crate::tally::Tally;

/// The bytes of a hash that are shown: enough to tell millions of values apart.
const HASH: usize = 8;

/// How to replace.
pub(crate) struct Render {
    modes: [Mode; Detector::COUNT],
    /// Names and modes of the custom detectors.
    custom: Vec<(String, Mode)>,
    /// The hash, keyed.
    mac: Option<Hmac<Sha256>>,
}

// === impl Render ===

impl Render {
    pub(crate) fn new(config: &MaskConfig) -> Result<Self, MaskError> {
        let mac = match &config.hash_key {
            Some(key) => {
                Some(Hmac::new_from_slice(key.bytes()).map_err(|_| MaskError::ShortKey(key.bytes().len()))?)
            }
            None => None,
        };
        let custom =
            config.custom.iter().map(|custom| (custom.name.clone(), config.mode_of(custom))).collect();
        Ok(Self { modes: config.mode_of_each(), custom, mac })
    }

    /// Appends the text with its hits replaced. True when the outcome needs a second look: something was dropped, or
    /// stood so close to something else that this is a word of its own only now.
    pub(crate) fn write(&self, text: &str, hits: &[Hit], out: &mut String, tally: &mut Tally) -> bool {
        let mut at = 0;
        let mut again = false;
        for hit in hits {
            out.push_str(text.get(at..hit.span.start).unwrap_or(""));
            let (name, mode) = self.mode(hit.label);
            match hit.label {
                Label::BuiltIn(detector) => tally.count(detector),
                Label::Custom(place) => tally.count_custom(place),
            }
            let secret = text.get(hit.span.clone()).unwrap_or("");
            again |= mode == Mode::Drop || glued(text.as_bytes(), hit);
            self.replace(name, mode, secret, hit.wrap, out);
            at = hit.span.end;
        }
        out.push_str(text.get(at..).unwrap_or(""));
        again
    }

    /// Appends what stands in place of a value that is a secret as a whole.
    pub(crate) fn write_value(&self, value: &str, out: &mut String) {
        let (name, mode) = self.mode(Label::BuiltIn(Detector::KeyValue));
        self.replace(name, mode, value, Wrap::Bare, out);
    }

    fn mode(&self, label: Label) -> (&str, Mode) {
        match label {
            Label::BuiltIn(detector) => {
                (detector.name(), self.modes.get(detector.index()).copied().unwrap_or_default())
            }
            Label::Custom(place) => {
                self.custom.get(place).map_or(("custom", Mode::Mask), |(name, mode)| (name, *mode))
            }
        }
    }

    fn replace(&self, name: &str, mode: Mode, secret: &str, wrap: Wrap, out: &mut String) {
        let quotes = match wrap {
            Wrap::Bare => None,
            Wrap::Spaced => (mode == Mode::Drop).then_some(0),
            Wrap::Json { backslashes } => Some(backslashes),
        };
        let quote = |out: &mut String| {
            if let Some(backslashes) = quotes {
                out.extend(std::iter::repeat_n('\\', usize::from(backslashes)));
                out.push('"');
            }
        };
        quote(out);
        match mode {
            Mode::Drop => {}
            Mode::Mask => {
                let _never_fails = write!(out, "[{name}]");
            }
            Mode::KeepLast(most) => {
                let _never_fails = write!(out, "[{name}:*");
                push_last(secret, usize::from(most), out);
                out.push(']');
            }
            Mode::Hash => {
                let _never_fails = write!(out, "[{name}:");
                self.push_hash(secret, out);
                out.push(']');
            }
        }
        quote(out);
    }

    fn push_hash(&self, secret: &str, out: &mut String) {
        let Some(mac) = &self.mac else { return };
        let hash = mac.clone().chain_update(secret.as_bytes()).finalize().into_bytes();
        for byte in hash.iter().take(HASH) {
            let _never_fails = write!(out, "{byte:02x}");
        }
    }
}

impl std::fmt::Debug for Render {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Render")
            .field("modes", &self.modes)
            .field("custom", &self.custom)
            .finish_non_exhaustive()
    }
}

/// Whether the hit isn't a word of its own: then what touches it may have been refused for that reason.
fn glued(text: &[u8], hit: &Hit) -> bool {
    let before = hit.span.start.checked_sub(1).and_then(|at| text.get(at));
    let after = text.get(hit.span.end);
    let apart = |byte: &u8| {
        byte.is_ascii_whitespace() || byte.is_ascii_control() || b"\"'`,;&<>()[]{}|\\".contains(byte)
    };
    !before.is_none_or(apart) || !after.is_none_or(apart)
}

/// The last characters of a secret, as many as asked for, but no more than half of it.
fn push_last(secret: &str, most: usize, out: &mut String) {
    let shown = |char: &char| char.is_alphanumeric() || matches!(char, '.' | '@' | '-' | '_');
    let count = secret.chars().filter(shown).count();
    let hidden = count - most.min(count / 2);
    out.extend(secret.chars().filter(shown).skip(hidden));
}
