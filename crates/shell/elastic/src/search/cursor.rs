//! Where a page ended: a time, and the documents of that time that were shown.

use std::collections::BTreeMap;

use forebay_store::{Cursor, Hit, SearchError};
use serde::{Deserialize, Serialize};

/// The most documents of one millisecond that can be paged through: what the servers take in one clause of a query.
const MAX_SHOWN: usize = 65_536;

/// A place in the order of hits.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Position {
    /// The time of the last hit, in milliseconds since the Unix epoch.
    pub(super) ms: i64,
    /// The ids of that time that were shown, by index.
    pub(super) shown: BTreeMap<String, Vec<String>>,
}

// === impl Position ===

impl Position {
    pub(super) fn read(cursor: &Cursor) -> Result<Self, SearchError> {
        serde_json::from_str(&cursor.0)
            .map_err(|_| SearchError::Query("the cursor is not one that this store gave".to_owned()))
    }

    pub(super) fn write(&self) -> Result<Cursor, serde_json::Error> {
        serde_json::to_string(self).map(Cursor)
    }

    /// The place behind `hits`, which began at `before`.
    pub(super) fn after(before: Option<Self>, hits: &[Hit]) -> Result<Option<Self>, SearchError> {
        let Some(last) = hits.last() else { return Ok(before) };
        let mut position = before
            .filter(|before| before.ms == last.timestamp_ms)
            .unwrap_or_else(|| Self { ms: last.timestamp_ms, shown: BTreeMap::new() });
        for hit in hits.iter().rev().take_while(|hit| hit.timestamp_ms == last.timestamp_ms) {
            position.shown.entry(hit.target.clone()).or_default().push(hit.id.clone());
        }
        if position.shown.values().map(Vec::len).sum::<usize>() > MAX_SHOWN {
            return Err(SearchError::Query(format!(
                "more than {MAX_SHOWN} documents have the same time, which is too many to page through: narrow the query"
            )));
        }
        Ok(Some(position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(ms: i64, id: &str) -> Hit {
        let document = serde_json::value::RawValue::from_string("{}".to_owned()).unwrap();
        Hit { id: id.to_owned(), target: "t".to_owned(), timestamp_ms: ms, document }
    }

    fn shown(position: &Position) -> Vec<&str> {
        position.shown.values().flatten().map(String::as_str).collect()
    }

    #[test]
    fn a_place_remembers_the_last_time_alone() {
        let first = Position::after(None, &[hit(1, "a"), hit(2, "b"), hit(2, "c")]).unwrap().unwrap();
        assert_eq!((first.ms, shown(&first)), (2, vec!["c", "b"]));
        let second = Position::after(Some(first.clone()), &[hit(2, "d")]).unwrap().unwrap();
        assert_eq!((second.ms, shown(&second)), (2, vec!["c", "b", "d"]));
        let third = Position::after(Some(second.clone()), &[hit(2, "e"), hit(3, "f")]).unwrap().unwrap();
        assert_eq!((third.ms, shown(&third)), (3, vec!["f"]));
        assert_eq!(Position::after(Some(third.clone()), &[]).unwrap(), Some(third));
        assert_eq!(Position::after(None, &[]).unwrap(), None);
        assert_eq!(Position::read(&second.write().unwrap()).unwrap(), second);
    }

    #[test]
    fn a_foreign_cursor_is_the_askers_error() {
        for text in ["", "7", "{}", "{\"ms\":\"x\"}"] {
            assert!(matches!(Position::read(&Cursor(text.to_owned())), Err(SearchError::Query(_))), "{text}");
        }
    }
}
