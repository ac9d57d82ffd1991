//! `POST /_bulk`: the body's pairs of lines carried out, or merely counted.

use std::collections::btree_map::Entry;

use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::fault::{Item, ItemFault, error};
use super::state::{Documents, State, add};

/// The first line of a pair.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Create(Target),
    Index(Target),
}

#[derive(Deserialize)]
struct Target {
    #[serde(rename = "_index")]
    index: Option<String>,
    #[serde(rename = "_id")]
    id: Option<String>,
}

/// Carries a bulk request out; the status and the body of the answer.
pub(super) fn execute(state: &State, default_index: Option<&str>, body: &Bytes) -> (u16, Value) {
    if body.is_empty() {
        return (400, error(400, "parse_exception", "request body is required"));
    }
    if !body.ends_with(b"\n") {
        let reason = "The bulk request must be terminated by a newline [\\n]";
        return (400, error(400, "illegal_argument_exception", reason));
    }
    let mut answers = Vec::new();
    let mut lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        let (Ok(action), Some(document)) = (serde_json::from_slice::<Action>(line), lines.next()) else {
            let reason = format!("Malformed action/metadata line [{}]", answers.len() * 2 + 1);
            return (400, error(400, "illegal_argument_exception", &reason));
        };
        let (verb, target) = match action {
            Action::Create(target) => ("create", target),
            Action::Index(target) => ("index", target),
        };
        let Some(index) = target.index.as_deref().or(default_index) else {
            let reason = "Validation Failed: 1: index is missing;";
            return (400, error(400, "action_request_validation_exception", reason));
        };
        let id = target.id.unwrap_or_else(|| format!("generated-{}", answers.len()));
        let document = body.slice_ref(document);
        answers.push((verb, one(state, verb, &Item { index, id: &id, document: &document }, &document)));
    }
    add(&state.tally.items, answers.len());
    let has_errors = answers.iter().any(|(_, answer)| answer.get("error").is_some());
    let items: Vec<Value> = answers.into_iter().map(|(verb, answer)| json!({verb: answer})).collect();
    (200, json!({"errors": has_errors, "took": 1, "items": items}))
}

/// Carries one item out.
fn one(state: &State, verb: &str, item: &Item<'_>, document: &Bytes) -> Map<String, Value> {
    let fault = state.faults().of_item(item);
    let (status, error) = match &fault {
        Some(fault) => fault.answer(item),
        None if serde_json::from_slice::<std::collections::BTreeMap<&str, IgnoredAny>>(document).is_err() => {
            let reason = format!("[1:2] failed to parse: document with id '{}'", item.id);
            (400, Some(json!({"type": "document_parsing_exception", "reason": reason})))
        }
        None => write(&mut state.documents(), verb, item, document),
    };
    let counter = match status {
        201 => &state.tally.created,
        409 => &state.tally.conflicts,
        _ => &state.tally.refused,
    };
    add(counter, 1);
    let mut answer = Map::new();
    let mut set = |name: &str, value: Value| drop(answer.insert(name.to_owned(), value));
    set("_index", item.index.into());
    set("_id", item.id.into());
    set("status", status.into());
    match error {
        Some(error) => set("error", error),
        None => set("result", if status == 201 { "created" } else { "updated" }.into()),
    }
    if fault == Some(ItemFault::FailureStore) {
        set("failure_store", "used".into());
    }
    answer
}

fn write(documents: &mut Documents, verb: &str, item: &Item<'_>, document: &Bytes) -> (u16, Option<Value>) {
    match documents.entry(item.index.to_owned()).or_default().entry(item.id.to_owned()) {
        Entry::Vacant(place) => {
            let _written = place.insert(document.clone());
            (201, None)
        }
        Entry::Occupied(_) if verb == "create" => {
            let reason =
                format!("[{}]: version conflict, document already exists (current version [1])", item.id);
            let error = json!({
                "type": "version_conflict_engine_exception", "reason": reason,
                "index_uuid": "EcU0VnmSR9WMfbd_VRagKw", "shard": "0", "index": item.index
            });
            (409, Some(error))
        }
        Entry::Occupied(mut place) => {
            let _before = place.insert(document.clone());
            (200, None)
        }
    }
}

/// Counts the items and says that all were created, in the form that `filter_path` leaves of it.
pub(super) fn count_only(state: &State, body: &[u8]) -> Bytes {
    const ITEM: &[u8] = br#"{"create":{"status":201}},"#;
    let items = memchr::memchr_iter(b'\n', body).count() / 2;
    add(&state.tally.items, items);
    add(&state.tally.created, items);
    let mut answer = BytesMut::with_capacity(items * ITEM.len() + 32);
    answer.put_slice(br#"{"errors":false,"items":["#);
    (0..items).for_each(|_| answer.put_slice(ITEM));
    answer.truncate(answer.len() - usize::from(items > 0));
    answer.put_slice(b"]}");
    answer.freeze()
}
