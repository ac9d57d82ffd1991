//! A deck of cards: each is dealt once before any comes again.

use rand::Rng;
use rand::seq::SliceRandom;

/// Cards, and those of them that are left.
#[derive(Debug)]
pub(super) struct Deck<T> {
    cards: Vec<T>,
    left: Vec<T>,
}

// === impl Deck ===

impl<T: Copy> Deck<T> {
    pub(super) fn new(cards: Vec<T>) -> Self {
        Self { cards, left: Vec::new() }
    }

    /// The next card; none if the deck never had any.
    pub(super) fn deal(&mut self, random: &mut impl Rng) -> Option<T> {
        if self.left.is_empty() {
            self.left.clone_from(&self.cards);
            self.left.shuffle(random);
        }
        self.left.pop()
    }
}
