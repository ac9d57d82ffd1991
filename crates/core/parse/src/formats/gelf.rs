//! Graylog's Extended Log Format: a JSON object with `version`, `host` and `short_message`.
//!
//! Fields of the sender's own have an underscore before their names, which is taken off. `level` is a severity of syslog;
//! `facility`, `file` and `line` are of version 1.0; `full_message` keeps its name.
//!
//! Source: <https://go2docs.graylog.org/current/getting_in_log_data/gelf_format.html>.

use super::{Context, Guess, Reader, syslog};
use crate::ecs::Field;
use crate::json::{Root, scan};
use crate::shape::{EventTime, Shape, text_of};
use crate::tree::{Key, NodeId, Tree, Value};

/// Guessed only where the version comes first, which most libraries write: looking for names costs too much for all JSON.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte == b'{',
        looks_like: |line| line.starts_with(r#"{"version":"1."#),
    }),
    read,
};

fn read<'a>(line: &'a str, context: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    let Ok(Root::Object(event)) = scan(line, context.limits, &mut shape.tree) else { return None };
    let text =
        |tree: &Tree<'a>, key| tree.find(event, key).and_then(|id| text_of(tree.value(id)).map(|_| id));
    let version = text(&shape.tree, "version")?;
    let is_known =
        text_of(shape.tree.value(version)).is_some_and(|version| matches!(&*version, "1.0" | "1.1"));
    let _host = text(&shape.tree, "host")?;
    let _message = text(&shape.tree, "short_message")?;
    if !is_known {
        return None;
    }
    let renamed = shape.tree.push(Key::Clean(""), Value::Object(Default::default(), Default::default()));
    let mut at = shape.tree.detach(event);
    while let Some(id) = at {
        at = shape.tree.next(id);
        if shape.tree.key(id).as_str() == "level" && set_level(id, shape) {
            continue;
        }
        if let Some(name) = name_of(shape.tree.key(id)) {
            shape.tree.set_key(id, name);
        }
        shape.tree.append(renamed, id);
    }
    Some(shape.place_members(renamed))
}

/// Sets the severity that a number means.
fn set_level(id: NodeId, shape: &mut Shape<'_, '_>) -> bool {
    let Value::Json(json) = shape.tree.value(id) else { return false };
    let [digit @ b'0'..=b'7'] = json.as_bytes() else { return false };
    syslog::set_severity(shape, digit - b'0');
    true
}

/// What a member is called here, if that isn't its name there.
fn name_of<'a>(key: &Key<'a>) -> Option<Key<'a>> {
    match key.as_str() {
        "version" => return Some(Key::Clean("labels.gelf_version")),
        "facility" => return Some(Key::Clean(Field::LogSyslogFacilityName.path())),
        "file" => return Some(Key::Clean(Field::LogOriginFileName.path())),
        "line" => return Some(Key::Clean(Field::LogOriginFileLine.path())),
        _ => {}
    }
    match key {
        // `_id` is forbidden there, and a name of search servers.
        Key::Clean(name) => name.strip_prefix('_').filter(|name| *name != "id").map(Key::Clean),
        Key::Owned(name) => name.strip_prefix('_').map(|name| Key::Owned(name.to_owned())),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::Format;

    pub(crate) const SAMPLES: Samples = Samples {
        format: "gelf",
        auto: &[Format::Gelf, Format::Json],
        read: &[
            (
                r#"{"version":"1.1","host":"web-1","short_message":"boom","full_message":"boom\nat x","timestamp":1795251598.25,"level":3,"_user_id":9001,"_request.path":"/a","_id":"x"}"#,
                r#"{"@timestamp": "2026-11-21T08:59:58.250Z", "labels": {"gelf_version": "1.1"}, "host": {"name": "web-1"},
                "message": "boom", "full_message": "boom\nat x", "user": {"id": 9001}, "request": {"path": "/a"},
                "log": {"level": "error", "syslog": {"severity": {"code": 3, "name": "error"}}}, "unmapped": {"_id": "x"}}"#,
            ),
            (
                r#"{"short_message": "old", "host": "web-1", "version": "1.0", "facility": "app", "file": "a.c", "line": 7, "level": "high"}"#,
                r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "labels": {"gelf_version": "1.0"}, "host": {"name": "web-1"},
                "message": "old", "log": {"level": "high", "syslog": {"facility": {"name": "app"}},
                "origin": {"file": {"name": "a.c", "line": 7}}}}"#,
            ),
        ],
        refused: &[
            "",
            "{}",
            "[]",
            r#"{"version":"1.1","host":"web-1"}"#,
            r#"{"version":"2.0","host":"web-1","short_message":"x"}"#,
            r#"{"version":1.1,"host":"web-1","short_message":"x"}"#,
            r#"{"version":"1.1","host":"web-1","short_message":"x"} x"#,
        ],
    };

    #[test]
    fn json_that_only_begins_like_it_stays_json() {
        let line = r#"{"version":"1.1","a":1}"#;
        assert_eq!(crate::testing::parse("", line)["version"], "1.1");
    }
}
