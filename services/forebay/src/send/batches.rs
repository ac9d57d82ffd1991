//! Cuts an input into batches of whole lines.

use std::io::{self, BufRead, Read};

use bytes::Bytes;

/// The longest line that is read; far above what ingest accepts, so that its refusal, not ours, is the rule.
const MAX_LINE: u64 = 64 * 1024 * 1024;

/// How large a batch may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Limits {
    /// The most lines.
    pub(crate) lines: usize,
    /// A batch is full once it holds this many bytes; the last line may go beyond.
    pub(crate) bytes: usize,
}

/// Whole lines, as they stand in the input.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Batch {
    /// The lines with their ends.
    pub(crate) body: Bytes,
    /// Where the batch begins in the input, in bytes.
    pub(crate) offset: u64,
    /// The number of its first line in the input, from 1.
    pub(crate) first_line: u64,
    /// How many lines it has, empty ones included.
    pub(crate) lines: u64,
}

/// The batches of an input.
#[derive(Debug)]
pub(crate) struct Batches<R> {
    input: io::BufReader<R>,
    limits: Limits,
    /// Whether a batch ends when the input makes us wait: for pipes, whose lines should not lie around.
    live: bool,
    offset: u64,
    line: u64,
}

impl<R: Read> Batches<R> {
    pub(crate) fn new(input: R, limits: Limits, live: bool) -> Self {
        Self { input: io::BufReader::with_capacity(256 * 1024, input), limits, live, offset: 0, line: 1 }
    }

    fn read(&mut self) -> io::Result<Option<Batch>> {
        let (offset, first_line) = (self.offset, self.line);
        let mut body = Vec::new();
        while body.len() < self.limits.bytes && self.line - first_line < self.limits.lines as u64 {
            let read = (&mut self.input).take(MAX_LINE).read_until(b'\n', &mut body)?;
            if read == 0 {
                break;
            }
            self.offset += read as u64;
            if read as u64 == MAX_LINE && !body.ends_with(b"\n") {
                let reason = format!("line {} is longer than {MAX_LINE} bytes", self.line);
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            self.line += 1;
            if self.live && self.input.buffer().is_empty() {
                break;
            }
        }
        let lines = self.line - first_line;
        Ok((lines > 0).then(|| Batch { body: body.into(), offset, first_line, lines }))
    }
}

impl<R: Read> Iterator for Batches<R> {
    type Item = io::Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(input: &[u8], lines: usize, bytes: usize) -> Vec<(u64, u64, u64, String)> {
        Batches::new(input, Limits { lines, bytes }, false)
            .map(Result::unwrap)
            .map(|b| (b.offset, b.first_line, b.lines, String::from_utf8_lossy(&b.body).into_owned()))
            .collect()
    }

    fn batch(offset: u64, first_line: u64, lines: u64, body: &str) -> (u64, u64, u64, String) {
        (offset, first_line, lines, body.to_owned())
    }

    #[test]
    fn batches_are_whole_lines_within_limits() {
        let input = b"one\ntwo\n\nfour\nfive";
        assert_eq!(
            cut(input, 2, 1000),
            [batch(0, 1, 2, "one\ntwo\n"), batch(8, 3, 2, "\nfour\n"), batch(14, 5, 1, "five")]
        );
        assert_eq!(cut(input, 100, 5)[..2], [batch(0, 1, 2, "one\ntwo\n"), batch(8, 3, 2, "\nfour\n")]);
        assert!(cut(b"", 2, 10).is_empty());
    }

    /// Scenario: a pipe gives lines in portions. Guarantees: each portion is a batch, however small.
    #[test]
    fn a_live_input_is_not_waited_for() {
        let input = (&b"one\ntwo\n"[..]).chain(&b"three\n"[..]);
        let batches: Vec<u64> = Batches::new(input, Limits { lines: 100, bytes: 1000 }, true)
            .map(|batch| batch.unwrap().lines)
            .collect();
        assert_eq!(batches, [2, 1]);
    }
}
