//! What the machine needs to know of a load's records; how they are kept is the shell's.

/// The records of a load, in the order in which they were polled.
pub trait Batch: Sized {
    /// How many there are.
    fn len(&self) -> usize;

    /// The key of a record; empty where there is none.
    fn key(&self, index: usize) -> &[u8];

    /// The value of a record; empty where there is none.
    fn value(&self, index: usize) -> &[u8];

    /// How many bytes the batch holds.
    fn bytes(&self) -> usize;

    /// A batch of these records alone, in memory of its own. Indices beyond the end are passed over.
    fn select(&self, indices: &[u32]) -> Self;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
