//! The seam for rules: what makes documents of an event.

use std::borrow::Cow;
use std::fmt;

use forebay_parse::Parser;
use forebay_record::{RawEvent, Stage};

use crate::documents::Documents;

/// What makes documents of events. One for each lane: it may keep memory between events.
pub trait Rules {
    /// A revision of the rules, to hold on to: a batch that has to be sent again is converted by the one that it was converted
    /// by first. Cheap to clone.
    type Revision: Clone + fmt::Debug;

    /// The revision that new batches are converted by.
    fn current(&self) -> Self::Revision;

    /// The name of a revision, for dead letters; empty where there is but one.
    fn name(revision: &Self::Revision) -> &str;

    /// Puts the documents of an event into `out`, which is empty, or says why there are none. `now_ms` is the time, in
    /// milliseconds since the Unix epoch. What it puts there counts only with [`Outcome::Documents`].
    fn apply<'r>(
        &mut self,
        revision: &'r Self::Revision,
        event: &RawEvent<'_>,
        now_ms: i64,
        out: &mut Documents,
    ) -> Outcome<'r>;

    /// The body that is kept of an event that is refused after the rules were done with it: see [`Refusal::masked_body`].
    fn masked_body(&mut self, revision: &Self::Revision, event: &RawEvent<'_>) -> Option<Vec<u8>> {
        let _nothing_is_masked = (revision, event);
        None
    }
}

/// What rules make of an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome<'r> {
    /// The documents that they have put out, one or more.
    Documents,
    /// A dead letter.
    Refused(Box<Refusal>),
    /// Nothing, on purpose, for this reason: a label of metrics, of which there are few.
    Dropped(Cow<'r, str>),
}

/// Why an event is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The kind of work that failed.
    pub stage: Stage,
    /// The rule at work; the format's name where there was none.
    pub rule: String,
    /// The error's stable name.
    pub error_type: Cow<'static, str>,
    /// The reason in words. It may quote the event: fit for a dead letter, not for our own logs.
    pub reason: String,
    /// The body that the dead letter has instead of the event's own: with secrets masked that rules mask. `None` where the
    /// record stays as it is.
    pub masked_body: Option<Vec<u8>>,
}

/// The rules of the settings: each event is read in its format, and becomes one document or a dead letter.
#[derive(Debug)]
pub struct Formats {
    parser: Parser,
}

/// The revision of rules that stay as they are while the process runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fixed;

// === impl Formats ===

impl Formats {
    /// Reads events with this parser.
    #[must_use]
    pub const fn new(parser: Parser) -> Self {
        Self { parser }
    }
}

impl Rules for Formats {
    type Revision = Fixed;

    fn current(&self) -> Fixed {
        Fixed
    }

    fn name(_revision: &Fixed) -> &str {
        ""
    }

    fn apply<'r>(
        &mut self,
        _revision: &'r Fixed,
        event: &RawEvent<'_>,
        now_ms: i64,
        out: &mut Documents,
    ) -> Outcome<'r> {
        match out.push(None, |parsed| self.parser.parse(event, now_ms, parsed)) {
            Ok(()) => Outcome::Documents,
            Err(failure) => Outcome::Refused(Box::new(Refusal {
                stage: Stage::Parse,
                error_type: Cow::Borrowed(failure.error_type),
                reason: failure.in_words(|_nothing_is_masked| None),
                rule: failure.format,
                masked_body: None,
            })),
        }
    }
}
