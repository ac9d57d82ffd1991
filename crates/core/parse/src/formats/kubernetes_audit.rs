//! Audit events of Kubernetes: JSON of the kind `Event` of `audit.k8s.io/v1`, one a line.
//!
//! | Member | Field |
//! |---|---|
//! | `stageTimestamp` | `@timestamp`; `requestReceivedTimestamp` is `event.start` |
//! | `auditID`, `verb` | `event.id`, `event.action` |
//! | `user`, `impersonatedUser` | `user.name`, `user.id`, `user.group.name`; `user.effective.name` |
//! | `sourceIPs`, `userAgent`, `requestURI` | `source.ip`, `user_agent.original`, `url.original` |
//! | `objectRef` | `orchestrator.resource.type` and `.name`, `orchestrator.namespace` |
//! | `responseStatus` | `http.response.status_code`, `event.outcome`, `event.reason`, of a failure `error.message` |
//! | `annotations` | `labels` |
//! | `requestObject`, `responseObject`, `user.extra` | `unmapped`, since their content is anything |
//!
//! Everything else keeps its name below `kubernetes.audit`. The message is the verb and the path of the request.
//!
//! Source: <https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/>.

#[cfg(test)]
pub(crate) mod tests;

use std::borrow::Cow;

use super::{Context, Guess, Reader};
use crate::ecs::Field;
use crate::json::{Root, scan};
use crate::shape::{EventTime, Shape, text_of};
use crate::tree::{Key, NodeId, Tree, Value};

/// Objects whose members get places of their own.
const OPENED: [&str; 4] = ["user", "impersonatedUser", "objectRef", "responseStatus"];

/// Members, and the fields that they become.
const FIELDS: [(&str, &str); 15] = [
    ("auditID", "event.id"),
    ("verb", "event.action"),
    ("requestURI", "url.original"),
    ("sourceIPs", "source.ip"),
    ("userAgent", "user_agent.original"),
    ("requestReceivedTimestamp", "event.start"),
    ("user.username", "user.name"),
    ("user.uid", "user.id"),
    ("user.groups", "user.group.name"),
    ("impersonatedUser.username", "user.effective.name"),
    ("objectRef.resource", "orchestrator.resource.type"),
    ("objectRef.name", "orchestrator.resource.name"),
    ("objectRef.namespace", "orchestrator.namespace"),
    ("responseStatus.code", "http.response.status_code"),
    ("responseStatus.reason", "event.reason"),
];

/// Members that may hold anything.
const FREE: [&str; 4] = ["requestObject", "responseObject", "user.extra", "impersonatedUser.extra"];

/// What an API server writes first.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte == b'{',
        looks_like: |text| text.starts_with(r#"{"kind":"Event","apiVersion":"audit.k8s.io/"#),
    }),
    read,
};

fn read<'a>(text: &'a str, context: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    let Root::Object(event) = scan(text, context.limits, &mut shape.tree).ok()? else { return None };
    let member = |name| shape.tree.find(event, name).and_then(|id| text_of(shape.tree.value(id)));
    if member("kind")? != "Event" || !member("apiVersion")?.starts_with("audit.k8s.io/") {
        return None;
    }
    let message = [member("verb")?, member("requestURI")?].join(" ");
    let stamp = member("stageTimestamp").or_else(|| member("requestReceivedTimestamp"))?.into_owned();
    let ms = context.clock.read(stamp.as_bytes(), context.received)?;
    let code = find(&shape.tree, event, &["responseStatus", "code"]).map(|id| shape.tree.value(id));
    let is_failure = match code {
        Some(Value::Json(code)) => Some(!matches!(code.as_bytes(), [b'1'..=b'3', ..])),
        _ => None,
    };

    let _free = shape.set(Field::Message, Value::Text(Cow::Owned(message)));
    if let Some(is_failure) = is_failure {
        let _free = shape.set_text(Field::EventOutcome, if is_failure { "failure" } else { "success" });
    }
    let members = shape.tree.push(Key::Clean(""), Value::Object(Default::default(), Default::default()));
    let mut at = shape.tree.detach(event);
    while let Some(member) = at {
        at = shape.tree.next(member);
        let name = shape.tree.key(member).as_str().to_owned();
        match name.as_str() {
            "stageTimestamp" => {}
            "annotations" => place_annotations(shape, member),
            name if OPENED.contains(&name) && matches!(shape.tree.value(member), Value::Object(..)) => {
                let mut inner = shape.tree.detach(member);
                while let Some(child) = inner {
                    inner = shape.tree.next(child);
                    let path = format!("{name}.{}", shape.tree.key(child).as_str());
                    take(shape, members, child, &path, is_failure);
                }
            }
            name => take(shape, members, member, name, is_failure),
        }
    }
    let _no_other_time = shape.place_members(members);
    Some(EventTime::At(ms, Value::Text(Cow::Owned(stamp))))
}

/// Hangs a member among those that are placed, under its new name.
fn take(shape: &mut Shape<'_, '_>, members: NodeId, id: NodeId, path: &str, is_failure: Option<bool>) {
    if FREE.contains(&path) {
        let value = shape.tree.value(id).clone();
        return shape.unmapped(&format!("kubernetes.audit.{path}"), value);
    }
    let is_empty = matches!(shape.tree.value(id), Value::Object(..)) && shape.tree.first(id).is_none();
    if is_empty {
        return;
    }
    let key = match FIELDS.iter().find(|(theirs, _)| *theirs == path) {
        Some((_, ours)) => Key::Clean(ours),
        None if path == "responseStatus.message" && is_failure == Some(true) => Key::Clean("error.message"),
        None => Key::Owned(format!("kubernetes.audit.{path}")),
    };
    shape.tree.set_key(id, key);
    shape.tree.append(members, id);
}

/// Puts what says something under `labels`.
fn place_annotations(shape: &mut Shape<'_, '_>, id: NodeId) {
    let mut at = shape.tree.detach(id);
    while let Some(annotation) = at {
        at = shape.tree.next(annotation);
        let value = shape.tree.value(annotation).clone();
        let name = shape.tree.key(annotation).as_str().to_owned();
        match text_of(&value) {
            Some(text) if text.is_empty() => {}
            Some(_) => shape.labelled(&name, value),
            None => shape.unmapped(&format!("kubernetes.audit.annotations.{name}"), value),
        }
    }
}

fn find(tree: &Tree<'_>, from: NodeId, path: &[&str]) -> Option<NodeId> {
    path.iter().try_fold(from, |id, name| tree.find(id, name))
}
