//! Masks on a lane: each has its scratch; and what is kept of an event that was refused is masked too.

mod json;

use std::borrow::Cow;

use super::Place;
use super::bench::Bench;
use super::run::Job;
use crate::rules::Rules;
use crate::step::Work;
use crate::step::mask::{Mask, Scratch};

/// The scratch of each `mask` step, by its place.
#[derive(Debug, Default)]
pub(super) struct Scratches(Vec<Vec<Option<Scratch>>>);

// === impl Scratches ===

impl Scratches {
    pub(super) fn new(rules: &Rules) -> Self {
        let of_rule = |rule: &crate::rules::Rule| rule.steps.iter().map(|_| None).collect();
        Self(rules.rules.iter().map(of_rule).collect())
    }

    /// The scratch of the mask at this place.
    pub(super) fn of(&mut self, (rule, step): Place, mask: &Mask) -> Option<&mut Scratch> {
        let slot = self.0.get_mut(rule)?.get_mut(step)?;
        Some(slot.get_or_insert_with(|| Scratch::of(&mask.masker)))
    }
}

// === impl Bench ===

impl Bench {
    /// The event's body with everything masked that any mask of its rules looks for, whatever fields and conditions they
    /// name: of an event that failed, nobody knows which of them it would have met. `None` where no rule masks, or nothing
    /// was found.
    ///
    /// In JSON, what isn't masked stays byte for byte. In other text, Unicode escapes are resolved where anything was found;
    /// so are bytes replaced that are no UTF-8.
    pub(super) fn masked_body(&mut self, job: &Job<'_>) -> Option<Vec<u8>> {
        let masks = masks_of(job.rules, job.active);
        if masks.is_empty() {
            return None;
        }
        let text = String::from_utf8_lossy(job.event.body);
        let masked = match self.masked_json(&masks, &text) {
            // What is read as text is one text to a mask, whatever is in it.
            Ok(masked) if job.reads_text() => self.masked_by_rules(job, masked, &text),
            Ok(masked) => masked,
            Err(json::NoJson) => self.masked_by_rules(job, None, &without_unicode_escapes(&text)),
        };
        masked.map(String::into_bytes)
    }

    fn masked_json(&mut self, masks: &[(Place, &Mask)], text: &str) -> Result<Option<String>, json::NoJson> {
        let mut masked: Option<String> = None;
        for (place, mask) in masks {
            let Some(scratch) = self.masks.of(*place, mask) else { continue };
            if let Some(again) = json::masked(masked.as_deref().unwrap_or(text), mask, scratch)? {
                masked = Some(again);
            }
        }
        Ok(masked)
    }

    /// A text with everything masked that any mask of the event's rules looks for. `masked` is what it has become already; it
    /// stays where nothing more is found.
    pub(super) fn masked_by_rules(
        &mut self,
        job: &Job<'_>,
        mut masked: Option<String>,
        text: &str,
    ) -> Option<String> {
        for (place, mask) in masks_of(job.rules, job.active) {
            let Some(scratch) = self.masks.of(place, mask) else { continue };
            if let Some(again) = scratch.mask(&mask.masker, masked.as_deref().unwrap_or(text)) {
                masked = Some(again);
            }
        }
        masked
    }
}

impl Job<'_> {
    /// Whether the body is read in a format of text that may well be JSON.
    fn reads_text(&self) -> bool {
        let format = self.body_step().map_or(self.event.format, |(_, format)| format);
        ["raw", "regex:", "grok:", "csv:"].iter().any(|text| format.starts_with(text))
    }
}

/// All masks of rules, with their places.
fn masks_of<'r>(rules: &'r Rules, active: &[usize]) -> Vec<(Place, &'r Mask)> {
    active
        .iter()
        .filter_map(|rule| Some((*rule, rules.rules.get(*rule)?)))
        .flat_map(|(rule, known)| (0..).zip(&known.steps).map(move |(step, known)| ((rule, step), known)))
        .filter_map(|(place, step)| match &step.work {
            Work::Mask(mask) => Some((place, &**mask)),
            _ => None,
        })
        .collect()
}

/// Text in which JSON's `\u0040` stands for what it means: masks look at text as it is. Escapes of quotes, backslashes and control
/// characters stay.
pub(super) fn without_unicode_escapes(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut from, mut at) = (0, 0);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("\\u")) {
        at += found;
        let escape = json::unicode_escape(text.get(at..).unwrap_or(""));
        match escape.filter(|(meant, _)| !matches!(meant, '\0'..' ' | '"' | '\\')) {
            Some((meant, len)) => {
                out.push_str(text.get(from..at).unwrap_or(""));
                out.push(meant);
                at += len;
                from = at;
            }
            None => at += 2,
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(from..).unwrap_or(""));
    Cow::Owned(out)
}
