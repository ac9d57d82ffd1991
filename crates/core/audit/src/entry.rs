//! What is to be recorded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The longest actor and subject, in characters.
const MAX_NAME: usize = 256;

/// The longest value of a detail, in bytes as they stand in the record. With [`MAX_DETAILS`] of them a record stays below
/// [`MAX_RECORD`](crate::record::MAX_RECORD), whatever the values are.
const MAX_DETAIL: usize = 4_096;

/// The most details of a record: the largest of ours has some thirty.
pub(crate) const MAX_DETAILS: usize = 48;

/// The most names that are spelled out; the others are counted.
const MAX_NAMES: usize = 50;

/// What somebody did. Never with secrets, nor with what logs hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    pub(crate) actor: String,
    pub(crate) action: Action,
    pub(crate) state: State,
    pub(crate) subject: String,
    pub(crate) details: BTreeMap<String, String>,
}

/// What can be done to an installation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// A credential was added to an access file.
    TokenCreate,
    /// A credential was switched off in an access file.
    TokenRevoke,
    /// A process took an access file into force.
    AccessInForce,
    /// Dead letters were replayed.
    DlqReplay,
    /// Dead letters were parked.
    DlqPark,
    /// Dead letters were given up, or freed.
    DlqPurge,
    /// An index was deleted, since its time had come.
    TargetDelete,
    /// An index was closed, since its time had come.
    TargetClose,
    /// A process put a revision of the rules in force.
    RulesInForce,
    /// A process did not put a revision of the rules in force.
    RulesRejected,
    /// A process could not write so many records.
    AuditLost,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is about to be done.
    Planned,
    /// It is done.
    Done,
    /// It was tried, and not done, or in part.
    Failed,
}

// === impl Action ===

impl Action {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::TokenCreate,
        Self::TokenRevoke,
        Self::AccessInForce,
        Self::DlqReplay,
        Self::DlqPark,
        Self::DlqPurge,
        Self::TargetDelete,
        Self::TargetClose,
        Self::RulesInForce,
        Self::RulesRejected,
        Self::AuditLost,
    ];

    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TokenCreate => "token.create",
            Self::TokenRevoke => "token.revoke",
            Self::AccessInForce => "access.in_force",
            Self::DlqReplay => "dlq.replay",
            Self::DlqPark => "dlq.park",
            Self::DlqPurge => "dlq.purge",
            Self::TargetDelete => "target.delete",
            Self::TargetClose => "target.close",
            Self::RulesInForce => "rules.in_force",
            Self::RulesRejected => "rules.rejected",
            Self::AuditLost => "audit.lost",
        }
    }
}

// === impl State ===

impl State {
    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

// === impl Entry ===

impl Entry {
    /// `actor` did this to `subject`.
    #[must_use]
    pub fn new(actor: &str, action: Action, subject: &str) -> Self {
        let (actor, subject) = (clip(actor, MAX_NAME), clip(subject, MAX_NAME));
        Self { actor, action, state: State::Done, subject, details: BTreeMap::new() }
    }

    /// The same, this far.
    #[must_use]
    pub fn in_state(self, state: State) -> Self {
        Self { state, ..self }
    }

    /// Adds a detail, unless its value is empty, or there are as many as a record may have.
    #[must_use]
    pub fn detail(mut self, name: &str, value: &str) -> Self {
        let has_room = self.details.len() < MAX_DETAILS || self.details.contains_key(name);
        if !value.is_empty() && has_room {
            let _before = self.details.insert(name.to_owned(), clip_written(value, MAX_DETAIL));
        }
        self
    }

    /// Adds names as a detail, unless there is none: the first of them, and how many more there are.
    #[must_use]
    pub fn names<'a>(self, name: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names = names.into_iter();
        let mut text = names.by_ref().take(MAX_NAMES).collect::<Vec<_>>().join(", ");
        let more = names.count();
        if more > 0 {
            text = format!("{} and {more} more", clip_written(&text, MAX_DETAIL - 32));
        }
        self.detail(name, &text)
    }
}

/// At most so many characters of a text.
pub(crate) fn clip(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// At most so many bytes of a text, counted as JSON has them.
fn clip_written(text: &str, max: usize) -> String {
    let mut written = 0_usize;
    let fits = |c: &char| {
        written += width(*c);
        written <= max
    };
    let kept: String = text.chars().take_while(fits).collect();
    if kept.len() < text.len() { kept + "…" } else { kept }
}

/// How many bytes a character takes in JSON.
const fn width(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{Chain, Hash, Record};

    /// Scenario: a new access file with a thousand tenants more.
    /// Guarantees: the record stays small and says how many there were.
    #[test]
    fn many_names_are_counted() {
        let names: Vec<String> = (0..1_000).map(|n| format!("tenant-{n}")).collect();
        let entry =
            Entry::new("a", Action::AccessInForce, "b").names("added", names.iter().map(String::as_str));
        let text = &entry.details["added"];
        assert!(text.starts_with("tenant-0, ") && text.ends_with("tenant-49 and 950 more"), "{text}");
        assert!(Entry::new("a", Action::AccessInForce, "b").names("none", []).details.is_empty());
    }

    #[test]
    fn long_values_are_cut() {
        let entry = Entry::new(&"é".repeat(1_000), Action::TokenCreate, "b").detail("a", &"x".repeat(10_000));
        assert_eq!(entry.actor.chars().count(), MAX_NAME + 1);
        assert_eq!(entry.details["a"].chars().count(), MAX_DETAIL + 1);
    }

    /// Scenario: as many details as there may be and more, each as long as it can be, of what takes most bytes when it is written.
    /// Guarantees: what is written is a record that is read.
    #[test]
    fn the_largest_entry_is_a_record() {
        for text in ["\u{1}", "\"", "\\", "é", "🦀", "\u{2028}", "x"] {
            let long = text.repeat(10_000);
            let entry = Entry::new(&long, Action::DlqReplay, &long);
            let names = (0..MAX_DETAILS + 10).map(|n| format!("option.a-long-name-{n}"));
            let entry = names.fold(entry, |entry, name| entry.detail(&name, &long));
            let bytes = Chain::new("cli/1").record(&entry, Timestamp::UNIX_EPOCH, Some(Hash::of(b"")));
            let record = Record::read(&bytes).unwrap();
            assert_eq!(record.details.len(), MAX_DETAILS);
        }
    }
}
