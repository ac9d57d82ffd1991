//! Masks on a lane: each has its scratch; and what is kept of an event that was refused is masked too.

use forebay_record::RawEvent;
use vrl::value::Value;

use super::Place;
use super::bench::Bench;
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
    /// A body of JSON stays JSON. Bytes that are no UTF-8 are replaced where anything was found.
    pub(super) fn masked_body(
        &mut self,
        rules: &Rules,
        active: &[usize],
        event: &RawEvent<'_>,
    ) -> Option<Vec<u8>> {
        let masks = masks_of(rules, active);
        if masks.is_empty() {
            return None;
        }
        let mut found = 0;
        if let Ok(mut value) = serde_json::from_slice::<Value>(event.body) {
            for (place, mask) in masks {
                let Some(scratch) = self.masks.of(place, mask) else { continue };
                found += mask.everything(&mut value, scratch);
            }
            return (found > 0).then(|| serde_json::to_vec(&value).unwrap_or_default());
        }
        let mut text = without_unicode_escapes(&String::from_utf8_lossy(event.body));
        for (place, mask) in masks {
            let Some(scratch) = self.masks.of(place, mask) else { continue };
            if let Some(masked) = scratch.mask(&mask.masker, &text) {
                text = masked;
                found += 1;
            }
        }
        (found > 0).then(|| text.into_bytes())
    }

    /// A reason with everything masked that any mask of the event's rules looks for.
    pub(super) fn masked_reason(&mut self, rules: &Rules, active: &[usize], mut reason: String) -> String {
        for (place, mask) in masks_of(rules, active) {
            let Some(scratch) = self.masks.of(place, mask) else { continue };
            if let Some(masked) = scratch.mask(&mask.masker, &reason) {
                reason = masked;
            }
        }
        reason
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

/// Text in which JSON's `\u0040` stands for what it means: masks look at text as it is.
fn without_unicode_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\u") {
        out.push_str(before);
        let code = after.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code {
            Some(code) if code >= 0x20 && code != 0x22 && code != 0x5c => {
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                rest = after.get(4..).unwrap_or("");
            }
            _ => {
                out.push_str("\\u");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
