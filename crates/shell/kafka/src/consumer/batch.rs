//! A batch of records in one piece of memory.
//!
//! Each record is copied once, into an arena that all records of the batch share, and librdkafka's own buffer is free at
//! once: what a worker holds is what it counts. `clear` keeps the memory for the next batch.

use std::fmt;
use std::ops::Range;

/// A record, borrowed from its batch.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Record<'a> {
    /// The partition it stands in.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// Kafka's timestamp, in milliseconds since the Unix epoch; 0 when the broker gave none.
    pub timestamp_ms: i64,
    /// The key; empty when there is none.
    pub key: &'a [u8],
    /// The value; empty when there is none.
    pub value: &'a [u8],
}

/// Records in the order in which they were polled. Within a partition that is the order of their offsets.
#[derive(Default)]
pub struct RecordBatch {
    arena: Vec<u8>,
    entries: Vec<Entry>,
}

struct Entry {
    partition: i32,
    key_len: u32,
    offset: i64,
    timestamp_ms: i64,
    start: usize,
    end: usize,
}

// === impl RecordBatch ===

impl RecordBatch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Copies a record into the batch. A key of 4 GiB or more can't come from Kafka; it would be cut.
    pub fn push(&mut self, record: &Record<'_>) {
        let start = self.arena.len();
        let key_len = u32::try_from(record.key.len()).unwrap_or(u32::MAX);
        self.arena.extend_from_slice(record.key);
        self.arena.extend_from_slice(record.value);
        self.entries.push(Entry {
            partition: record.partition,
            key_len,
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            start,
            end: self.arena.len(),
        });
    }

    /// The record at `index`, from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Record<'_>> {
        self.entries.get(index).map(|entry| self.record(entry))
    }

    /// The records, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Record<'_>> + DoubleEndedIterator {
        self.entries.iter().map(|entry| self.record(entry))
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes the records' keys and values have together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.arena.len()
    }

    /// How many bytes the batch holds on to, used or not: what counts against a memory budget.
    #[must_use]
    pub fn capacity_bytes(&self) -> usize {
        self.arena.capacity() + self.entries.capacity() * size_of::<Entry>()
    }

    /// Removes all records and keeps the memory.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.entries.clear();
    }

    /// Removes all records of these partitions.
    pub fn remove_partitions(&mut self, partitions: &[i32]) {
        if self.entries.iter().any(|entry| partitions.contains(&entry.partition)) {
            let mut kept = Self::new();
            self.iter()
                .filter(|record| !partitions.contains(&record.partition))
                .for_each(|record| kept.push(&record));
            *self = kept;
        }
    }

    fn record(&self, entry: &Entry) -> Record<'_> {
        let middle = entry.start.saturating_add(entry.key_len as usize).min(entry.end);
        Record {
            partition: entry.partition,
            offset: entry.offset,
            timestamp_ms: entry.timestamp_ms,
            key: self.slice(entry.start..middle),
            value: self.slice(middle..entry.end),
        }
    }

    /// The ranges are this batch's own, so that they are always inside.
    fn slice(&self, range: Range<usize>) -> &[u8] {
        self.arena.get(range).unwrap_or_default()
    }
}

/// Shows counts only: records hold what customers log.
impl fmt::Debug for RecordBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordBatch").field("records", &self.len()).field("bytes", &self.bytes()).finish()
    }
}

/// Shows the place only: records hold what customers log.
impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, offset, value, .. } = self;
        write!(f, "Record({partition}:{offset}, {} bytes)", value.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Scenario: any records, pushed one after another into a batch that was used before.
        /// Guarantees: they come out as they went in, and the bytes add up.
        #[test]
        fn gives_back_what_was_put_in(records: Vec<(i32, i64, i64, Vec<u8>, Vec<u8>)>) {
            let mut batch = RecordBatch::new();
            batch.push(&Record { partition: 9, offset: 9, timestamp_ms: 9, key: b"old", value: b"old" });
            batch.clear();
            prop_assert!(batch.is_empty());
            let mut bytes = 0;
            for (partition, offset, timestamp_ms, key, value) in &records {
                let record =
                    Record { partition: *partition, offset: *offset, timestamp_ms: *timestamp_ms, key, value };
                batch.push(&record);
                bytes += key.len() + value.len();
            }
            prop_assert_eq!(batch.len(), records.len());
            prop_assert_eq!(batch.bytes(), bytes);
            for (index, (partition, offset, timestamp_ms, key, value)) in records.iter().enumerate() {
                let record =
                    Record { partition: *partition, offset: *offset, timestamp_ms: *timestamp_ms, key, value };
                prop_assert_eq!(batch.get(index), Some(record));
            }
            prop_assert_eq!(batch.get(records.len()), None);
            let gone: Vec<i32> = records.iter().take(2).map(|record| record.0).collect();
            batch.remove_partitions(&gone);
            let left: Vec<_> = records.iter().filter(|record| !gone.contains(&record.0)).collect();
            prop_assert_eq!(batch.len(), left.len());
            prop_assert_eq!(batch.bytes(), left.iter().map(|record| record.3.len() + record.4.len()).sum::<usize>());
            for (record, kept) in left.iter().zip(batch.iter()) {
                prop_assert_eq!((record.1, &record.3[..], &record.4[..]), (kept.offset, kept.key, kept.value));
            }
        }
    }
}
