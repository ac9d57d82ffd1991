//! A push in the making: streams, one after another, and the lines of each.

use forebay_record::raw::MAX_ATTRIBUTES;

use super::labels::{Label, LabelsError};
use crate::batch::{Batch, Facts, Limits};
use crate::rejections::Reason;
use crate::writer::{Overflow, Writer};

/// The most bytes of a line's labels and metadata together, names included: they travel with it.
const MAX_ATTRIBUTE_BYTES: usize = 8 * 1024;

#[derive(Debug)]
pub(super) struct Push {
    writer: Writer,
    /// The labels of the stream in hand, or why none of its lines is taken.
    labels: Result<Facts, Reason>,
    /// Whether the writer's group is that of the stream, and not one line's.
    is_shared: bool,
    line: usize,
    /// Bytes of attributes that single lines have.
    own: usize,
}

impl Push {
    /// An empty one, from a body of so many bytes.
    pub(super) fn new(limits: Limits, body: usize) -> Self {
        let writer = Writer::new(limits, body);
        Self { writer, labels: Ok(Facts::default()), is_shared: false, line: 0, own: 0 }
    }

    /// The lines from here on belong to this stream.
    pub(super) fn stream(&mut self, labels: Result<Vec<Label>, LabelsError>) {
        let checked = labels.map_err(|error| Reason::Malformed(error.to_string())).and_then(|labels| {
            check(&labels)?;
            Ok(Facts { attributes: labels, ..Facts::default() })
        });
        self.labels = checked;
        self.is_shared = false;
    }

    /// Takes a line.
    pub(super) fn entry(
        &mut self,
        observed_at: Result<u64, Reason>,
        text: &[u8],
        metadata: Vec<Label>,
    ) -> Result<(), Overflow> {
        self.line += 1;
        let observed_at = match (&self.labels, &observed_at) {
            (Ok(_), Ok(observed_at)) => *observed_at,
            (Err(reason), _) | (_, Err(reason)) => return self.writer.refuse(self.line, reason.clone()),
        };
        if let Err(reason) = self.facts(metadata)? {
            return self.writer.refuse(self.line, reason);
        }
        self.writer.event(self.line, observed_at, |out| {
            out.extend_from_slice(text);
            Ok(())
        })
    }

    pub(super) fn finish(self) -> Batch {
        self.writer.finish()
    }

    /// Tells the writer what the next line shares with others.
    fn facts(&mut self, metadata: Vec<Label>) -> Result<Result<(), Reason>, Overflow> {
        let Ok(labels) = &self.labels else { return Ok(Ok(())) };
        if metadata.is_empty() {
            if !self.is_shared {
                self.writer.group(labels.clone());
                self.is_shared = true;
            }
            return Ok(Ok(()));
        }
        if labels.attributes.len().saturating_add(metadata.len()) > MAX_ATTRIBUTES {
            return Ok(Err(too_many()));
        }
        // What says more of the line wins.
        let is_own = |name: &String| metadata.iter().any(|(own, _)| own == name);
        let shared = labels.attributes.iter().filter(|(name, _)| !is_own(name)).cloned();
        let facts =
            Facts { attributes: shared.chain(metadata.iter().cloned()).collect(), ..Facts::default() };
        if let Err(reason) = check(&facts.attributes) {
            return Ok(Err(reason));
        }
        let max = self.writer.limits().max_inflated;
        self.own += facts.attributes.capacity() * size_of::<Label>() + bytes(&facts.attributes);
        if self.own > max {
            return Err(Overflow::Bytes(max));
        }
        self.writer.group(facts);
        self.is_shared = false;
        Ok(Ok(()))
    }
}

/// What all readers of attributes rely on.
fn check(labels: &[Label]) -> Result<(), Reason> {
    if labels.len() > MAX_ATTRIBUTES {
        return Err(too_many());
    }
    let len = bytes(labels);
    if len > MAX_ATTRIBUTE_BYTES {
        let reason =
            format!("labels and metadata have {len} bytes; at most {MAX_ATTRIBUTE_BYTES} are allowed");
        return Err(Reason::Malformed(reason));
    }
    Ok(())
}

fn too_many() -> Reason {
    Reason::Malformed(format!("more than {MAX_ATTRIBUTES} labels and metadata"))
}

fn bytes(labels: &[Label]) -> usize {
    labels.iter().map(|(name, value)| name.len() + value.len()).sum()
}
