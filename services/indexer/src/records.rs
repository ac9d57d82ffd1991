//! A load's records as the core sees them, and the memory that they are kept in.

use std::sync::{Arc, Mutex, PoisonError};

use forebay_kafka::RecordBatch;
use forebay_writing::Batch;

/// How many empty batches are kept for their memory.
const SPARES: usize = 3;

/// Records of a load, or copies of a few of them.
#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) batch: RecordBatch,
    /// Where the memory goes afterwards; copies are small, and theirs goes back to the allocator.
    spares: Option<Spares>,
}

/// Empty batches with memory of earlier ones. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spares(Arc<Mutex<Vec<RecordBatch>>>);

// === impl Records ===

impl Records {
    /// Records that were polled into a batch of `spares`.
    pub(crate) fn new(batch: RecordBatch, spares: &Spares) -> Self {
        Self { batch, spares: Some(spares.clone()) }
    }
}

impl Batch for Records {
    fn len(&self) -> usize {
        self.batch.len()
    }

    fn key(&self, index: usize) -> &[u8] {
        self.batch.get(index).map_or(&[], |record| record.key)
    }

    fn value(&self, index: usize) -> &[u8] {
        self.batch.get(index).map_or(&[], |record| record.value)
    }

    fn bytes(&self) -> usize {
        self.batch.bytes()
    }

    fn select(&self, indices: &[u32]) -> Self {
        let mut batch = RecordBatch::new();
        let records = indices.iter().filter_map(|index| self.batch.get(*index as usize));
        records.for_each(|record| batch.push(&record));
        Self { batch, spares: None }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        if let Some(spares) = &self.spares {
            spares.put(std::mem::take(&mut self.batch));
        }
    }
}

// === impl Spares ===

impl Spares {
    /// An empty batch.
    pub(crate) fn get(&self) -> RecordBatch {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn put(&self, mut batch: RecordBatch) {
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spares.len() < SPARES {
            batch.clear();
            spares.push(batch);
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_kafka::Record;

    use super::*;

    #[test]
    fn the_memory_of_a_load_is_used_again_and_a_copy_holds_its_own_records_only() {
        let spares = Spares::default();
        let mut batch = spares.get();
        for (offset, value) in [b"a".as_slice(), b"b", b"c"].into_iter().enumerate() {
            let offset = i64::try_from(offset).unwrap();
            batch.push(&Record { partition: 1, offset, timestamp_ms: 0, key: b"k", value });
        }
        let records = Records::new(batch, &spares);
        let copy = records.select(&[2, 0, 9]);
        assert_eq!((copy.len(), copy.value(0), copy.value(1), copy.bytes()), (2, &b"c"[..], &b"a"[..], 4));
        assert_eq!(copy.batch.get(0).map(|record| record.offset), Some(2));
        drop((records, copy));
        assert!(spares.get().capacity_bytes() > 0);
        assert_eq!(spares.get().capacity_bytes(), 0, "only one came back");
    }
}
