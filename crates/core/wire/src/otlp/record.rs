//! What both encodings have in common: records behind which their resource and scope are copied, and their ids.

use forebay_record::id;

use crate::batch::{Batch, Facts, Limits};
use crate::json::{Fault, JsonError};
use crate::rejections::Reason;
use crate::writer::{Overflow, Writer};

use super::FORMAT;

/// The attribute that holds a record's id.
pub(super) const UID: &str = "log.record.uid";

/// How deep values may nest where something is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depth {
    left: usize,
    max: usize,
}

/// Resources, scopes and records on their way into a batch.
#[derive(Debug)]
pub(super) struct Records {
    writer: Writer,
    /// `"resource":{...}` and `"scope":{...}`, or why there is none.
    resource: Result<Vec<u8>, Reason>,
    scope: Result<Vec<u8>, Reason>,
    /// The ids that records bring along, as in [`Batch::given_ids`].
    given: Vec<String>,
    line: usize,
}

// === impl Depth ===

impl Depth {
    /// What is inside of `open` containers.
    pub(super) const fn inside(limits: Limits, open: usize) -> Self {
        // Reading recurses: however large a limit is set, the stack has one.
        let max = if limits.max_depth < 128 { limits.max_depth } else { 128 };
        Self { left: max.saturating_sub(open), max }
    }

    /// One container deeper. `at` is where, in what is written.
    pub(super) fn enter(self, at: usize) -> Result<Self, Reason> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left, ..self }),
            None => Err(JsonError { at, fault: Fault::Depth(self.max) }.into()),
        }
    }
}

// === impl Records ===

impl Records {
    pub(super) fn new(limits: Limits, bytes: usize) -> Self {
        let mut writer = Writer::new(limits, bytes);
        writer.group(Facts::of_format(FORMAT));
        let (resource, scope) = (Ok(Vec::new()), Ok(Vec::new()));
        Self { writer, resource, scope, given: Vec::new(), line: 0 }
    }

    pub(super) const fn limits(&self) -> Limits {
        self.writer.limits()
    }

    /// Records from here on are of the resource that is written so. If it can't be, all of them are refused.
    pub(super) fn resource(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), Reason>) {
        reuse(&mut self.resource, write);
    }

    /// The same for their scope.
    pub(super) fn scope(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), Reason>) {
        reuse(&mut self.scope, write);
    }

    /// Adds a record. `write` leaves an object without its closing brace.
    pub(super) fn record(
        &mut self,
        size: usize,
        observed_at: u64,
        uid: Option<&str>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), Reason>,
    ) -> Result<(), Overflow> {
        self.line += 1;
        let max = self.limits().max_event;
        let (resource, scope) = match (&self.resource, &self.scope) {
            (Ok(resource), Ok(scope)) => (resource, scope),
            (Err(reason), _) | (_, Err(reason)) => return self.writer.refuse(self.line, reason.clone()),
        };
        let shared = resource.len() + scope.len();
        // Before anything is written: a large resource costs its bytes once, not once for each of many refused records.
        if size.saturating_add(shared) > max {
            let reason = Reason::TooLarge { len: size.saturating_add(shared), max };
            return self.writer.refuse(self.line, reason);
        }
        let refused = self.writer.rejections().count();
        self.writer.event(self.line, observed_at, |out| {
            let start = out.len();
            write(out)?;
            let len = out.len() - start + shared + 1;
            if len > max {
                return Err(Reason::TooLarge { len, max });
            }
            for part in [resource, scope] {
                if !part.is_empty() {
                    if out.last() != Some(&b'{') {
                        out.push(b',');
                    }
                    out.extend_from_slice(part);
                }
            }
            out.push(b'}');
            Ok(())
        })?;
        if self.writer.rejections().count() == refused && (uid.is_some() || !self.given.is_empty()) {
            let events = self.writer.count() - refused;
            self.given.resize(events - 1, String::new());
            self.given.push(uid.unwrap_or_default().to_owned());
        }
        Ok(())
    }

    /// Refuses a record.
    pub(super) fn refuse(&mut self, reason: Reason) -> Result<(), Overflow> {
        self.line += 1;
        self.writer.refuse(self.line, reason)
    }

    pub(super) fn finish(self) -> Batch {
        Batch { given_ids: self.given, ..self.writer.finish() }
    }
}

/// Whether this may be a record's id here. Any other is an attribute like all others.
pub(super) fn is_uid(text: &str) -> bool {
    id::validate_given(text).is_ok()
}

/// Writes a part anew, in the memory of the one before.
fn reuse(part: &mut Result<Vec<u8>, Reason>, write: impl FnOnce(&mut Vec<u8>) -> Result<(), Reason>) {
    let mut bytes = std::mem::replace(part, Ok(Vec::new())).unwrap_or_default();
    bytes.clear();
    *part = write(&mut bytes).map(|()| bytes);
}
