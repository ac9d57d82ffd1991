//! Documents on their way: parts of a load, and the requests that are made of them.

use std::time::Duration;

use forebay_bulk::BulkRequest;
use forebay_delivery::{Backoff, Sent};
use forebay_record::TraceContext;

use crate::traced::Traced;

/// Documents that are sent together, with records of their own or of their load.
#[derive(Debug)]
pub(crate) struct Part {
    /// Where the records are that its tags count in.
    pub(crate) source: u64,
    pub(crate) request: BulkRequest,
    /// The pauses after refusals of its documents.
    pub(crate) backoff: Backoff,
    /// How often a request with it failed as a whole, and when first.
    pub(crate) failures: u32,
    pub(crate) failed_at: Duration,
    /// The first and the last refusal of its documents for now, in a row between which others were written.
    pub(crate) refused: Option<(Duration, Duration)>,
}

/// Records that parts refer to, and memory that they hold.
#[derive(Debug)]
pub(crate) struct Source<B> {
    pub(crate) load: u64,
    pub(crate) records: B,
    /// Which of the load's rows a record belongs to, by its tag.
    pub(crate) row_of: Vec<u32>,
    /// Bytes of records and requests.
    pub(crate) bytes: usize,
    /// Those of the records whose way is traced.
    pub(crate) traced: Traced,
    /// Documents that still refer to it. At nought it goes.
    pub(crate) open: usize,
}

/// A request under way. Give it back with [`answered`](crate::Writing::answered).
#[derive(Debug)]
#[must_use = "a request that is dropped holds its loads open"]
pub struct Sending {
    pub(crate) parts: Vec<Part>,
    /// What is sent, where it isn't the only part's own request.
    pub(crate) joined: Option<BulkRequest>,
    pub(crate) sent: Sent,
    /// The shut targets that it probes.
    pub(crate) probes: Vec<u32>,
    /// The spans that sent those of its documents whose way is traced.
    pub(crate) traces: Vec<TraceContext>,
}

// === impl Part ===

impl Part {
    pub(crate) fn new(source: u64, request: BulkRequest, backoff: Backoff) -> Self {
        Self { source, request, backoff, failures: 0, failed_at: Duration::ZERO, refused: None }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.request.body().len()
    }

    /// The same part with other documents of its own.
    pub(crate) fn with(&self, request: BulkRequest) -> Self {
        let Self { source, backoff, failures, failed_at, refused, .. } = *self;
        Self { source, request, backoff, failures, failed_at, refused }
    }

    /// Two parts by number of documents, or one and nothing.
    pub(crate) fn halves(&self) -> [Self; 2] {
        let (first, second) = self.request.split();
        [self.with(first), self.with(second)]
    }

    /// What fits into so many bytes and documents, at least one document; and the rest.
    pub(crate) fn cut(self, bytes: usize, documents: usize) -> (Self, Option<Self>) {
        if self.bytes() <= bytes && self.request.len() <= documents {
            return (self, None);
        }
        let (mut first, mut second) = self.request.split_within(bytes);
        if first.len() > documents {
            let most = documents.max(1);
            let size = (0..most).filter_map(|index| self.request.item_bytes(index)).sum();
            (first, second) = self.request.split_within(size);
        }
        let rest = (!second.is_empty()).then(|| self.with(second));
        (self.with(first), rest)
    }
}

// === impl Sending ===

impl Sending {
    /// One request of these parts.
    pub(crate) fn new(parts: Vec<Part>, at: Duration, full: bool, probes: Vec<u32>) -> Self {
        let joined = (parts.len() != 1).then(|| BulkRequest::join(parts.iter().map(|part| &part.request)));
        let mut sending =
            Self { parts, joined, sent: Sent { at, bytes: 0, full }, probes, traces: Vec::new() };
        sending.sent.bytes = sending.request().body().len();
        sending
    }

    /// The spans that sent its documents here, each once, as far as they are traced. The first have it where there are many.
    #[must_use]
    pub fn traces(&self) -> &[TraceContext] {
        &self.traces
    }

    /// What is to be sent.
    #[must_use]
    pub fn request(&self) -> &BulkRequest {
        static NOTHING: std::sync::LazyLock<BulkRequest> = std::sync::LazyLock::new(BulkRequest::default);
        let own = || self.parts.first().map(|part| &part.request);
        self.joined.as_ref().or_else(own).unwrap_or(&NOTHING)
    }
}
