//! The traces that the events of a batch belong to.
//!
//! A batch joins events of many requests. Each trace among them gets two spans: one in which the batch is processed, and in it one
//! in which the documents are sent; those carry the latter on. When they began and ended is the shell's to say.

use forebay_record::TraceContext;

/// The most traces of a batch that are followed: events of others keep the span that they came with.
const MOST: usize = 64;
/// How long a trace's text is, in bytes.
const TEXT: usize = 55;
/// The step of SplitMix64 (<https://doi.org/10.1145/2714064.2660195>), which makes ids of a seed.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Follows the traces of a batch. Unless it was told to [`begin`](Self::begin), events keep the span that they came with.
#[derive(Debug, Default)]
pub struct Traces {
    /// What ids are made of; `None` when nobody follows.
    seed: Option<u64>,
    followed: Followed,
    /// The trace of the event in hand, as it came ...
    came: String,
    /// ... and as its documents carry it on.
    text: String,
    current: Option<usize>,
}

/// What was followed of a batch.
#[derive(Debug, Default)]
pub struct Followed {
    /// A trace each.
    pub traces: Vec<Followable>,
    /// How often a trace was one too many.
    pub beyond: u64,
}

/// A trace in a batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Followable {
    /// The span that sent its events here.
    pub parent: TraceContext,
    /// The span in which they are processed.
    pub process: TraceContext,
    /// The span in which what comes of them is sent; a child of the former.
    pub send: TraceContext,
    /// How many events it has in the batch.
    pub records: u64,
    /// How many documents came of them.
    pub documents: u64,
    /// How many of them became dead letters.
    pub refused: u64,
    /// How many of them a rule dropped.
    pub dropped: u64,
}

// === impl Traces ===

impl Traces {
    /// A batch begins whose traces are to be followed. `seed` is random, and new with every batch.
    pub fn begin(&mut self, seed: u64) {
        *self = Self { seed: Some(seed), ..Self::default() };
    }

    /// The batch is at its end.
    pub fn take(&mut self) -> Followed {
        std::mem::take(self).followed
    }

    /// The next event is of this trace; empty for none.
    pub(crate) fn enter(&mut self, trace: &str) {
        // Nearly all events end here, and the others have neighbours of the same request.
        if trace == self.came {
            if let Some(followed) = self.current.and_then(|at| self.followed.traces.get_mut(at)) {
                followed.records += 1;
            }
            return;
        }
        self.came.clear();
        self.text.clear();
        self.current = None;
        // Whoever may write to the topic must not have keys grow.
        let Some(parent) = TraceContext::read(trace).filter(|_| trace.len() == TEXT) else { return };
        self.came.push_str(trace);
        self.current = self.follow(parent);
        match self.current.and_then(|at| self.followed.traces.get_mut(at)) {
            Some(followed) => {
                followed.records += 1;
                self.text = followed.send.to_string();
            }
            None => self.text.push_str(trace),
        }
    }

    /// What the documents of the event in hand carry on.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn made(&mut self, documents: u64) {
        self.count(|followed| followed.documents += documents);
    }

    pub(crate) fn refused(&mut self) {
        self.count(|followed| followed.refused += 1);
    }

    pub(crate) fn dropped(&mut self) {
        self.count(|followed| followed.dropped += 1);
    }

    fn count(&mut self, count: impl FnOnce(&mut Followable)) {
        if let Some(followed) = self.current.and_then(|at| self.followed.traces.get_mut(at)) {
            count(followed);
        }
    }

    fn follow(&mut self, parent: TraceContext) -> Option<usize> {
        let seed = self.seed.filter(|_| parent.sampled)?;
        let traces = &mut self.followed.traces;
        if let Some(at) = traces.iter().position(|followed| followed.parent == parent) {
            return Some(at);
        }
        if traces.len() >= MOST {
            self.followed.beyond += 1;
            return None;
        }
        let number = traces.len() as u64 * 2;
        let (process, send) = (parent.with_span(id(seed, number)), parent.with_span(id(seed, number + 1)));
        let (records, documents, refused, dropped) = (0, 0, 0, 0);
        traces.push(Followable { parent, process, send, records, documents, refused, dropped });
        Some(traces.len() - 1)
    }
}

/// The id of the span with this number: never nought.
fn id(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(STEP.wrapping_mul(number + 1));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(trace: u128) -> String {
        TraceContext { trace, span: 7, sampled: true }.to_string()
    }

    /// Scenario: events of two traces and of none, side by side and again.
    /// Guarantees: each trace has one span that sends, which its documents carry on, a child of the one that processes, with ids of
    /// their own; what came of its events is counted with it, and what has no trace gets none.
    #[test]
    fn each_trace_of_a_batch_has_its_spans() {
        let mut traces = Traces::default();
        traces.begin(1);
        let mut texts = Vec::new();
        for trace in [of(1), of(1), String::new(), of(2), of(1)] {
            traces.enter(&trace);
            traces.made(2);
            texts.push(traces.text().to_owned());
        }
        traces.refused();
        assert_eq!((&texts[0], &texts[0], texts[2].as_str()), (&texts[1], &texts[4], ""));
        let Followed { traces: followed, beyond } = traces.take();
        assert_eq!((followed.len(), beyond), (2, 0));
        let [first, second] = [&followed[0], &followed[1]];
        assert_eq!((first.records, first.documents, first.refused, second.records), (3, 6, 1, 1));
        assert_eq!((first.send.to_string(), second.send.to_string()), (texts[0].clone(), texts[3].clone()));
        let mut spans: Vec<u64> =
            followed.iter().flat_map(|f| [f.parent.span, f.process.span, f.send.span]).collect();
        spans.sort_unstable();
        spans.dedup();
        assert_eq!(spans.len(), 5, "the two parents are alike, the others are not");
        assert!(followed.iter().all(|f| f.process.trace == f.parent.trace && f.send.trace == f.parent.trace));
        traces.enter(&of(1));
        assert_eq!(traces.text(), of(1), "the batch is over");
    }

    /// Scenario: nobody follows, traces aren't recorded, are too many, or are no traces.
    /// Guarantees: what is one is carried on as it came, anything else is not.
    #[test]
    fn what_is_not_followed_is_carried_on() {
        let mut traces = Traces::default();
        traces.enter(&of(1));
        assert_eq!(traces.text(), of(1));
        traces.begin(1);
        let unsampled = TraceContext { trace: 1, span: 7, sampled: false }.to_string();
        traces.enter(&unsampled);
        assert_eq!(traces.text(), unsampled);
        for wrong in ["x".repeat(1_000), of(1).replacen("00", "01", 1) + "-longer", "a\tb".to_owned()] {
            traces.enter(&wrong);
            assert_eq!(traces.text(), "");
        }
        for trace in 1..=MOST as u128 + 3 {
            traces.enter(&of(trace));
        }
        assert_eq!(traces.text(), of(MOST as u128 + 3));
        let followed = traces.take();
        assert_eq!((followed.traces.len(), followed.beyond), (MOST, 3));
    }
}
