//! What rules make of an event, in a form that can be compared and shown.

use forebay_convert::{Documents, Outcome, Refusal};
use forebay_record::RawEvent;
use forebay_rules::Lane;
use forebay_rules::observe::Observer;
use serde_json::{Value, json};

use crate::receipt::milliseconds;

/// What came of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Actual {
    /// Documents.
    Documents(Vec<Made>),
    /// A dead letter.
    DeadLetter(Refused),
    /// Nothing, for this reason.
    Dropped(String),
}

/// A document.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The route that a rule chose; empty for the tenant's default.
    pub route: String,
    /// Its own time, in milliseconds since the Unix epoch.
    pub event_ms: i64,
    /// The document, without the name of the revision.
    pub document: Value,
}

/// Why there is a dead letter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused {
    /// The kind of work that failed: `parse`, `transform`.
    pub stage: &'static str,
    /// The rule and step, or the format.
    pub rule: String,
    /// The error's stable name.
    pub error_type: String,
    /// The reason in words, masked.
    pub reason: String,
}

// === impl Actual ===

impl Actual {
    /// Applies rules to an event, at the time of its receipt.
    pub fn of(
        lane: &mut Lane,
        event: &RawEvent<'_>,
        buffer: &mut Documents,
        observer: &mut impl Observer,
    ) -> Self {
        buffer.clear();
        match lane.apply_observed(event, milliseconds(event), buffer, observer) {
            Outcome::Documents => {
                let made = buffer.drafts().map(|draft| Made {
                    route: draft.route.to_owned(),
                    event_ms: draft.event_ms,
                    document: document(draft.body),
                });
                Self::Documents(made.collect())
            }
            Outcome::Dropped(reason) => Self::Dropped(reason.into_owned()),
            Outcome::Refused(refusal) => {
                let Refusal { stage, rule, error_type, reason, .. } = *refusal;
                let error_type = error_type.into_owned();
                Self::DeadLetter(Refused { stage: stage.name(), rule, error_type, reason })
            }
        }
    }

    /// As it stands in a file of samples.
    #[must_use]
    pub fn expectation(&self) -> Value {
        match self {
            Self::Documents(made) => {
                let documents: Vec<&Value> = made.iter().map(|made| &made.document).collect();
                let routes: Vec<&str> = made.iter().map(|made| made.route.as_str()).collect();
                if routes.iter().all(|route| route.is_empty()) {
                    json!({ "documents": documents })
                } else {
                    json!({ "documents": documents, "routes": routes })
                }
            }
            Self::Dropped(reason) => json!({ "dropped": reason }),
            Self::DeadLetter(Refused { rule, error_type, reason, .. }) => {
                json!({ "dead_letter": { "error_type": error_type, "rule": rule, "reason": reason } })
            }
        }
    }
}

fn document(bytes: &[u8]) -> Value {
    match serde_json::from_slice(bytes) {
        Ok(document) => without_revision(document),
        // The engine writes JSON; should it not, that is to be seen.
        Err(_) => Value::String(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// Takes out the revision of the rules: it changes with every edit of any rule.
#[must_use]
pub fn without_revision(mut document: Value) -> Value {
    take_revision(&mut document, 0);
    document
}

/// The labels stand at another place in each schema; none of them is nested deeper.
const DEEPEST_LABELS: usize = 3;

fn take_revision(value: &mut Value, depth: usize) {
    let Value::Object(members) = value else { return };
    members.retain(|name, _| !(name == "rules_revision" || name.ends_with(".rules_revision")));
    if depth == DEEPEST_LABELS {
        return;
    }
    members.retain(|_, member| {
        let was_empty = is_empty(member);
        take_revision(member, depth + 1);
        was_empty || !is_empty(member)
    });
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_revision_is_taken_out_with_what_it_leaves_empty() {
        let of = |document: Value| without_revision(document);
        assert_eq!(of(json!({"a": 1, "labels": {"rules_revision": "x"}})), json!({"a": 1}));
        assert_eq!(
            of(json!({"labels": {"rules_revision": "x", "b": 1}, "c": {}})),
            json!({"labels": {"b": 1}, "c": {}})
        );
        assert_eq!(of(json!({"attributes": {"labels.rules_revision": "x"}})), json!({}));
    }
}
