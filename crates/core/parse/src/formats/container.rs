//! Lines as container runtimes write them to files, each around a line of the program inside: `docker` and `cri`.
//!
//! Docker's `json-file`: `{"log":"line\n","stream":"stdout","time":"2026-11-21T08:59:58.1Z"}`, with `attrs` where they are asked for.
//! The Kubernetes runtimes': `2026-11-21T08:59:58.1Z stdout F line`, with `P` for `F` on all parts of a long line but the last.
//!
//! The line inside is read by itself, as `auto` does. Its own time is the event's, and then the runtime's becomes `event.created`;
//! else the runtime's is taken. The stream's name stays `stream`; `labels.partial` tells a part of a longer line. The event's
//! format is the runtime's.
//!
//! Source: <https://docs.docker.com/engine/logging/drivers/json-file/>,
//! <https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md>.

use std::borrow::Cow;

use super::members::{To, put, put_text};
use super::{Context, Reader};
use crate::Format;
use crate::ecs::Field;
use crate::json::{Root, scan};
use crate::shape::{EventTime, Shape, text_of};
use crate::tree::{Key, NodeId, Tree, Value};

/// What wraps a line is taken off before it comes to a reader; what does come to this one isn't wrapped.
pub(crate) const READER: Reader = Reader { guess: None, read: |_, _, _| None };

/// What was around a line.
#[derive(Clone, Debug)]
pub(crate) struct Wrapping<'a> {
    pub(crate) format: Format,
    around: Around<'a>,
}

#[derive(Clone, Debug)]
enum Around<'a> {
    /// The members besides `log`.
    Docker(NodeId),
    Cri {
        ms: i64,
        stamp: &'a str,
        stream: &'a str,
        is_part: bool,
    },
}

/// Takes a line out of what is around it, where it is declared to be wrapped, or `auto` sees that it is.
pub(crate) fn unwrap<'a>(
    declared: Format,
    text: &'a str,
    context: Context<'_>,
    tree: &mut Tree<'a>,
) -> Option<(Cow<'a, str>, Wrapping<'a>)> {
    match declared {
        Format::Docker => docker(text, context, tree),
        Format::Cri => cri(text, context),
        Format::Auto if text.starts_with(r#"{"log":""#) => docker(text, context, tree),
        Format::Auto if matches!(text.as_bytes(), [_, _, _, _, b'-', _, _, b'-', _, _, b'T', ..]) => {
            cri(text, context)
        }
        _ => None,
    }
}

fn docker<'a>(
    text: &'a str,
    context: Context<'_>,
    tree: &mut Tree<'a>,
) -> Option<(Cow<'a, str>, Wrapping<'a>)> {
    let Ok(Root::Object(event)) = scan(text, context.limits, tree) else { return None };
    let is_text = |key| tree.find(event, key).is_some_and(|id| text_of(tree.value(id)).is_some());
    if !is_text("time") || !is_text("stream") {
        return None;
    }
    let log = tree.find(event, "log")?;
    let line = match tree.value(log) {
        Value::Json(Cow::Borrowed(json)) if json.starts_with('"') => crate::json::unquote(json),
        Value::Text(text) => text.clone(),
        _ => return None,
    };
    let others = tree.push(Key::Clean(""), Value::Object(Default::default(), Default::default()));
    let mut at = tree.detach(event);
    while let Some(id) = at {
        at = tree.next(id);
        if id != log {
            tree.append(others, id);
        }
    }
    let line = match line {
        Cow::Borrowed(line) => Cow::Borrowed(line.trim_end_matches(['\n', '\r'])),
        Cow::Owned(mut line) => {
            line.truncate(line.trim_end_matches(['\n', '\r']).len());
            Cow::Owned(line)
        }
    };
    Some((line, Wrapping { format: Format::Docker, around: Around::Docker(others) }))
}

fn cri<'a>(text: &'a str, context: Context<'_>) -> Option<(Cow<'a, str>, Wrapping<'a>)> {
    let (stamp, rest) = text.split_once(' ')?;
    let (stream, rest) = rest.split_once(' ')?;
    if !matches!(stream, "stdout" | "stderr") {
        return None;
    }
    let (tags, line) = rest.split_once(' ').unwrap_or((rest, ""));
    // Further tags may come to stand behind a colon.
    let is_part = match tags.split(':').next() {
        Some("F") => false,
        Some("P") => true,
        _ => return None,
    };
    let ms = context.clock.read_iso(stamp.as_bytes()).filter(|_| stamp.contains('T'))?;
    let around = Around::Cri { ms, stamp, stream, is_part };
    Some((Cow::Borrowed(line), Wrapping { format: Format::Cri, around }))
}

impl<'a> Wrapping<'a> {
    /// Places what was around a line beside what was in it, whose time is given; gives the event's time.
    pub(crate) fn place(self, inner: EventTime<'a>, shape: &mut Shape<'a, '_>) -> EventTime<'a> {
        let outer = match self.around {
            Around::Docker(members) => shape.place_members(members),
            Around::Cri { ms, stamp, stream, is_part } => {
                put_text(shape, To::Name("stream"), stream);
                if is_part {
                    shape.labelled("partial", Value::Text(Cow::Borrowed("true")));
                }
                EventTime::of(Some((ms, stamp)))
            }
        };
        match (inner, outer) {
            (EventTime::Unknown, outer) => outer,
            (inner, EventTime::At(ms, _)) => {
                put(shape, To::Field(Field::EventCreated), Value::Time(ms));
                inner
            }
            (inner, EventTime::Unreadable(original)) => {
                shape.unmapped("time", original);
                inner
            }
            (inner, EventTime::Unknown) => inner,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::Format;

    pub(crate) const DOCKER: Samples = Samples {
        format: "docker",
        auto: &[Format::Docker, Format::Json],
        read: &[
            (
                r#"{"log":"GET \"/\" done\n","stream":"stdout","attrs":{"tag":"web"},"time":"2026-11-21T08:59:58.123456789Z"}"#,
                r#"{"@timestamp": "2026-11-21T08:59:58.123Z", "message": "GET \"/\" done", "stream": "stdout", "attrs": {"tag": "web"}}"#,
            ),
            (
                r#"{"log":"{\"level\":\"warn\",\"msg\":\"x\",\"time\":\"2026-11-21T08:59:57Z\"}\n","stream":"stderr","time":"2026-11-21T08:59:58.1Z"}"#,
                r#"{"@timestamp": "2026-11-21T08:59:57.000Z", "message": "x", "log": {"level": "warn"}, "stream": "stderr",
                "event": {"created": "2026-11-21T08:59:58.100Z"}}"#,
            ),
            (
                r#"{"time":"soon","stream":"stdout","log":""}"#,
                r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "message": "", "stream": "stdout", "time": "soon"}"#,
            ),
        ],
        refused: &[
            "",
            "{}",
            "hello",
            r#"{"log":"x"}"#,
            r#"{"log":1,"stream":"stdout","time":""}"#,
            r#"{"log":"x","stream":"stdout","time":"#,
        ],
    };

    pub(crate) const CRI: Samples = Samples {
        format: "cri",
        auto: &[Format::Cri],
        read: &[
            (
                "2026-11-21T08:59:58.669794202+00:00 stdout F hello there",
                r#"{"@timestamp": "2026-11-21T08:59:58.669Z", "message": "hello there", "stream": "stdout"}"#,
            ),
            (
                "2026-11-21T08:59:58.1Z stderr P:x a=1 b=2",
                r#"{"@timestamp": "2026-11-21T08:59:58.100Z", "a": 1, "b": 2, "stream": "stderr", "labels": {"partial": "true"}}"#,
            ),
            (
                "2026-11-21T08:59:58.1Z stdout F I1121 08:59:57.000000       1 a.go:1] text",
                r#"{"@timestamp": "2026-11-21T08:59:57.000Z", "message": "text", "log": {"level": "info",
                "origin": {"file": {"name": "a.go", "line": 1}}}, "process": {"thread": {"id": 1}}, "stream": "stdout",
                "event": {"created": "2026-11-21T08:59:58.100Z"}}"#,
            ),
            (
                "2026-11-21T08:59:58.1Z stdout F",
                r#"{"@timestamp": "2026-11-21T08:59:58.100Z", "message": "", "stream": "stdout"}"#,
            ),
        ],
        refused: &[
            "",
            "2026-11-21T08:59:58.1Z stdout",
            "2026-11-21T08:59:58.1Z stdin F x",
            "2026-11-21T08:59:58.1Z stdout X x",
            "2026-11-21 08:59:58 stdout F x",
        ],
    };
}
