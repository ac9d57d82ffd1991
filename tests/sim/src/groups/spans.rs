//! A set of offsets, kept as intervals.

use std::collections::BTreeMap;

/// Offsets, as intervals that neither overlap nor touch: the first of each, and the first behind it.
#[derive(Debug, Default)]
pub(super) struct Spans {
    spans: BTreeMap<i64, i64>,
}

// === impl Spans ===

impl Spans {
    /// Puts the offsets from `from` up to, but without, `to` in. Answers how many of them were in it before.
    pub(super) fn insert(&mut self, from: i64, to: i64) -> i64 {
        if to <= from {
            return 0;
        }
        let (mut low, mut high, mut known) = (from, to, 0);
        while let Some((&start, &end)) = self.spans.range(..=to).next_back() {
            if end < from {
                break;
            }
            known += end.min(to) - start.max(from);
            (low, high) = (low.min(start), high.max(end));
            let _joined = self.spans.remove(&start);
        }
        let _before = self.spans.insert(low, high);
        known
    }

    /// The first offset that isn't in it.
    pub(super) fn first_missing(&self) -> i64 {
        self.spans.first_key_value().filter(|(from, _)| **from == 0).map_or(0, |(_, to)| *to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    /// Scenario: random intervals, beside a plain list of which offsets are in. Guarantees: both say the same.
    #[test]
    fn counts_as_a_list_of_offsets_does() {
        let mut rng = Rng::new(7);
        for _ in 0..200 {
            let (mut spans, mut list) = (Spans::default(), [false; 40]);
            for _ in 0..12 {
                let from = rng.size(0, 39);
                let to = rng.size(from, 40);
                let known = list[from..to].iter().filter(|known| **known).count();
                list[from..to].fill(true);
                assert_eq!(spans.insert(from as i64, to as i64), known as i64);
                let missing = list.iter().position(|known| !known).unwrap_or(40);
                assert_eq!(spans.first_missing(), missing as i64);
            }
        }
    }
}
