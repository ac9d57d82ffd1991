//! The compiled form of the configuration, and the way in.

use std::fmt;
use std::sync::Arc;

use crate::config::{MaskConfig, MaskError};
use crate::custom::{Custom, CustomCache};
use crate::detect::Rules;
use crate::detector::Detector;
use crate::hit::Hit;
use crate::names::{Names, Strength};
use crate::render::Render;
use crate::scan::{Wanted, scan};
use crate::tally::Tally;
use crate::triggers::Triggers;

/// How often a text is looked at whose first outcome needs a second look.
const MAX_ROUNDS: usize = 4;

/// Finds and replaces. It has no state of its own: all lanes share one, each with its own [`MaskCache`].
#[derive(Debug)]
pub struct Masker {
    triggers: Triggers,
    rules: Rules,
    custom: Option<Custom>,
    render: Render,
    /// Tells this masker from others.
    identity: Arc<()>,
}

/// What one lane needs for its work. One that was made by another masker is made anew at its first use.
pub struct MaskCache {
    of: Arc<()>,
    hits: Vec<Hit>,
    custom: Option<CustomCache>,
    spare: String,
}

// === impl Masker ===

impl Masker {
    /// Compiles a configuration. It takes about a tenth of a second with all detectors.
    ///
    /// # Errors
    /// When something in the configuration is wrong; the message names the detector.
    pub fn new(config: &MaskConfig) -> Result<Self, MaskError> {
        config.check()?;
        let on = config.on();
        let markers = config.custom.iter().map(|custom| custom.name.clone()).collect();
        Ok(Self {
            triggers: Triggers::new(&on, &config.secret_names)?,
            rules: Rules { on, names: Names::new(&config.secret_names, markers) },
            custom: if config.custom.is_empty() { None } else { Some(Custom::new(&config.custom)?) },
            render: Render::new(config)?,
            identity: Arc::new(()),
        })
    }

    /// What a lane needs.
    #[must_use]
    pub fn cache(&self) -> MaskCache {
        MaskCache {
            of: Arc::clone(&self.identity),
            hits: Vec::new(),
            custom: self.custom.as_ref().map(Custom::cache),
            spare: String::new(),
        }
    }

    /// Appends the text to `out` with all that was found replaced, and counts it. Where nothing was found, nothing is
    /// appended: the text is good as it is.
    ///
    /// Masking the outcome again changes nothing where the mode is `mask` or `drop`: where replacing one thing may have
    /// brought out another, the outcome is looked at again, and what is found then counts too.
    pub fn mask(&self, text: &str, cache: &mut MaskCache, out: &mut String) -> Tally {
        let mut tally = Tally::default();
        self.find(text.as_bytes(), cache, Wanted::All);
        if cache.hits.is_empty() {
            return tally;
        }
        let begin = out.len();
        let mut again = self.render.write(text, &cache.hits, out, &mut tally);
        let mut rounds = 1;
        while again && rounds < MAX_ROUNDS {
            let masked = out.get(begin..).unwrap_or("");
            self.find(masked.as_bytes(), cache, Wanted::All);
            if cache.hits.is_empty() {
                break;
            }
            let mut second = std::mem::take(&mut cache.spare);
            second.clear();
            again = self.render.write(masked, &cache.hits, &mut second, &mut tally);
            out.truncate(begin);
            out.push_str(&second);
            cache.spare = second;
            rounds += 1;
        }
        tally
    }

    /// Whether something would be found: the quick check. Bytes needn't be UTF-8.
    pub fn finds(&self, text: impl AsRef<[u8]>, cache: &mut MaskCache) -> bool {
        self.find(text.as_ref(), cache, Wanted::First);
        !cache.hits.is_empty()
    }

    /// Whether the value of a field of this name is a secret as a whole, by the known names and those of the
    /// configuration. Never where `key_value` is off.
    #[must_use]
    pub fn is_secret_name(&self, name: &str) -> bool {
        self.rules.is_on(Detector::KeyValue)
            && self.triggers.has_name(name.as_bytes())
            && self.rules.names.strength(name.as_bytes()) != Strength::None
    }

    /// Appends what stands in place of such a value; `value` is the scalar as text, a number or a boolean too. False,
    /// and nothing appended, where there is nothing to hide: an empty value, `null`, or a marker.
    pub fn mask_value(&self, value: &str, out: &mut String) -> bool {
        let secret = matches!(value, "true" | "false") || self.rules.names.is_value(value.as_bytes());
        if secret {
            self.render.write_value(value, out);
        }
        secret
    }

    /// Fills the cache's hits, in the order of the text and without overlaps.
    fn find(&self, bytes: &[u8], cache: &mut MaskCache, wanted: Wanted) {
        if !Arc::ptr_eq(&cache.of, &self.identity) {
            *cache = self.cache();
        }
        cache.hits.clear();
        scan(&self.triggers, &self.rules, bytes, wanted, &mut cache.hits);
        if let (Some(custom), Some(lane)) = (&self.custom, &mut cache.custom) {
            if wanted == Wanted::First && !cache.hits.is_empty() {
                return;
            }
            let built_in = cache.hits.len();
            custom.scan(lane, bytes, wanted, &mut cache.hits);
            if built_in > 0 && cache.hits.len() > built_in {
                merge(&mut cache.hits);
            }
        }
    }
}

// === impl MaskCache ===

impl fmt::Debug for MaskCache {
    /// Without what it was last used for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaskCache").finish_non_exhaustive()
    }
}

/// Orders hits, and makes one of those that overlap; it has the label of the first.
fn merge(hits: &mut Vec<Hit>) {
    hits.sort_by_key(|hit| hit.span.start);
    hits.dedup_by(|next, kept| {
        let overlap = next.span.start < kept.span.end;
        if overlap {
            kept.span.end = kept.span.end.max(next.span.end);
        }
        overlap
    });
}

#[cfg(test)]
mod tests;
