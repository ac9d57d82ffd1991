//! Events of Windows as XML, as the event viewer and forwarders write them: `<Event xmlns=".."><System>..</System>..</Event>`.
//!
//! | Part | Field |
//! |---|---|
//! | `TimeCreated` | `@timestamp` |
//! | `EventID`, `Provider` | `event.code`, `event.provider` |
//! | `Computer` | `host.name` |
//! | `Level` | `log.level`, as a word |
//! | audit bits of `Keywords` | `event.outcome` |
//! | `RenderingInfo` | `Message` is the message, `Task` is `event.action` |
//! | `EventData`, `UserData` | `winlog.event_data.<name>`, `winlog.user_data.<path>` |
//!
//! Everything else goes below `winlog`, under the names that Winlogbeat has. An event that wasn't rendered has provider and
//! code for a message.
//!
//! Document types, and with them entities of one's own, are refused; depth and number of elements are limited like JSON's.
//!
//! Sources: <https://learn.microsoft.com/en-us/windows/win32/wes/eventschema-schema>,
//! <https://www.elastic.co/docs/reference/beats/winlogbeat/exported-fields-winlog>.

mod parts;
#[cfg(test)]
pub(crate) mod tests;
mod xml;

use std::borrow::Cow;

use super::{Context, Guess, Reader};
use crate::ecs::Field;
use crate::shape::{EventTime, Shape};
use crate::tree::{Key, Value};
use parts::Parts;

/// A bracket and the name of the root, behind a declaration or not.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte == b'<',
        looks_like: |text| {
            text.starts_with("<Event ") || text.starts_with("<Event>") || text.starts_with("<?xml ")
        },
    }),
    read,
};

fn read<'a>(text: &'a str, context: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    let mut parts = Parts::default();
    xml::walk(text.strip_prefix('\u{FEFF}').unwrap_or(text), context.limits, &mut parts)?;
    let Parts { members, time, provider, code, level, outcome, message, .. } = parts;
    let (provider, code) = (provider?, code?);
    let stamp = time?;
    let ms = context.clock.read_iso(stamp.as_bytes())?;

    let message = message.unwrap_or_else(|| Cow::Owned(format!("{provider}: event {code}")));
    let level = level.map(Value::Text);
    let outcome = outcome.map(|outcome| Value::Text(Cow::Borrowed(outcome)));
    for (field, value) in [
        (Field::Message, Some(Value::Text(message))),
        (Field::EventProvider, Some(Value::Text(Cow::Owned(provider)))),
        (Field::EventCode, Some(Value::Text(code))),
        (Field::LogLevel, level),
        (Field::EventOutcome, outcome),
    ] {
        if let Some(value) = value {
            let _free = shape.set(field, value);
        }
    }
    let holder = shape.tree.push(Key::Clean(""), Value::Object(Default::default(), Default::default()));
    for (name, value) in members {
        let _id = shape.tree.add(holder, Key::Owned(name), Value::Text(value));
    }
    let _no_other_time = shape.place_members(holder);
    Some(EventTime::At(ms, Value::Text(Cow::Owned(stamp))))
}
