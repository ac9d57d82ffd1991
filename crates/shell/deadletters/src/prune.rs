//! Making room: the beginning of each partition where every letter is closed, and the marks that nobody needs any more.
//!
//! Kafka deletes records only from the beginning of a partition. So a letter that is open holds up all that stand behind it,
//! until it is dealt with or retention takes it. Only what was read as closed is deleted: never beyond the last record that a
//! reader of committed records saw, since behind it letters may be on their way in.

use std::collections::BTreeMap;

use forebay_kafka::{Admin, KafkaError, ReadFrom, dead_letter};
use forebay_settings::sections::KafkaSettings;
use tokio::runtime::Handle;

use crate::DeadLettersError;
use crate::outlet::Outlet;
use crate::place::{LetterTopic, Place};
use crate::scan::open_reader;
use crate::state::State;

/// How many records of marks are emptied together.
const TOGETHER: usize = 500;

/// Deletes what can be deleted of the topic, if `letters` are to go too, and empties the marks of what is gone. Answers how
/// many records were deleted. Blocks.
pub(crate) fn prune(
    settings: &KafkaSettings,
    handle: &Handle,
    known: &State,
    topic: LetterTopic,
    letters: bool,
    outlet: &mut Outlet,
) -> Result<u64, DeadLettersError> {
    let admin = Admin::new(settings)?;
    let mut deleted = 0;
    if letters {
        let name = topic.name(&settings.topics);
        let cuts = cuts(settings, known, topic)?;
        let offsets: Vec<(i32, i64)> = cuts.iter().map(|(partition, (_, cut))| (*partition, *cut)).collect();
        handle.block_on(admin.delete_before(name, &offsets))?;
        deleted = cuts.values().map(|(start, cut)| u64::try_from(cut - start).unwrap_or(0)).sum();
    }
    let mut starts = BTreeMap::new();
    for topic in [LetterTopic::DeadLetters, LetterTopic::Parked] {
        let ranges = match handle.block_on(admin.offsets(topic.name(&settings.topics))) {
            Err(KafkaError::UnknownTopic { .. }) => Vec::new(),
            ranges => ranges?,
        };
        starts.extend(ranges.into_iter().map(|range| ((topic, range.partition), range.start)));
    }
    let gone: Vec<(String, Vec<u8>)> =
        known.obsolete(&starts).map(|extent| (extent.key.clone(), Vec::new())).collect();
    for some in gone.chunks(TOGETHER) {
        outlet.note(some)?;
    }
    Ok(deleted)
}

/// Of each partition that begins with closed letters: its first offset, and that of the first record that has to stay.
fn cuts(
    settings: &KafkaSettings,
    known: &State,
    topic: LetterTopic,
) -> Result<BTreeMap<i32, (i64, i64)>, KafkaError> {
    let mut cuts: BTreeMap<i32, Cut> = BTreeMap::new();
    let mut reader = open_reader(settings, topic.name(&settings.topics), ReadFrom::Beginning)?;
    while let Some(record) = reader.next_record()? {
        let place = Place { partition: record.partition, offset: record.offset };
        // What is no letter stays: nobody has said what it is.
        let closed = dead_letter::read(&record).is_ok()
            && known.marks.get(topic, place, record.timestamp_ms).is_some();
        cuts.entry(place.partition).or_insert_with(|| Cut::new(place.offset)).pass(place.offset, closed);
    }
    let useful = cuts.into_iter().filter(|(_, cut)| cut.end > cut.start);
    Ok(useful.map(|(partition, cut)| (partition, (cut.start, cut.end))).collect())
}

/// The closed beginning of a partition.
#[derive(Clone, Copy, Debug)]
struct Cut {
    start: i64,
    end: i64,
    held: bool,
}

impl Cut {
    const fn new(start: i64) -> Self {
        Self { start, end: start, held: false }
    }

    fn pass(&mut self, offset: i64, closed: bool) {
        self.held |= !closed;
        if !self.held {
            self.end = offset.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_cut_before_its_first_open_letter() {
        let cut = |closed: &[bool]| {
            let mut cut = Cut::new(7);
            (7..).zip(closed).for_each(|(offset, closed)| cut.pass(offset, *closed));
            (cut.start, cut.end)
        };
        assert_eq!(cut(&[true, true, false, true]), (7, 9));
        assert_eq!(cut(&[false, true]), (7, 7), "an open letter holds up all behind it");
        assert_eq!(cut(&[true, true]), (7, 9), "never beyond what was read");
    }
}
