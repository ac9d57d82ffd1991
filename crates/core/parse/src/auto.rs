//! Finding out the format of an event whose sender named none.
//!
//! The first bytes rule out most formats, so that guessing is cheap and each line is judged by itself: a stream may mix
//! formats. What a stream sent last is tried first, which settles lines that could be two things. The memory is a table
//! of fixed size in which streams overwrite each other; forgetting costs a few comparisons, never correctness.

use std::sync::LazyLock;

use crate::Format;
use crate::format::READERS;
use crate::formats::Guess;
use crate::hash;

/// How many streams are remembered.
const STREAMS: usize = 1024;

/// For each first byte, a bit for each format of the table that may begin with it.
static FIRST: LazyLock<[u128; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        let may = |(_, guess): &(usize, Guess)| u8::try_from(byte).is_ok_and(|byte| (guess.first)(byte));
        let guesses = READERS.iter().map(|(_, reader)| reader.guess).enumerate();
        let guesses = guesses.filter_map(|(at, guess)| Some((at, guess?)));
        guesses.filter(may).fold(0, |bits, (at, _)| bits | 1 << at)
    })
});

/// Which format each stream sent last.
#[derive(Debug)]
pub(crate) struct Memory(Vec<(u32, Format)>);

// === impl Memory ===

impl Default for Memory {
    fn default() -> Self {
        Self(vec![(0, Format::Auto); STREAMS])
    }
}

impl Memory {
    /// What the stream sent last; `Auto` when that isn't known.
    pub(crate) fn recall(&self, stream: &str) -> Format {
        let hash = hash::short(0, stream.as_bytes());
        match self.0.get(hash as usize % STREAMS) {
            Some((known, format)) if *known == hash => *format,
            _ => Format::Auto,
        }
    }

    /// Remembers what the stream sent.
    pub(crate) fn learn(&mut self, stream: &str, format: Format) {
        let hash = hash::short(0, stream.as_bytes());
        if let Some(slot) = self.0.get_mut(hash as usize % STREAMS) {
            *slot = (hash, format);
        }
    }
}

/// The formats that a line may be in by its first bytes, in the order of the table. JSON isn't among them: what begins
/// like it and is in none of these is tried as JSON last.
pub(crate) fn candidates(line: &str) -> impl Iterator<Item = Format> {
    let mut left = line.as_bytes().first().map_or(0, |byte| FIRST[usize::from(*byte)]);
    std::iter::from_fn(move || {
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            left &= left - 1;
            let (format, reader) = READERS.get(at)?;
            if reader.guess.is_some_and(|guess| (guess.looks_like)(line)) {
                return Some(*format);
            }
        }
        None
    })
}

/// Whether a line may be a JSON object.
pub(crate) fn begins_like_json(line: &str) -> bool {
    line.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_streams_in_bounded_memory() {
        let mut memory = Memory::default();
        for stream in 0..10_000 {
            memory.learn(&format!("host/{stream}"), Format::Combined);
        }
        assert_eq!(memory.0.len(), STREAMS);
        assert_eq!(memory.recall("host/9999"), Format::Combined);
        assert_eq!(memory.recall("another"), Format::Auto);
    }
}
