//! Cuts a piece of a file into lines, with exact offsets. Pure.
//!
//! A line that is longer than allowed comes in several pieces, each at its own offset: nothing is lost, and the cuts
//! depend on the line's beginning only, so that reading again gives the same pieces. Empty lines are passed over.

/// The longest line, in bytes without its end; a piece that long is cut off and the rest goes on as a line of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MaxLine(usize);

impl MaxLine {
    /// At least 1 byte, or no line would ever move on.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self(bytes.max(1))
    }

    /// The length in bytes.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

/// What happens to a last line without an end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rest {
    /// It may still be being written: leave it.
    Wait,
    /// Nothing more will come: it is a line.
    Flush,
}

/// A line, by its place in the bytes that were cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Piece {
    /// Where it begins.
    pub start: usize,
    /// Where its content ends: before `\n` or `\r\n`.
    pub end: usize,
    /// Where the next line begins.
    pub next: usize,
}

/// Cuts `bytes`, which begin at the start of a line (or of a line's further piece).
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    max: MaxLine,
    rest: Rest,
}

impl<'a> Lines<'a> {
    /// Nothing is done before the first call of `next`.
    #[must_use]
    pub fn new(bytes: &'a [u8], max: MaxLine, rest: Rest) -> Self {
        Self { bytes, at: 0, max, rest }
    }

    /// How many bytes are settled: returned as lines or passed over as empty ones.
    #[must_use]
    pub const fn consumed(&self) -> usize {
        self.at
    }

    /// The next piece, empty ones included; `None` when the rest has to wait.
    fn cut(&self) -> Option<Piece> {
        let start = self.at;
        let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        // Room for an end of two bytes: a line of exactly the longest length isn't cut.
        let window = rest.get(..self.max.get().saturating_add(2)).unwrap_or(rest);
        if let Some(newline) = window.iter().position(|byte| *byte == b'\n') {
            let content = window.get(..newline).unwrap_or_default();
            let content = content.strip_suffix(b"\r").unwrap_or(content);
            if content.len() <= self.max.get() {
                return Some(Piece { start, end: start + content.len(), next: start + newline + 1 });
            }
        }
        let cut = start + self.max.get();
        if window.len() == self.max.get().saturating_add(2) {
            return Some(Piece { start, end: cut, next: cut });
        }
        match self.rest {
            Rest::Wait => None,
            Rest::Flush => {
                let end = (start + rest.len()).min(cut);
                Some(Piece { start, end, next: end })
            }
        }
    }
}

impl Iterator for Lines<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        loop {
            let piece = self.cut()?;
            self.at = piece.next;
            if piece.end > piece.start {
                return Some(piece);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(bytes: &[u8], max: usize, rest: Rest) -> (Vec<(usize, String)>, usize) {
        let mut lines = Lines::new(bytes, MaxLine::new(max), rest);
        let text = |piece: Piece| {
            (piece.start, String::from_utf8_lossy(&bytes[piece.start..piece.end]).into_owned())
        };
        let found = lines.by_ref().map(text).collect();
        (found, lines.consumed())
    }

    fn owned(lines: &[(usize, &str)]) -> Vec<(usize, String)> {
        lines.iter().map(|(at, text)| (*at, (*text).to_owned())).collect()
    }

    #[test]
    fn lines_have_the_offsets_they_have_in_the_file() {
        let (lines, consumed) = cut(b"one\r\n\n\r\ntwo\nthr", 100, Rest::Wait);
        assert_eq!((lines, consumed), (owned(&[(0, "one"), (8, "two")]), 12));
        let (lines, consumed) = cut(b"one\ntwo", 100, Rest::Flush);
        assert_eq!((lines, consumed), (owned(&[(0, "one"), (4, "two")]), 7));
    }

    #[test]
    fn a_long_line_comes_in_pieces_and_none_of_it_is_lost() {
        assert_eq!(
            cut(b"abcdefgh\nx\n", 3, Rest::Wait).0,
            owned(&[(0, "abc"), (3, "def"), (6, "gh"), (9, "x")])
        );
        assert_eq!(cut(b"abc\r\nx\n", 3, Rest::Wait).0, owned(&[(0, "abc"), (5, "x")]));
        assert_eq!(cut(b"abc", 3, Rest::Wait), (vec![], 0), "its end may be on the way");
        assert_eq!(cut(b"abcdef", 3, Rest::Flush).0, owned(&[(0, "abc"), (3, "def")]));
    }

    fn file() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![4 => any::<u8>(), 2 => Just(b'\n'), 1 => Just(b'\r')], 0..200)
    }

    proptest! {
        /// Scenario: a file that is written in any portions while it is read.
        /// Guarantees: the same lines at the same offsets as when it is read at once.
        #[test]
        fn portions_make_no_difference(file in file(), max in 1_usize..20, cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(file.len() + 1)).collect();
            ends.push(file.len());
            ends.sort_unstable();
            let (mut offset, mut found) = (0, Vec::new());
            for (number, end) in ends.iter().enumerate() {
                let rest = if number + 1 == ends.len() { Rest::Flush } else { Rest::Wait };
                let (lines, consumed) = cut(&file[offset..*end], max, rest);
                found.extend(lines.into_iter().map(|(at, text)| (offset + at, text)));
                offset += consumed;
            }
            prop_assert_eq!(offset, file.len());
            prop_assert_eq!(found, cut(&file, max, Rest::Flush).0);
        }

        /// Scenario: any bytes. Guarantees: pieces are in order, within the limit, and all that lies between them is
        /// line ends.
        #[test]
        fn loses_nothing_but_line_ends(file in file(), max in 1_usize..20) {
            let mut at = 0;
            for piece in Lines::new(&file, MaxLine::new(max), Rest::Flush) {
                prop_assert!(piece.start >= at && piece.end - piece.start <= max);
                prop_assert!(file[at..piece.start].iter().all(|b| matches!(b, b'\r' | b'\n')));
                at = piece.end;
            }
            prop_assert!(file[at..].iter().all(|b| matches!(b, b'\r' | b'\n')));
        }
    }
}
