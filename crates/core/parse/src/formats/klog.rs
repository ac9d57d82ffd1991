//! The logs of klog (Kubernetes), glog and Abseil: `I1121 08:59:58.123456   1 server.go:42] text`, in newer ones of C++
//! with the year before the month.
//!
//! The letter is the level, the number the thread (klog: the process). klog's structured text, `"message" key="value"`, is taken
//! apart: its keys become members under their own names. What follows in further lines is part of the message.
//!
//! Source: <https://pkg.go.dev/k8s.io/klog/v2>, <https://google.github.io/glog/stable/logging/#severity-levels>,
//! <https://github.com/kubernetes/community/blob/master/contributors/devel/sig-instrumentation/migration-to-structured-logging.md>.

use super::members::{Members, To, put_text};
use super::quoted::{take, unescaped};
use super::{Context, Guess, Reader, logfmt};
use crate::ecs::Field;
use crate::shape::{EventTime, Shape};
use crate::tree::Value;

/// A letter and four or eight digits.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| level_of(byte).is_some(),
        looks_like: |line| {
            let digits = line.bytes().skip(1).take_while(u8::is_ascii_digit).count();
            (digits == 4 || digits == 8) && line.as_bytes().get(digits + 1) == Some(&b' ')
        },
    }),
    read,
};

fn read<'a>(line: &'a str, context: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    let level = level_of(*line.as_bytes().first()?)?;
    let after = line.get(1..)?;
    let (ms, rest) = context.clock.read_compact(after.as_bytes(), context.received)?;
    let (stamp, rest) = after.split_at_checked(after.len() - rest.len())?;
    let (head, message) = rest.strip_prefix(' ')?.split_once(']')?;
    let (thread, place) = head.trim_start_matches(' ').split_once(' ')?;
    let (file, number) = place.rsplit_once(':')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(thread) || !is_number(number) || file.is_empty() || file.contains(' ') {
        return None;
    }
    let message = message.strip_prefix(' ').unwrap_or(message);
    let structured = structured(message, context, shape);
    let _free = shape.set_text(Field::LogLevel, level);
    put_text(shape, To::Field(Field::ProcessThreadId), thread);
    put_text(shape, To::Field(Field::LogOriginFileName), file);
    put_text(shape, To::Field(Field::LogOriginFileLine), number);
    match structured {
        Some((text, members)) => {
            let _free = shape.set(Field::Message, Value::Text(unescaped(text)));
            Some(members.place_at(shape, Some((ms, stamp))))
        }
        None => {
            let _free = shape.set_text(Field::Message, message);
            Some(EventTime::of(Some((ms, stamp))))
        }
    }
}

/// The quoted text and the pairs behind it; none where there is anything else.
fn structured<'a>(
    message: &'a str,
    context: Context<'_>,
    shape: &mut Shape<'a, '_>,
) -> Option<(&'a str, Members)> {
    let (text, rest) = take(message, b'"')?;
    let mut members = Members::new(&mut shape.tree, context.limits);
    let all_pairs = logfmt::gather(rest, &mut members, &mut shape.tree)? == logfmt::Found::PairsOnly;
    (all_pairs || rest.is_empty()).then_some((text, members))
}

fn level_of(letter: u8) -> Option<&'static str> {
    match letter {
        b'I' => Some("info"),
        b'W' => Some("warning"),
        b'E' => Some("error"),
        b'F' => Some("fatal"),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::Format;

    pub(crate) const SAMPLES: Samples = Samples {
        format: "klog",
        auto: &[Format::Klog],
        read: &[
            (
                "I1121 08:59:58.525108       1 httplog.go:79] GET /api/v1/namespaces: (1.5ms) 200 [kubelet/v1.31]",
                r#"{"@timestamp": "2026-11-21T08:59:58.525Z", "log": {"level": "info",
                "origin": {"file": {"name": "httplog.go", "line": 79}}}, "process": {"thread": {"id": 1}},
                "message": "GET /api/v1/namespaces: (1.5ms) 200 [kubelet/v1.31]"}"#,
            ),
            (
                r#"E1121 08:59:58.525108    4711 kubelet.go:2451] "Pod \"web\" failed" pod="shop/web-0" err="exit 1" attempt=3"#,
                r#"{"@timestamp": "2026-11-21T08:59:58.525Z", "log": {"level": "error",
                "origin": {"file": {"name": "kubelet.go", "line": 2451}}}, "process": {"thread": {"id": 4711}},
                "message": "Pod \"web\" failed", "pod": "shop/web-0", "err": "exit 1", "attempt": 3}"#,
            ),
            // klog v2.130, from here on to glog.
            (
                "I1121 08:59:58.661234   22015 main.go:20] \"Pod status updated\" pod=\"kube-system/kubedns\" n=3 m={\"a\":1}",
                r#"{"@timestamp": "2026-11-21T08:59:58.661Z", "log": {"level": "info",
                "origin": {"file": {"name": "main.go", "line": 20}}}, "process": {"thread": {"id": 22015}},
                "message": "Pod status updated", "pod": "kube-system/kubedns", "n": 3, "m": "{\"a\":1}"}"#,
            ),
            (
                "E1121 08:59:58.661256   22015 main.go:21] \"Failed to update\" err=\"timeout \\\"x\\\"\" text=<\n\tline 1\n\tline 2\n > bytes=\"ab\"",
                r#"{"@timestamp": "2026-11-21T08:59:58.661Z", "log": {"level": "error",
                "origin": {"file": {"name": "main.go", "line": 21}}}, "process": {"thread": {"id": 22015}},
                "message": "Failed to update", "err": "timeout \"x\"", "text": "line 1\nline 2", "bytes": "ab"}"#,
            ),
            (
                "W1121 08:59:58.661269   22015 main.go:22] multi\nline",
                r#"{"@timestamp": "2026-11-21T08:59:58.661Z", "log": {"level": "warning",
                "origin": {"file": {"name": "main.go", "line": 22}}}, "process": {"thread": {"id": 22015}}, "message": "multi\nline"}"#,
            ),
            (
                "W20261121 08:59:58.000001 139 main.cc:12] a: \"b\"\nsecond line",
                r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "log": {"level": "warning",
                "origin": {"file": {"name": "main.cc", "line": 12}}}, "process": {"thread": {"id": 139}},
                "message": "a: \"b\"\nsecond line"}"#,
            ),
            (
                "F1231 23:59:58.5 7 a.go:1] \"cut",
                r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "log": {"level": "fatal",
                "origin": {"file": {"name": "a.go", "line": 1}}}, "process": {"thread": {"id": 7}},
                "message": "\"cut", "labels": {"original_timestamp": "1231 23:59:58.5"}, "tags": ["_timestamp_clamped"]}"#,
            ),
        ],
        refused: &[
            "",
            "I",
            "I1121",
            "I1321 08:59:58.525108       1 httplog.go:79] text",
            "I1121 08:59:58.525108       1 httplog.go] text",
            "I1121 08:59:58.525108       x httplog.go:79] text",
            "D1121 08:59:58.525108       1 httplog.go:79] text",
            "I1121 08:59:58.525108       1 httplog.go:79 text",
            "Info 1121 08:59:58",
        ],
    };
}
