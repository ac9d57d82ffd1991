//! The simulated cluster: indices, and bulk requests as bytes in, answers as bytes out.
//!
//! What it answers goes through the production code that reads answers. A document is created under its id or not at all; an
//! id that is there answers 409.

mod answer;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use forebay_bulk::RequestFailure;

use crate::convert::{event_of, is_unmappable};
use crate::plan::{MOST_DOCUMENTS, Plan, Rates};
use crate::rng::Rng;
use answer::{Answer, Error};

/// What an indexer hears of its request.
#[derive(Debug)]
pub enum Reply {
    /// A status, how long to wait, and a body.
    Http(u16, Option<Duration>, Vec<u8>),
    /// Nothing.
    Silence,
}

/// Whether an index takes documents.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// An operator's block: 403.
    Blocked,
    /// It is closed: 400.
    Closed,
}

/// The cluster.
#[derive(Debug)]
pub struct Cluster {
    /// Until when it doesn't answer.
    pub down_until: Option<Duration>,
    /// Until when it refuses all documents.
    pub busy_until: Option<Duration>,
    /// Whether the mapping takes what it didn't.
    pub mended: bool,
    /// Indices that take nothing, and until when.
    pub refusals: BTreeMap<String, (Refusal, Duration)>,
    takes: usize,
    indices: BTreeMap<String, BTreeSet<String>>,
    /// Of every part of every planned event, how many documents there are.
    documents: Vec<[u32; MOST_DOCUMENTS as usize]>,
    twice: Option<(usize, u8)>,
}

// === impl Reply ===

impl Reply {
    /// What the client of the search server makes of it.
    ///
    /// # Errors
    /// When the request failed as a whole.
    pub fn read(self, expected: usize) -> Result<forebay_bulk::BulkAnswer, RequestFailure> {
        match self {
            Self::Http(200, _, body) => Ok(forebay_bulk::read_answer(&body, expected)?),
            Self::Http(status, wait, body) => Err(RequestFailure::from_response(status, wait, &body)),
            Self::Silence => Err(RequestFailure::Unreachable { reason: "no answer".to_owned() }),
        }
    }
}

// === impl Cluster ===

impl Cluster {
    /// Without documents.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            down_until: None,
            busy_until: None,
            mended: false,
            refusals: BTreeMap::new(),
            takes: plan.bounds.cluster_takes,
            indices: BTreeMap::new(),
            documents: vec![Default::default(); plan.events.len()],
            twice: None,
        }
    }

    /// Whether a part of an event is indexed; they count from 1.
    #[must_use]
    pub fn has(&self, event: usize, part: u8) -> bool {
        self.count(event, part).is_some_and(|count| *count > 0)
    }

    fn count(&self, event: usize, part: u8) -> Option<&u32> {
        self.documents.get(event)?.get(usize::from(part).checked_sub(1)?)
    }

    /// A part of an event that has several documents.
    #[must_use]
    pub const fn twice(&self) -> Option<(usize, u8)> {
        self.twice
    }

    /// Carries a request out. Now and then, as the rates have it, something goes wrong.
    pub fn bulk(&mut self, body: &[u8], rates: &Rates, rng: &mut Rng) -> Reply {
        if self.down_until.is_some() {
            return Reply::Silence;
        }
        if body.len() > self.takes {
            return Reply::Http(413, None, Vec::new());
        }
        if rng.chance(rates.bulk_refused) {
            let status = rng.pick(&[429, 503, 502, 401]).unwrap_or(503);
            let wait = rng.chance(200).then(|| rng.millis(1, 300));
            return Reply::Http(status, wait, answer::error_page(status));
        }
        let is_unanswered = rng.chance(rates.bulk_timeout);
        if is_unanswered && rng.chance(300) {
            return Reply::Silence;
        }
        let mut answer = Answer::default();
        let mut lines = body.split(|byte| *byte == b'\n');
        while let (Some(action), Some(document)) = (lines.next(), lines.next()) {
            let error = self.document(action, document, rates, rng);
            answer.push(error);
        }
        if is_unanswered {
            return Reply::Silence;
        }
        let cut = rng.chance(rates.bulk_cut);
        if cut && rng.chance(300) {
            answer.lose_one();
        }
        let mut bytes = answer.finish();
        if cut && rng.chance(700) {
            bytes.truncate(rng.size(0, bytes.len().saturating_sub(1)));
        }
        Reply::Http(200, None, bytes)
    }

    fn document(&mut self, action: &[u8], document: &[u8], rates: &Rates, rng: &mut Rng) -> Option<Error> {
        let (Some(index), Some(id)) = (field(action, "_index"), field(action, "_id")) else {
            return Some(Error::Malformed);
        };
        if self.busy_until.is_some() {
            return Some(Error::Busy);
        }
        match self.refusals.get(index) {
            Some((Refusal::Blocked, _)) => return Some(Error::Blocked),
            Some((Refusal::Closed, _)) => return Some(Error::Closed),
            None => {}
        }
        if rng.chance(rates.item_refused) {
            return Some(if rng.chance(600) { Error::Busy } else { Error::Unavailable });
        }
        if self.indices.get(index).is_some_and(|ids| ids.contains(id)) {
            return Some(Error::Conflict);
        }
        if is_unmappable(document) && !self.mended {
            return Some(Error::Mapping);
        }
        let Some((event, part)) = event_of(document) else { return Some(Error::Mapping) };
        let _new = self.indices.entry(index.to_owned()).or_default().insert(id.to_owned());
        let counts = self.documents.get_mut(event);
        if let Some(count) = counts.and_then(|counts| counts.get_mut(usize::from(part).checked_sub(1)?)) {
            *count += 1;
            if *count > 1 {
                self.twice = Some((event, part));
            }
        }
        None
    }
}

/// A text field of an action line; ids and indices of a schedule need no escapes.
fn field<'a>(action: &'a [u8], name: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(action).ok()?;
    let from = text.find(name)? + name.len() + 3;
    let rest = text.get(from..)?;
    rest.get(..rest.find('"')?)
}
