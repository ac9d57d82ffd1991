//! Records, decoded and divided into events.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::FirehoseError;
use crate::batch::{Batch, Facts, Limits};
use crate::json::{Validator, skip_space};
use crate::rejections::Reason;
use crate::split;
use crate::writer::Writer;

/// What became of a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Record {
    /// These of the batch's events, by their position there. An empty record has none.
    Taken(Range<usize>),
    /// Nothing of it, for this reason.
    Refused(String),
}

/// Records in the making.
#[derive(Debug)]
pub(super) struct Records {
    writer: Writer,
    validator: Validator,
    /// Decoded bytes; their memory serves every record.
    data: Vec<u8>,
    records: Vec<Record>,
    max: usize,
    line: usize,
}

impl Records {
    /// None yet, and at most `max`, from a body of so many bytes.
    pub(super) fn new(limits: Limits, body: usize, max: usize) -> Self {
        Self {
            writer: Writer::new(limits, body / 4 * 3),
            validator: Validator::new(limits.max_depth),
            data: Vec::new(),
            records: Vec::new(),
            max,
            line: 0,
        }
    }

    /// What they share.
    pub(super) fn facts(&mut self, facts: Facts) {
        self.writer.group(facts);
    }

    /// Takes a record, all of it or nothing.
    pub(super) fn take(&mut self, base64: &str) -> Result<(), FirehoseError> {
        if self.records.len() >= self.max {
            return Err(FirehoseError::TooMany(self.max));
        }
        self.data.clear();
        let first = self.writer.count() - self.writer.rejections().count();
        let record = match self.check(base64) {
            Ok(()) => {
                for span in pieces(&self.data, &mut self.validator) {
                    self.line += 1;
                    let piece = self.data.get(span).unwrap_or_default();
                    self.writer.event(self.line, 0, |out| {
                        out.extend_from_slice(piece);
                        Ok(())
                    })?;
                }
                let last = self.writer.count() - self.writer.rejections().count();
                Record::Taken(first..last)
            }
            Err(reason) => {
                let text = reason.to_string();
                self.line += 1;
                self.writer.refuse(self.line, reason)?;
                Record::Refused(text)
            }
        };
        self.records.push(record);
        Ok(())
    }

    /// Decodes a record, and looks for what would be refused of it later, when some of it is taken already.
    fn check(&mut self, base64: &str) -> Result<(), Reason> {
        STANDARD
            .decode_vec(base64, &mut self.data)
            .map_err(|error| Reason::Malformed(format!("the data of the record is not base64: {error}")))?;
        let max = self.writer.limits().max_event;
        let largest = pieces(&self.data, &mut self.validator).map(|span| span.len()).max();
        match largest {
            Some(len) if len > max => Err(Reason::TooLarge { len, max }),
            _ => Ok(()),
        }
    }

    pub(super) fn finish(self) -> (Batch, Vec<Record>) {
        (self.writer.finish(), self.records)
    }
}

/// The events of a record: its lines if they are JSON objects, else all of it but the line's end behind it.
fn pieces(data: &[u8], validator: &mut Validator) -> impl Iterator<Item = Range<usize>> {
    let is_lines = data.get(skip_space(data, 0)) == Some(&b'{')
        && split::lines(data, 0)
            .next()
            .is_some_and(|line| validator.document(data.get(line.span).unwrap_or_default()).is_ok());
    let end = match data {
        [.., b'\r', b'\n'] => data.len() - 2,
        [.., b'\n'] => data.len() - 1,
        _ => data.len(),
    };
    let lines = is_lines.then(|| split::lines(data, 0).map(|line| line.span));
    let whole = (!is_lines && end > 0).then_some(0..end);
    lines.into_iter().flatten().chain(whole)
}
