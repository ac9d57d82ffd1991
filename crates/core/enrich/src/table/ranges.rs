//! Ranges that lie within each other, and the narrowest one around a point.
//!
//! They are cut into pieces that don't overlap, sorted by their beginning; a look-up is a binary search.

/// No range is here.
const NONE: u32 = u32::MAX;

/// A point that has a next one.
pub(super) trait Point: Copy + Ord {
    /// The next point, if this isn't the last.
    fn next(self) -> Option<Self>;
}

macro_rules! points {
    ($($kind:ty)*) => {
        $(impl Point for $kind {
            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }
        })*
    };
}

points! { u32 u128 i64 }

/// A range, its ends included, and its row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range<P> {
    pub(super) first: P,
    pub(super) last: P,
    pub(super) row: u32,
}

/// The pieces.
#[derive(Debug, Default)]
pub(super) struct Ranges<P> {
    /// Where each piece begins, and the row of the narrowest range there.
    pieces: Vec<(P, u32)>,
}

/// Two rows that can't both be.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Clash {
    pub(super) row: u32,
    pub(super) before: u32,
}

impl<P: Point> Ranges<P> {
    /// Makes the pieces of ranges of which no two are equal.
    pub(super) fn new(mut ranges: Vec<Range<P>>) -> Result<Self, Clash> {
        ranges.sort_unstable_by(|a, b| a.first.cmp(&b.first).then(b.last.cmp(&a.last)));
        let mut made = Self { pieces: Vec::with_capacity(ranges.len() * 2) };
        let mut open: Vec<Range<P>> = Vec::new();
        for range in ranges {
            while let Some(ended) = open.pop_if(|around| around.last < range.first) {
                made.begin(ended.last.next(), open.last());
            }
            if let Some(around) = open.last()
                && range.last > around.last
            {
                return Err(Clash { row: range.row.max(around.row), before: range.row.min(around.row) });
            }
            made.begin(Some(range.first), Some(&range));
            open.push(range);
        }
        while let Some(ended) = open.pop() {
            made.begin(ended.last.next(), open.last());
        }
        made.pieces.shrink_to_fit();
        Ok(made)
    }

    /// The row of the narrowest range around a point.
    pub(super) fn find(&self, point: P) -> Option<u32> {
        let behind = self.pieces.partition_point(|(first, _)| *first <= point);
        let (_, row) = self.pieces.get(behind.checked_sub(1)?)?;
        (*row != NONE).then_some(*row)
    }

    pub(super) fn memory(&self) -> usize {
        self.pieces.capacity() * size_of::<(P, u32)>()
    }

    /// Begins a piece, in place of one that begins there already.
    fn begin(&mut self, first: Option<P>, around: Option<&Range<P>>) {
        let Some(first) = first else { return };
        let row = around.map_or(NONE, |range| range.row);
        match self.pieces.last_mut() {
            Some(piece) if piece.0 == first => piece.1 = row,
            _ => self.pieces.push((first, row)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ranges of which any two are apart or within each other: those of a binary tree.
    fn nested() -> impl Strategy<Value = Vec<Range<u32>>> {
        prop::collection::btree_set((0..8_u32, 0..256_u32), 0..40).prop_map(|networks| {
            let mut ranges: Vec<Range<u32>> = Vec::new();
            for (bits, start) in networks {
                let (first, last) = (start >> bits << bits, (start >> bits << bits) + (1 << bits) - 1);
                if !ranges.iter().any(|range| (range.first, range.last) == (first, last)) {
                    ranges.push(Range { first, last, row: u32::try_from(ranges.len()).unwrap() });
                }
            }
            ranges
        })
    }

    proptest! {
        /// Guarantees: the piece around a point is that of the narrowest range, as a look at all of them finds it.
        #[test]
        fn the_narrowest_range_is_found(ranges in nested()) {
            let made = Ranges::new(ranges.clone()).unwrap();
            for point in 0..260 {
                let around = ranges.iter().filter(|range| range.first <= point && point <= range.last);
                let narrowest = around.min_by_key(|range| range.last - range.first).map(|range| range.row);
                prop_assert_eq!(made.find(point), narrowest, "at {}", point);
            }
        }
    }

    #[test]
    fn ranges_that_cross_are_refused() {
        let range = |first, last, row| Range::<i64> { first, last, row };
        assert_eq!(
            Ranges::new(vec![range(1, 5, 0), range(4, 9, 1)]).unwrap_err(),
            Clash { row: 1, before: 0 }
        );
    }

    #[test]
    fn the_ends_of_the_numbers_are_points_too() {
        let all = Range { first: i64::MIN, last: i64::MAX, row: 0 };
        let made = Ranges::new(vec![all, Range { first: i64::MAX, last: i64::MAX, row: 1 }]).unwrap();
        assert_eq!((made.find(i64::MIN), made.find(0), made.find(i64::MAX)), (Some(0), Some(0), Some(1)));
    }
}
