//! Finding out the format of an event whose sender named none.
//!
//! The first bytes rule out most formats, so that guessing is cheap and each line is judged by itself: a stream may mix
//! formats. What a stream sent last is tried first, which settles lines that could be two things. The memory is a table
//! of fixed size in which streams overwrite each other; forgetting costs a few comparisons, never correctness.

use crate::Format;
use crate::hash;

/// How many streams are remembered.
const STREAMS: usize = 1024;

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

/// Formats that a line may be in by its first bytes, the likelier first. `Common` stands for both access logs.
pub(crate) fn candidates(line: &str) -> &'static [Format] {
    let bytes = line.as_bytes();
    match bytes.first() {
        Some(b'{' | b' ' | b'\t' | b'\n' | b'\r') => &[Format::Json],
        Some(b'<') => &[Format::Syslog],
        Some(b'[') => &[Format::Error],
        Some(b'0'..=b'9') => match bytes.get(4) {
            Some(b'/') => &[Format::Error, Format::Common],
            Some(b'-') => &[Format::Syslog, Format::Common],
            _ => &[Format::Common],
        },
        // The name of a month or a weekday, or a host.
        Some(b'A'..=b'Z') => &[Format::Syslog, Format::Common],
        _ => &[Format::Common],
    }
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
