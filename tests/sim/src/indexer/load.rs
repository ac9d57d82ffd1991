//! The records of a load.

use forebay_writing::Batch;

use crate::node::consumer::Polled;

/// Records as they were polled.
#[derive(Debug)]
pub(super) struct Records {
    records: Vec<Polled>,
}

// === impl Records ===

impl Records {
    pub(super) const fn new(records: Vec<Polled>) -> Self {
        Self { records }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Polled> {
        self.records.iter()
    }
}

impl Batch for Records {
    fn len(&self) -> usize {
        self.records.len()
    }

    fn key(&self, index: usize) -> &[u8] {
        self.records.get(index).map_or(&[], |polled| polled.record.key.as_slice())
    }

    fn value(&self, index: usize) -> &[u8] {
        self.records.get(index).map_or(&[], |polled| polled.record.value.as_slice())
    }

    fn bytes(&self) -> usize {
        self.records.iter().map(|polled| polled.record.bytes()).sum()
    }

    fn select(&self, indices: &[u32]) -> Self {
        let chosen = indices.iter().filter_map(|index| self.records.get(*index as usize)).cloned();
        Self { records: chosen.collect() }
    }
}
