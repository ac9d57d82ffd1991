//! What stands in the topic: a JSON object for each record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::entry::{MAX_DETAILS, State};
use crate::hash::Hash;

/// The version of what is written.
pub(crate) const VERSION: u32 = 1;

/// The largest record that is read, in bytes: no entry makes a larger one.
pub const MAX_RECORD: usize = 256 * 1024;

/// The longest name of a writer, in bytes.
const MAX_WRITER: usize = 256;

/// A record as it stands in the topic.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Record {
    /// The version of this form.
    pub version: u32,
    /// Who wrote it: the kind of process, and what stands for this one of them.
    pub writer: String,
    /// The number of the writer's record, from 0.
    pub sequence: u64,
    /// When it was written, as RFC 3339, by the writer's clock.
    pub time: String,
    /// Who did it: `credential:NAME` who showed a token, else `os:USER@HOST`, as the system says; `service:NAME@HOST`.
    pub actor: String,
    /// What was done, by the name of an [`Action`](crate::Action), or what a newer Forebay does.
    pub action: String,
    /// How far it is.
    pub state: State,
    /// To what: a credential, a file, a topic.
    pub subject: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
    /// The last record that the writer knows of in the topic, unless that is the one before of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Hash>,
    /// The writer's record before this one.
    pub previous: Hash,
}

/// Bytes that are no record.
#[derive(Debug, Error)]
pub enum ReadError {
    /// Nobody of ours writes that much.
    #[error("it has {0} bytes, a record has at most {MAX_RECORD}")]
    TooLarge(usize),
    /// It isn't JSON, or lacks what every record has.
    #[error("it is no record: {0}")]
    Json(#[from] serde_json::Error),
    /// Another version.
    #[error("it is of version {0}, this Forebay reads version {VERSION}: use the newer one")]
    Version(u32),
    /// Nobody of ours writes that many details.
    #[error("it has {0} details, a record has at most {MAX_DETAILS}")]
    Details(usize),
    /// A time that is none.
    #[error("its time is none")]
    Time,
    /// The writer's name can't be that of one.
    #[error("the name of its writer is empty, or has more than {MAX_WRITER} bytes")]
    Writer,
}

/// What is looked at first: later versions may have other fields.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

// === impl Record ===

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// When the bytes are none of this version.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        if bytes.len() > MAX_RECORD {
            return Err(ReadError::TooLarge(bytes.len()));
        }
        let Versioned { version } = serde_json::from_slice(bytes)?;
        if version != VERSION {
            return Err(ReadError::Version(version));
        }
        let record: Self = serde_json::from_slice(bytes)?;
        if record.writer.is_empty() || record.writer.len() > MAX_WRITER {
            return Err(ReadError::Writer);
        }
        if record.details.len() > MAX_DETAILS {
            return Err(ReadError::Details(record.details.len()));
        }
        if record.moment().is_none() {
            return Err(ReadError::Time);
        }
        Ok(record)
    }

    /// When it was written.
    #[must_use]
    pub fn moment(&self) -> Option<Timestamp> {
        self.time.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Action, Chain, Entry};

    fn written() -> Vec<u8> {
        let entry = Entry::new("os:ann@ops-1", Action::TokenCreate, "web-1").detail("tenant", "acme");
        Chain::new("cli/1").record(&entry, Timestamp::UNIX_EPOCH, None)
    }

    #[test]
    fn a_record_reads_as_it_was_written() {
        let record = Record::read(&written()).unwrap();
        let what = (&*record.writer, record.sequence, &*record.time, &*record.actor, &*record.action);
        assert_eq!(what, ("cli/1", 0, "1970-01-01T00:00:00Z", "os:ann@ops-1", "token.create"));
        assert_eq!((&*record.subject, &*record.details["tenant"]), ("web-1", "acme"));
        assert_eq!((record.state, record.seen, record.previous), (State::Done, None, Hash::genesis()));
    }

    #[test]
    fn what_is_no_record_is_told_why() {
        let text = String::from_utf8(written()).unwrap();
        let why = |text: &str| Record::read(text.as_bytes()).unwrap_err().to_string();
        assert!(why("").contains("no record") && why("{}").contains("version"), "{}", why("{}"));
        assert!(why(&text.replace("\"version\":1", "\"version\":2")).contains("version 2"));
        assert!(why(&text.replace("1970-01-01T", "1970-13-01T")).contains("time"));
        assert!(why(&text.replace("cli/1", "")).contains("writer"));
        assert!(why(&text.replace("cli/1", &"x".repeat(257))).contains("writer"));
        assert!(why(&" ".repeat(MAX_RECORD + 1)).contains("at most"));
        let many: Vec<String> = (0..=MAX_DETAILS).map(|n| format!("\"{n}\":\"\"")).collect();
        assert!(why(&text.replace("\"tenant\":\"acme\"", &many.join(","))).contains("49 details"));
    }

    proptest! {
        /// Guarantees: no bytes break the reader.
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0_usize..200) {
            let _outcome = Record::read(&bytes);
            let mut damaged = written();
            let at = at.min(damaged.len());
            damaged.splice(at..at, bytes);
            let _outcome = Record::read(&damaged);
        }
    }
}
