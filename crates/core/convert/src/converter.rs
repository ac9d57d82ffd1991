//! From the bytes of a record to the decision about it.

use std::borrow::Cow;
use std::num::NonZeroU64;

use forebay_record::target::Span;
use forebay_record::{ErrorDomain, RawEvent, Stage};

use crate::decision::{Decision, Made, Refused};
use crate::documents::Documents;
use crate::rules::{Outcome, Refusal, Rules};
use crate::target::TargetCache;
use crate::traces::Traces;

/// Converts records, one after the other. One for each lane: it keeps its buffers from record to record.
#[derive(Debug)]
pub struct Converter<R> {
    rules: R,
    prefix: String,
    documents: Documents,
    targets: TargetCache,
    traces: Traces,
}

/// What a decision depends on besides the record and the rules.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Now, in milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// The most bytes that key and value of a record may have.
    pub max_record: usize,
    /// How often the event will have been replayed, where that isn't what the record says.
    pub attempt: Option<u32>,
}

// === impl Converter ===

impl<R: Rules> Converter<R> {
    /// `prefix` is the first part of every target.
    #[must_use]
    pub fn new(rules: R, prefix: &str) -> Self {
        let (documents, targets, traces) = Default::default();
        Self { rules, prefix: prefix.to_owned(), documents, targets, traces }
    }

    /// The same, with targets that cover so much time; without this call they are daily.
    #[must_use]
    pub fn with_span(self, span: Span) -> Self {
        Self { targets: TargetCache::new(span), ..self }
    }

    /// The revision that new batches are converted by.
    pub fn current(&self) -> R::Revision {
        self.rules.current()
    }

    /// The rules.
    pub const fn rules(&mut self) -> &mut R {
        &mut self.rules
    }

    /// The traces that the events belong to.
    pub const fn traces(&mut self) -> &mut Traces {
        &mut self.traces
    }

    /// Decides about a record, given its value, by this revision of the rules.
    pub fn convert<'a>(
        &'a mut self,
        value: &'a [u8],
        revision: &'a R::Revision,
        terms: Terms,
    ) -> Decision<'a, R> {
        let mut event = match RawEvent::read(value) {
            Ok(event) => event,
            Err(error) => {
                let refusal = Refusal {
                    stage: Stage::Decode,
                    rule: String::new(),
                    error_type: Cow::Borrowed("invalid_record"),
                    reason: error.to_string(),
                    masked_body: None,
                };
                return refused(None, refusal, ErrorDomain::User, revision);
            }
        };
        event.attempt = terms.attempt.unwrap_or(event.attempt);
        self.documents.clear();
        self.traces.enter(event.trace);
        match self.rules.apply(revision, &event, terms.now_ms, &mut self.documents) {
            Outcome::Dropped(reason) => {
                self.traces.dropped();
                return Decision::Dropped { event, reason };
            }
            Outcome::Refused(refusal) => {
                self.traces.refused();
                return refused(Some(event), *refusal, ErrorDomain::User, revision);
            }
            Outcome::Documents => {}
        }
        let Some(number) = NonZeroU64::new(self.documents.len() as u64) else {
            // Nothing is dropped without a reason.
            self.traces.refused();
            let refusal = Refusal {
                stage: Stage::Parse,
                rule: String::new(),
                error_type: Cow::Borrowed("no_document"),
                reason: "the rules made no document of the event, and gave no reason".to_owned(),
                masked_body: self.rules.masked_body(revision, &event),
            };
            return refused(Some(event), refusal, ErrorDomain::Internal, revision);
        };
        let trace = self.traces.text();
        let large = self.documents.name(&event, &self.prefix, &mut self.targets, terms.max_record, trace);
        // A document that was just found is there.
        let found = large.and_then(|(at, size)| Some((self.documents.all().nth(at)?, size)));
        let (documents, rules) = (&self.documents, &mut self.rules);
        match found {
            None => {
                self.traces.made(number.get());
                Decision::Documents(Made { event, documents, number, rules, revision })
            }
            Some((document, size)) => {
                self.traces.refused();
                let sizes = (size, terms.max_record);
                Decision::Refused(Refused::oversize(event, &document, sizes, rules, revision))
            }
        }
    }
}

fn refused<'a, R: Rules>(
    event: Option<RawEvent<'a>>,
    refusal: Refusal,
    domain: ErrorDomain,
    revision: &'a R::Revision,
) -> Decision<'a, R> {
    Decision::Refused(Refused { event, refusal, domain, target: "", revision: R::name(revision) })
}

#[cfg(test)]
mod tests;
