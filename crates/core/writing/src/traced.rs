//! Which of a load's records are traced: usually none, and then it costs nothing.

use forebay_bulk::BulkRequest;
use forebay_record::TraceContext;

/// The most traces of one load, or of one request, that are followed.
const MOST: usize = 64;

/// The traces of a load's records, by their tags.
#[derive(Debug, Default)]
pub(crate) struct Traced {
    contexts: Vec<TraceContext>,
    /// Tags in their order, each with the position of its context.
    of: Vec<(u32, usize)>,
}

// === impl Traced ===

impl Traced {
    /// The next record, and the span that sent it; empty where it isn't traced.
    pub(crate) fn enter(&mut self, tag: u32, trace: &str) {
        if trace.is_empty() {
            return;
        }
        if let Some(context) = TraceContext::read(trace).filter(|context| context.sampled)
            && let Some(at) = position(&mut self.contexts, context)
        {
            self.of.push((tag, at));
        }
    }

    /// The same of a copy that has these records alone, numbered anew.
    pub(crate) fn select(&self, tags: &[u32]) -> Self {
        let mut selected = Self::default();
        if self.of.is_empty() {
            return selected;
        }
        for (tag, before) in (0..).zip(tags) {
            if let Some(at) =
                self.context(*before).and_then(|context| position(&mut selected.contexts, context))
            {
                selected.of.push((tag, at));
            }
        }
        selected
    }

    /// Adds the traces of a request's documents.
    pub(crate) fn of_request(&self, request: &BulkRequest, traces: &mut Vec<TraceContext>) {
        if self.of.is_empty() {
            return;
        }
        for tag in (0..request.len()).filter_map(|index| request.tag(index)) {
            if let Some(context) = self.context(tag) {
                let _known = position(traces, context);
            }
        }
    }

    fn context(&self, tag: u32) -> Option<TraceContext> {
        let at = self.of.binary_search_by_key(&tag, |(tag, _)| *tag).ok()?;
        let (_, at) = self.of.get(at)?;
        self.contexts.get(*at).copied()
    }
}

/// Where a context is, once it is there; `None` where there are too many.
fn position(contexts: &mut Vec<TraceContext>, context: TraceContext) -> Option<usize> {
    // Neighbours nearly always share theirs.
    if let Some(at) = contexts.iter().rposition(|known| *known == context) {
        return Some(at);
    }
    if contexts.len() >= MOST {
        return None;
    }
    contexts.push(context);
    Some(contexts.len() - 1)
}

#[cfg(test)]
mod tests {
    use forebay_bulk::BulkBuilder;

    use super::*;

    fn of(trace: u128) -> TraceContext {
        TraceContext { trace, span: 7, sampled: true }
    }

    /// Scenario: records of which some are traced, sent as they are, in halves, and again in part.
    /// Guarantees: a request has the traces of its own documents, each once.
    #[test]
    fn a_request_has_the_traces_of_its_documents() {
        let (mut traced, mut builder) = (Traced::default(), BulkBuilder::new());
        let unsampled = TraceContext { sampled: false, ..of(9) };
        let texts =
            [of(1).to_string(), String::new(), of(2).to_string(), of(1).to_string(), unsampled.to_string()];
        for (tag, text) in (0..).zip(&texts) {
            traced.enter(tag, text);
            builder.push("forebay-a", &format!("e-{tag}"), b"{}", tag).unwrap();
        }
        let request = builder.finish();
        let traces = |traced: &Traced, request: &BulkRequest| {
            let mut traces = Vec::new();
            traced.of_request(request, &mut traces);
            traces
        };
        assert_eq!(traces(&traced, &request), [of(1), of(2)]);
        let (first, second) = request.split();
        assert_eq!((traces(&traced, &first), traces(&traced, &second)), (vec![of(1), of(2)], vec![of(1)]));
        let copied = traced.select(&[4, 3, 1]);
        let again = request.select([4, 3, 1]).renumbered();
        assert_eq!(traces(&copied, &again), [of(1)]);
        assert_eq!(traces(&traced.select(&[1]), &request.select([1]).renumbered()), []);
    }

    #[test]
    fn of_too_many_traces_the_first_are_followed() {
        let mut traced = Traced::default();
        for tag in 0..1_000 {
            traced.enter(tag, &of(u128::from(tag) + 1).to_string());
        }
        assert_eq!((traced.contexts.len(), traced.of.len()), (MOST, MOST));
    }
}
