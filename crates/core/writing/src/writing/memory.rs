//! The records that documents belong to, and their memory.
//!
//! A part refers to a *source*: the load's own records to begin with. Documents that are sent again, set aside or
//! dead-lettered leave it with a copy of their own, so that a few of them never keep a whole load's memory. A source goes
//! when its last document has left.

use forebay_bulk::ItemError;
use forebay_record::TraceContext;

use super::Writing;
use crate::batch::Batch;
use crate::load::Letters;
use crate::part::{Part, Source};

impl<B: Batch> Writing<B> {
    /// So many documents of a source need it no longer.
    pub(super) fn release(&mut self, source: u64, documents: usize) {
        let Some(found) = self.sources.get_mut(&source) else { return };
        found.open = found.open.saturating_sub(documents);
        if found.open == 0
            && let Some(gone) = self.sources.remove(&source)
            && let Some(load) = self.loads.get_mut(&gone.load)
        {
            load.resize(0, gone.bytes);
        }
    }

    /// The documents at these positions of a part, as a part with records of its own. `None` when its load has gone.
    pub(super) fn copy_out(&mut self, part: &Part, indices: &[usize]) -> Option<Part> {
        let source = self.sources.get(&part.source)?;
        if indices.len() == part.request.len() && source.records.len() == indices.len() {
            // It has its records for itself already.
            return Some(part.with(part.request.clone()));
        }
        let tags: Vec<u32> = indices.iter().filter_map(|index| part.request.tag(*index)).collect();
        let records = source.records.select(&tags);
        let row_of = tags.iter().filter_map(|tag| source.row_of.get(*tag as usize).copied()).collect();
        let traced = source.traced.select(&tags);
        let request = part.request.select(indices.iter().copied()).renumbered();
        let bytes = records.bytes() + request.body().len();
        let (load, open) = (source.load, tags.len());
        self.loads.get_mut(&load)?.resize(bytes, 0);
        self.release(part.source, open);
        let source = self.number();
        let _none = self.sources.insert(source, Source { load, records, row_of, bytes, traced, open });
        Some(Part { source, ..part.with(request) })
    }

    /// Records of a source are to become dead letters.
    pub(super) fn dead_letter(&mut self, source: u64, tags: Vec<u32>, errors: Vec<ItemError>) {
        if tags.is_empty() {
            return;
        }
        let Some(found) = self.sources.get(&source) else { return };
        let records = found.records.select(&tags);
        let rows = tags.iter().filter_map(|tag| found.row_of.get(*tag as usize).copied()).collect();
        let load = found.load;
        if let Some(load) = self.loads.get_mut(&load) {
            load.resize(records.bytes(), 0);
        }
        self.release(source, tags.len());
        self.letters.push_back(Letters { records, errors, load, rows });
    }

    /// All documents of a part are to become dead letters, for one reason.
    pub(super) fn dead_letter_part(&mut self, part: &Part, error: &ItemError) {
        let tags: Vec<u32> = (0..part.request.len()).filter_map(|index| part.request.tag(index)).collect();
        let errors = tags.iter().map(|_| error.clone()).collect();
        self.dead_letter(part.source, tags, errors);
    }

    /// The traces of documents that are sent together.
    pub(super) fn traces_of(&self, parts: &[Part]) -> Vec<TraceContext> {
        let mut traces = Vec::new();
        for part in parts {
            if let Some(source) = self.sources.get(&part.source) {
                source.traced.of_request(&part.request, &mut traces);
            }
        }
        traces
    }

    /// Bytes of the source of a part.
    pub(super) fn bytes_of(&self, part: &Part) -> usize {
        self.sources.get(&part.source).map_or(0, |source| source.bytes)
    }
}
