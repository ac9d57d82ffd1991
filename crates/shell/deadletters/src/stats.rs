//! Counting letters: by kind of failure, rule, tenant, hour.
//!
//! One pass, bounded memory: each count knows at most a thousand names, and the rest is summed up as `other`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::rfc3339;
use crate::marks::Mark;
use crate::scan::Entry;
use crate::view::state;
use crate::wording::kind;

/// The most names that a count has.
const MAX_NAMES: usize = 1000;

/// The name of what is left over.
const OTHER: &str = "other";

/// One hour, in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// What letters are counted by.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Error type and the reason's wording, without the values that differ from event to event.
    Reason,
    /// The error's stable name.
    ErrorType,
    /// The rule at work: the format's name while there are no rules.
    Rule,
    /// The tenant.
    Tenant,
    /// The stage that refused it.
    Stage,
    /// The hour in which it failed last, UTC.
    Hour,
    /// The topic of the record that failed.
    Source,
    /// The index that it was meant for.
    Target,
}

/// Letters that have something in common.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Group {
    /// What they have in common.
    pub name: String,
    /// How many.
    pub letters: u64,
    /// When the first of them failed, as RFC 3339.
    pub first_failed_at: String,
    /// When the last of them failed, as RFC 3339.
    pub last_failed_at: String,
    /// The place of one of them, `PARTITION:OFFSET`.
    pub example: String,
}

/// The counts. Only open letters are in the groups.
#[derive(Debug, Default)]
pub struct Stats {
    /// Letters by what became of them.
    pub states: BTreeMap<&'static str, u64>,
    /// Times of the first and the last failure of those that are open, in milliseconds since the Unix epoch.
    pub failed: Option<(i64, i64)>,
    /// Records of the topic that are no letters.
    pub malformed: u64,
    groups: BTreeMap<By, BTreeMap<String, Count>>,
}

#[derive(Clone, Debug)]
struct Count {
    letters: u64,
    failed: (i64, i64),
    example: String,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Reason,
        Self::ErrorType,
        Self::Rule,
        Self::Tenant,
        Self::Stage,
        Self::Hour,
        Self::Source,
        Self::Target,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reason => "reason",
            Self::ErrorType => "error-type",
            Self::Rule => "rule",
            Self::Tenant => "tenant",
            Self::Stage => "stage",
            Self::Hour => "hour",
            Self::Source => "source",
            Self::Target => "target",
        }
    }

    fn of(self, entry: &Entry) -> String {
        let letter = &entry.letter;
        match self {
            Self::Reason => kind(letter),
            Self::ErrorType => letter.error_type.clone(),
            Self::Rule => letter.rule.clone(),
            Self::Tenant => letter.tenant.clone(),
            Self::Stage => letter.stage.name().to_owned(),
            Self::Hour => hour(letter.last_failed_at),
            Self::Source => letter.source_topic.clone(),
            Self::Target => letter.target.clone(),
        }
    }
}

// === impl Stats ===

impl Stats {
    /// Counts a letter.
    pub fn add(&mut self, entry: &Entry, mark: Option<Mark>) {
        *self.states.entry(state(mark)).or_default() += 1;
        if mark.is_some() {
            return;
        }
        let at = entry.letter.last_failed_at;
        self.failed = Some(self.failed.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        for by in By::ALL {
            let groups = self.groups.entry(by).or_default();
            let name = by.of(entry);
            let name =
                if groups.len() < MAX_NAMES || groups.contains_key(&name) { name } else { OTHER.to_owned() };
            let new = || Count { letters: 0, failed: (at, at), example: entry.place().to_string() };
            let count = groups.entry(name).or_insert_with(new);
            count.letters += 1;
            count.failed = (count.failed.0.min(at), count.failed.1.max(at));
        }
    }

    /// How many letters are open.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.states.get(state(None)).copied().unwrap_or(0)
    }

    /// The groups, the largest first; hours in their order.
    #[must_use]
    pub fn groups(&self, by: By) -> Vec<Group> {
        let Some(groups) = self.groups.get(&by) else { return Vec::new() };
        let mut sorted: Vec<(&String, &Count)> = groups.iter().collect();
        if by != By::Hour {
            sorted.sort_by_key(|(_, count)| std::cmp::Reverse(count.letters));
        }
        sorted
            .into_iter()
            .map(|(name, count)| Group {
                name: name.clone(),
                letters: count.letters,
                first_failed_at: rfc3339(count.failed.0),
                last_failed_at: rfc3339(count.failed.1),
                example: count.example.clone(),
            })
            .collect()
    }
}

/// The hour that a time falls in, as RFC 3339.
fn hour(ms: i64) -> String {
    rfc3339(ms.div_euclid(HOUR_MS).saturating_mul(HOUR_MS))
}

#[cfg(test)]
mod tests {
    use forebay_kafka::StoredRecord;
    use forebay_record::DeadLetter;

    use super::*;
    use crate::LetterTopic;
    use crate::decide::tests::letter;

    fn entry(offset: i64, letter: DeadLetter) -> Entry {
        let (key, value, headers) = Default::default();
        let record = StoredRecord { partition: 0, offset, timestamp_ms: 0, key, value, headers };
        Entry { letter, topic: LetterTopic::DeadLetters, record }
    }

    /// Scenario: letters that differ only in what they quote, one of another tenant, one that is closed.
    /// Guarantees: one kind of failure, counted once for each open letter, with an example; the closed one is in its state.
    #[test]
    fn counts_what_is_open_by_what_it_has_in_common() {
        let mut stats = Stats::default();
        for n in 0..3 {
            let reason = format!("failed to parse field [n] in document with id 'e-{n}'");
            stats.add(&entry(n, DeadLetter { reason, last_failed_at: n * HOUR_MS, ..letter() }), None);
        }
        stats.add(&entry(3, DeadLetter { tenant: "globex".to_owned(), ..letter() }), None);
        stats.add(&entry(4, letter()), Some(Mark::Replayed));
        assert_eq!((stats.open(), stats.states["replayed"]), (4, 1));
        let reasons = stats.groups(By::Reason);
        assert_eq!((reasons.len(), reasons[0].letters, reasons[0].example.as_str()), (2, 3, "0:0"));
        assert_eq!(
            reasons[0].name,
            "document_parsing_exception: failed to parse field [n] in document with id '*'"
        );
        assert_eq!(reasons[0].last_failed_at, "1970-01-01T02:00:00Z");
        let tenants: Vec<(String, u64)> =
            stats.groups(By::Tenant).into_iter().map(|group| (group.name, group.letters)).collect();
        assert_eq!(tenants, [("acme".to_owned(), 3), ("globex".to_owned(), 1)]);
        let hours: Vec<String> = stats.groups(By::Hour).into_iter().map(|group| group.name).collect();
        assert_eq!(hours, ["1970-01-01T00:00:00Z", "1970-01-01T01:00:00Z", "1970-01-01T02:00:00Z"]);
    }

    #[test]
    fn names_are_bounded() {
        let mut stats = Stats::default();
        for n in 0..3000 {
            stats.add(&entry(n, DeadLetter { error_type: format!("type {n}"), ..letter() }), None);
        }
        let groups = stats.groups(By::ErrorType);
        assert_eq!((groups.len(), groups[0].name.as_str(), groups[0].letters), (MAX_NAMES + 1, OTHER, 2000));
    }
}
