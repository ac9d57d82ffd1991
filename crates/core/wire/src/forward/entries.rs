//! Entries, one by one: when something was, and its record.

use bytes::Bytes;

use crate::msgpack::{Head, MsgpackError, Reader, Transcriber, time};
use crate::rejections::Reason;
use crate::writer::{Overflow, Writer};

/// Entries that are being written.
#[derive(Debug)]
pub(super) struct Entries {
    pub bytes: Bytes,
    /// Where the next one begins.
    pub at: usize,
    pub left: usize,
    /// Whether it is one event whose time and record have no array around them.
    pub is_bare: bool,
}

impl Entries {
    /// Counts the entries of a packed message, all of which have to be whole: were a broken one found only after others had
    /// been shipped, each further try of the sender would ship those again.
    pub(super) fn packed(bytes: Bytes) -> Result<Self, MsgpackError> {
        let mut reader = Reader::new(&bytes);
        let mut left = 0;
        while !reader.is_empty() {
            reader.skip()?;
            left += 1;
        }
        Ok(Self { bytes, at: 0, left, is_bare: false })
    }

    /// Writes the next one, which is the `line`th of its portion.
    pub(super) fn write_next(
        &mut self,
        line: usize,
        transcriber: &mut Transcriber,
        writer: &mut Writer,
    ) -> Result<(), Overflow> {
        self.left = self.left.saturating_sub(1);
        let start = self.at;
        let mut reader = Reader::new_at(&self.bytes, start);
        let head = head(&mut reader, self.is_bare);
        let mut end = None;
        let written = match head {
            Ok(observed_at) => writer.event(line, observed_at, |out| {
                let at = reader.at();
                let _entries = reader.map().map_err(|_| Reason::NotAnObject)?;
                end = Some(transcriber.value(&self.bytes, at, out)?);
                Ok(())
            }),
            Err(reason) => writer.refuse(line, reason),
        };
        self.at = end.unwrap_or_else(|| self.end_of(start));
        written
    }

    /// Where an entry ends that could not be written.
    fn end_of(&self, start: usize) -> usize {
        let mut reader = Reader::new_at(&self.bytes, start);
        let values = if self.is_bare { 2 } else { 1 };
        // The walk over the message found it whole.
        let _whole = (0..values).try_for_each(|_| reader.skip());
        reader.at()
    }
}

/// Reads up to the record, and says when it was, in nanoseconds since the Unix epoch; 0 for what is none, or before.
fn head(reader: &mut Reader<'_>, is_bare: bool) -> Result<u64, Reason> {
    if !is_bare && reader.array()? != 2 {
        return Err(Reason::Malformed("an entry is an array of a time and a record".to_owned()));
    }
    match reader.head()? {
        // Fluent Bit 2: the time and a map of metadata.
        Head::Array(len @ 1..) => {
            let observed_at = nanoseconds(reader.head()?)?;
            for _ in 1..len {
                reader.skip()?;
            }
            Ok(observed_at)
        }
        head => nanoseconds(head),
    }
}

fn nanoseconds(head: Head<'_>) -> Result<u64, Reason> {
    const SECOND: u64 = 1_000_000_000;
    let none = || Reason::Malformed("the time of an entry is neither a number nor an EventTime".to_owned());
    Ok(match head {
        Head::Uint(seconds) => seconds.checked_mul(SECOND).unwrap_or(0),
        Head::Int(seconds) => u64::try_from(seconds).ok().and_then(|it| it.checked_mul(SECOND)).unwrap_or(0),
        Head::Float(seconds) => fraction(seconds),
        Head::Float32(seconds) => fraction(seconds.into()),
        Head::Ext(kind, data) => u64::try_from(time(kind, data).ok_or_else(none)?).unwrap_or(0),
        _ => return Err(none()),
    })
}

/// A number of seconds is exact to about 200 ns in our century.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded before")]
fn fraction(seconds: f64) -> u64 {
    if (0.0..1.8e10).contains(&seconds) { (seconds * 1e9) as u64 } else { 0 }
}
