//! What a correction would do to events: for the preview of a dry run.

use std::collections::BTreeMap;

use forebay_record::RawEvent;
use forebay_rules::{Edit, EditError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::place::Place;
use crate::scan::Entry;

/// How many events are shown.
const SHOWN: usize = 5;

/// What a correction does.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Edits {
    /// Events that it changes.
    pub changed: u64,
    /// Events that it leaves as they are.
    pub unchanged: u64,
    /// Kinds of its failures, each with the reason of the first one.
    pub failures: BTreeMap<String, String>,
    /// The first that it changes.
    pub shown: Vec<Edited>,
}

/// An event before and after.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Edited {
    /// The letter: `PARTITION:OFFSET`.
    pub letter: String,
    /// What a correction may change, as it was.
    pub before: Value,
    /// The same, changed.
    pub after: Value,
}

impl Edits {
    /// Notes what a correction makes of a letter's event.
    pub(crate) fn add(&mut self, entry: &Entry, edit: &Edit) {
        let Ok(event) = RawEvent::read(&entry.record.value) else { return };
        let after = match edit.apply(&event) {
            Ok(after) => after,
            Err(EditError { error_type, reason }) => {
                let _first_stays = self.failures.entry(error_type.to_owned()).or_insert(reason);
                return;
            }
        };
        let (before, after) = (view(&entry.record.value), view(&after));
        if before == after {
            self.unchanged += 1;
            return;
        }
        self.changed += 1;
        if self.shown.len() < SHOWN {
            let place = Place { partition: entry.record.partition, offset: entry.record.offset };
            self.shown.push(Edited { letter: place.to_string(), before, after });
        }
    }
}

fn view(value: &[u8]) -> Value {
    let event = RawEvent::read(value).unwrap_or_default();
    let attributes = event.attributes.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
    let body = String::from_utf8_lossy(event.body);
    let body = serde_json::from_str(&body).unwrap_or_else(|_| Value::from(body.into_owned()));
    json!({
        "body": body,
        "format": event.format,
        "source": event.source,
        "attributes": Value::Object(attributes.collect()),
    })
}
