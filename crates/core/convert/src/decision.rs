//! What is decided about a record.

use std::borrow::Cow;
use std::num::NonZeroU64;

use forebay_record::{ErrorDomain, EventKey, RawEvent, RawTemplate, Stage};

use crate::documents::{Document, Documents};
use crate::rules::{Refusal, Rules};

/// What becomes of a record.
#[derive(Debug)]
pub enum Decision<'a, R: Rules> {
    /// Documents.
    Documents(Made<'a, R>),
    /// A dead letter.
    Refused(Refused<'a>),
    /// Nothing, on purpose.
    Dropped {
        /// The event.
        event: RawEvent<'a>,
        /// A rule's reason.
        reason: Cow<'a, str>,
    },
}

/// The documents of a record, one or more.
#[derive(Debug)]
pub struct Made<'a, R: Rules> {
    pub(crate) event: RawEvent<'a>,
    pub(crate) documents: &'a Documents,
    pub(crate) number: NonZeroU64,
    /// They mask the event should one of its documents turn out to be too large.
    pub(crate) rules: &'a mut R,
    pub(crate) revision: &'a R::Revision,
}

/// Why a record becomes a dead letter: [`letter`](Self::letter) writes it.
#[derive(Debug)]
pub struct Refused<'a> {
    /// The event; `None` for a record that can't be read.
    pub event: Option<RawEvent<'a>>,
    /// Why.
    pub refusal: Refusal,
    /// Whose fault it is.
    pub domain: ErrorDomain,
    /// The target that its document was meant for; empty where it wasn't known yet.
    pub target: &'a str,
    /// The name of the revision of the rules.
    pub revision: &'a str,
}

// === impl Made ===

impl<'a, R: Rules> Made<'a, R> {
    /// The event.
    #[must_use]
    pub const fn event(&self) -> &RawEvent<'a> {
        &self.event
    }

    /// How many documents there are.
    #[must_use]
    pub const fn number(&self) -> NonZeroU64 {
        self.number
    }

    /// The documents, in the order in which they are to be sent.
    pub fn documents(&self) -> impl ExactSizeIterator<Item = Document<'a>> + Clone + use<'a, R> {
        self.documents.all()
    }

    /// What the partition of all of them is chosen by. Events without a stream have no order to keep; their ids spread them.
    #[must_use]
    pub const fn stream(&self) -> &'a [u8] {
        if self.event.stream.is_empty() { self.event.id.as_bytes() } else { self.event.stream.as_bytes() }
    }

    /// It turns out that no record of so many bytes as this document's can be sent: `max` is the most.
    #[must_use]
    pub fn too_large(self, document: &Document<'a>, size: usize, max: usize) -> Refused<'a> {
        let Self { event, rules, revision, .. } = self;
        Refused::oversize(event, document, (size, max), rules, revision)
    }
}

// === impl Refused ===

impl<'a> Refused<'a> {
    pub(crate) fn oversize<R: Rules>(
        event: RawEvent<'a>,
        document: &Document<'a>,
        (size, max): (usize, usize),
        rules: &mut R,
        revision: &'a R::Revision,
    ) -> Self {
        let refusal = Refusal {
            stage: Stage::Oversize,
            rule: String::new(),
            error_type: Cow::Borrowed("document_too_large"),
            reason: format!("the document has {size} bytes; a record may have {max}"),
            masked_body: rules.masked_body(revision, &event),
        };
        let revision = R::name(revision);
        let target = EventKey::read(document.key.as_bytes()).map_or("", |key| key.target);
        Self { event: Some(event), refusal, domain: ErrorDomain::User, target, revision }
    }

    /// The value of the record that the dead letter keeps instead of the failed record's own; `None` where that stays as it is.
    #[must_use]
    pub fn masked_value(&self) -> Option<Vec<u8>> {
        let (event, body) = (self.event.as_ref()?, self.refusal.masked_body.as_ref()?);
        let mut value = Vec::new();
        RawTemplate::new(event).push(&mut value, event.id, body);
        Some(value)
    }

    /// Whose event it is; empty for a record that can't be read.
    #[must_use]
    pub fn tenant(&self) -> &'a str {
        self.event.as_ref().map_or("", |event| event.tenant)
    }
}
