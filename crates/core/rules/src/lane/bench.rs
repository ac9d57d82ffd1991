//! The tools of a lane, and what comes off its bench: documents and refusals.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use forebay_convert::{Outcome, Refusal};
use forebay_mask::{MaskConfig, Masker};
use forebay_parse::{ConfigError, Format, Parser, ReadEvent};
use forebay_record::{RawEvent, Stage};
use vrl::value::Value;

use super::Setting;
use super::breaker::Breaker;
use super::masking::{Scratches, without_unicode_escapes};
use super::paced;
use super::run::Job;
use crate::enrich::Caches;
use crate::outcome::Counts;
use crate::program::Machine;
use crate::rules::Rules;
use crate::step::StepFailure;
use crate::step::mask::Scratch;
use crate::targets::NewTargets;

/// The masker for reasons in dead letters: everything that it knows, since a reason is for people. Made when the first event is
/// refused.
static REASONS: LazyLock<Option<Masker>> = LazyLock::new(|| Masker::new(&MaskConfig::default()).ok());

/// The longest reason that is kept, in bytes, once it is masked.
const LONGEST_REASON: usize = 1 << 10;

/// Everything that changes while rules are applied.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) parser: Parser,
    pub(super) machine: Machine,
    pub(super) breaker: Breaker,
    pub(super) targets: Arc<NewTargets>,
    pub(super) masks: Scratches,
    pub(super) enriching: Caches,
    pub(super) read: ReadEvent,
    pub(super) counts: Counts,
    /// For a field that is read in a format.
    pub(super) inner: ReadEvent,
    /// What programs see as `%`.
    pub(super) metadata: Value,
    /// For reasons.
    reasons: Option<Scratch>,
}

// === impl Bench ===

impl Bench {
    pub(super) fn new(rules: &Rules, setting: &Setting) -> Result<Self, ConfigError> {
        let mut parser = Parser::new(setting.parse.clone())?;
        parser.set_guards(setting.guards.clone());
        let (read, counts, inner) = Default::default();
        Ok(Self {
            parser,
            machine: Machine::new(&setting.parse.timezone),
            breaker: paced::breaker(&rules.limits),
            targets: Arc::clone(&setting.targets),
            masks: Scratches::new(rules),
            enriching: Caches::default(),
            read,
            counts,
            inner,
            metadata: Value::Null,
            reasons: None,
        })
    }

    /// An event that goes to the dead-letter topic. `rule` is what refused it.
    pub(super) fn refuse(
        &mut self,
        job: &Job<'_>,
        stage: Stage,
        rule: String,
        failure: &StepFailure,
    ) -> Outcome<'static> {
        let mut reason = self.masked_words(job, &failure.reason).unwrap_or_else(|| failure.reason.clone());
        if reason.len() > LONGEST_REASON {
            reason.truncate(reason.floor_char_boundary(LONGEST_REASON));
            reason.push_str("...");
        }
        if let Some(near) = &failure.near {
            near.add_to(&mut reason, |text| self.masked_words(job, text));
        }
        let masked_body = self.masked_body(job);
        let error_type = Cow::Borrowed(failure.error_type);
        Outcome::Refused(Box::new(Refusal { stage, rule, error_type, reason, masked_body }))
    }
}

impl Bench {
    /// Words about an event, or a part of one, with everything masked that Forebay can detect, and what the masks of its rules
    /// look for. `None` where there is nothing of that. It has to be asked before anything of the words is cut off.
    pub(super) fn masked_words(&mut self, job: &Job<'_>, words: &str) -> Option<String> {
        let words = without_unicode_escapes(words);
        let masked = match &*REASONS {
            Some(masker) => {
                let scratch = self.reasons.get_or_insert_with(|| Scratch::of(masker));
                scratch.mask(masker, &words)
            }
            None => Some(String::new()),
        };
        self.masked_by_rules(job, masked, &words)
    }
}

/// What is known about an event, for programs.
pub(crate) fn metadata(event: &RawEvent<'_>, read_as: Format) -> Value {
    let text = |text: &str| Value::from(text);
    let time = |nanos: u64| match i64::try_from(nanos) {
        Ok(nanos) if nanos > 0 => Value::Timestamp(chrono::DateTime::from_timestamp_nanos(nanos)),
        _ => Value::Null,
    };
    let attributes = event.attributes.iter().map(|(name, value)| ((*name).into(), text(value)));
    Value::Object(
        [
            ("id", text(event.id)),
            ("tenant", text(event.tenant)),
            ("source", text(event.source)),
            ("format", text(event.format)),
            ("read_as", text(read_as.as_str())),
            ("stream", text(event.stream)),
            ("received_at", time(event.received_at)),
            ("observed_at", time(event.observed_at)),
            ("attributes", Value::Object(attributes.collect())),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect(),
    )
}
