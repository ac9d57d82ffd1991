//! The passes before the work: which letters are meant, and which of several stands for an event.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::Work;
use crate::DeadLettersError;
use crate::filter::Filter;
use crate::job::{Progress, count};
use crate::scan::{Entry, Letters};
use crate::siblings::{Census, Siblings, Superseded};
use crate::state::State;
use crate::view::state;

/// Of each partition, the offset after the last letter that a job deals with.
pub(super) type Ends = BTreeMap<i32, i64>;

impl<P: FnMut(Progress) -> ControlFlow<()>> Work<P> {
    /// The first pass. `None` when it was broken off.
    pub(super) fn census(&mut self, known: &State) -> Result<Option<(Siblings, Ends)>, DeadLettersError> {
        let mut letters = Letters::open(&self.settings.kafka, self.job.topic, Filter::default())?;
        let (mut census, mut ends) = (Census::default(), Ends::new());
        while let Some(entry) = letters.next_entry()? {
            self.read += 1;
            // The last pass reads it all again.
            if self.tell(letters.remaining() * 2 + letters.scanned()).is_break() {
                return Ok(None);
            }
            census.add(&entry.letter);
            let _before = ends.insert(entry.record.partition, entry.record.offset.saturating_add(1));
            if self.job.filter.matches(&entry.letter) {
                match entry.mark(&known.marks) {
                    None => self.report.matched += 1,
                    mark => count(&mut self.report.closed_before, state(mark), 1),
                }
            }
        }
        // They are nobody's: a job on one tenant's letters doesn't tell of them.
        self.report.malformed = if self.job.filter.tenant.is_some() { 0 } else { letters.malformed() };
        Ok(Some((census.finish(), ends)))
    }

    /// The second pass, spared when no event has several letters. `None` when it was broken off.
    pub(super) fn look_closely(
        &mut self,
        mut siblings: Siblings,
        known: &State,
        ends: &Ends,
    ) -> Result<Option<Superseded>, DeadLettersError> {
        if siblings.is_empty() {
            return Ok(Some(Superseded::default()));
        }
        let mut letters = Letters::open(&self.settings.kafka, self.job.topic, Filter::default())?;
        while let Some(entry) = letters.next_entry()? {
            self.read += 1;
            if self.tell(letters.remaining() * 2 + letters.scanned()).is_break() {
                return Ok(None);
            }
            if within(ends, &entry) {
                siblings.add(&entry.letter, entry.place(), entry.mark(&known.marks));
            }
        }
        Ok(Some(siblings.resolve()))
    }
}

/// Whether a letter was there when the job began.
pub(super) fn within(ends: &Ends, entry: &Entry) -> bool {
    ends.get(&entry.record.partition).is_some_and(|end| entry.record.offset < *end)
}
