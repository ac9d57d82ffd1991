//! `jsonlog`, since version 15.

use super::{Context, take_time};
use crate::json::{Root, scan};
use crate::shape::{EventTime, Shape};
use crate::tree::{Key, NodeId, Value};

/// Members, and the names that they get, those of the CSV's columns among them; what isn't here keeps its name below
/// `postgresql.log`.
const NAMES: [(&str, &str); 15] = [
    ("pid", "process.pid"),
    ("user", "user.name"),
    ("remote_host", "source.address"),
    ("remote_port", "source.port"),
    ("error_severity", "log.level"),
    ("message", "message"),
    ("dbname", "postgresql.log.database"),
    ("line_num", "postgresql.log.session_line_number"),
    ("ps", "postgresql.log.command_tag"),
    ("session_start", "postgresql.log.session_start_time"),
    ("vxid", "postgresql.log.virtual_transaction_id"),
    ("txid", "postgresql.log.transaction_id"),
    ("statement", "postgresql.log.query"),
    ("cursor_position", "postgresql.log.query_pos"),
    ("internal_position", "postgresql.log.internal_query_pos"),
];

/// Reads one record.
pub(super) fn read<'a>(
    text: &'a str,
    context: Context<'_>,
    shape: &mut Shape<'a, '_>,
) -> Option<EventTime<'a>> {
    let Root::Object(event) = scan(text, context.limits, &mut shape.tree).ok()? else { return None };
    let severity = text_of(shape, event, "error_severity")?;
    let stamp = text_of(shape, event, "timestamp")?;
    let (time, _) = take_time(stamp, context.clock)?;
    let is_error = matches!(severity, "ERROR" | "FATAL" | "PANIC");
    let is_ip =
        text_of(shape, event, "remote_host").is_some_and(|host| host.parse::<std::net::IpAddr>().is_ok());
    let members = shape.tree.push(Key::Clean(""), Value::Object(Default::default(), Default::default()));
    let mut at = shape.tree.detach(event);
    while let Some(member) = at {
        at = shape.tree.next(member);
        let name = shape.tree.key(member).as_str();
        let key = match name {
            "timestamp" => continue,
            // A session that has done nothing yet has an empty one.
            "ps" if matches!(shape.tree.value(member), Value::Json(json) if json == "\"\"") => continue,
            "state_code" if is_error => Key::Clean("error.code"),
            "state_code" => Key::Clean("event.code"),
            "remote_host" if is_ip => Key::Clean("source.ip"),
            name => match NAMES.iter().find(|(theirs, _)| *theirs == name) {
                Some((_, ours)) => Key::Clean(ours),
                None => Key::Owned(format!("postgresql.log.{name}")),
            },
        };
        shape.tree.set_key(member, key);
        shape.tree.append(members, member);
    }
    let _time_is_known = shape.place_members(members);
    Some(EventTime::of(Some((time.0, stamp))))
}

/// A member's text, if it has one without escapes.
fn text_of<'a>(shape: &Shape<'a, '_>, event: NodeId, name: &str) -> Option<&'a str> {
    match shape.tree.value(shape.tree.find(event, name)?) {
        Value::Json(std::borrow::Cow::Borrowed(json)) => {
            json.strip_prefix('"')?.strip_suffix('"').filter(|text| !text.contains('\\'))
        }
        _ => None,
    }
}
