//! How many of the last documents were refused for good.

use crate::options::WINDOW;

/// Counts over the last [`WINDOW`] documents at least, twice as many at most.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Window {
    before: Counts,
    now: Counts,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Counts {
    documents: u64,
    refused: u64,
}

// === impl Window ===

impl Window {
    /// So many documents got an answer that stands, and so many of them were refused.
    pub(crate) fn add(&mut self, documents: u64, refused: u64) {
        self.now.documents += documents;
        self.now.refused += refused;
        if self.now.documents >= WINDOW {
            self.before = std::mem::take(&mut self.now);
        }
    }

    /// Whether there were enough documents to judge by.
    pub(crate) fn is_full(&self) -> bool {
        self.before.documents + self.now.documents >= WINDOW
    }

    /// Whether more than this part of them was refused.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(crate) fn exceeds(&self, share: f64) -> bool {
        let documents = self.before.documents + self.now.documents;
        let refused = self.before.refused + self.now.refused;
        documents > 0 && refused as f64 > share * documents as f64
    }

    /// Begins anew.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_documents_are_no_judgement_and_old_ones_are_forgotten() {
        let mut window = Window::default();
        window.add(WINDOW - 1, WINDOW - 1);
        assert!(window.exceeds(0.5) && !window.is_full());
        window.add(1, 0);
        assert!(window.is_full() && window.exceeds(0.5));
        window.add(WINDOW, 0);
        assert!(!window.exceeds(0.5) && window.is_full());
        window.add(WINDOW / 2, WINDOW / 2);
        assert!(!window.exceeds(0.5), "a third");
    }
}
