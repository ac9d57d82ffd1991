//! logfmt: `level=info msg="request done" status=200 cached`.
//!
//! Pairs stand between white space; a value with white space in it is quoted, with escapes as in Go and JSON. Each key
//! becomes a member of the event under its own name, so that `level`, `msg`, `ts` and the like find their places as in
//! JSON; a key without a value becomes `true`, as text. Values that are plain numbers become numbers unless they are quoted.
//!
//! Source: <https://brandur.org/logfmt>, <https://pkg.go.dev/github.com/kr/logfmt>.

use std::borrow::Cow;

use super::members::{Members, scalar};
use super::quoted::{take, unescaped};
use super::{Guess, Reader};
use crate::tree::{Tree, Value};

/// Guessed only where the line consists of pairs, two at least.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'@'),
        looks_like,
    }),
    read: |line, context, shape| {
        let mut members = Members::new(&mut shape.tree, context.limits);
        let found = gather(line, &mut members, &mut shape.tree)?;
        (found != Found::NoPairs).then(|| members.place(shape))
    },
};

/// What a text consists of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Found {
    PairsOnly,
    SomePairs,
    NoPairs,
}

/// Gathers the pairs and lone keys of a text. None where there is anything else in it.
pub(crate) fn gather<'a>(text: &'a str, members: &mut Members, tree: &mut Tree<'a>) -> Option<Found> {
    let (mut rest, mut pairs, mut lone) = (text, false, false);
    while let Some((token, after)) = next(rest)? {
        let value = match token.value {
            Some(Written::Bare(text)) => scalar(text),
            Some(Written::Quoted(text)) => Value::Text(unescaped(text)),
            Some(Written::Block(text)) => Value::Text(Cow::Owned(text.replace("\n\t", "\n"))),
            None => Value::Text(Cow::Borrowed("true")),
        };
        (pairs, lone) = (pairs | token.value.is_some(), lone | token.value.is_none());
        members.add(tree, token.key, value)?;
        rest = after;
    }
    Some(match (pairs, lone) {
        (true, false) => Found::PairsOnly,
        (true, true) => Found::SomePairs,
        (false, _) => Found::NoPairs,
    })
}

/// A key and what stands behind its `=`.
#[derive(Clone, Copy, Debug)]
struct Token<'a> {
    key: &'a str,
    value: Option<Written<'a>>,
}

/// How a value was written.
#[derive(Clone, Copy, Debug)]
enum Written<'a> {
    Bare(&'a str),
    /// Still escaped.
    Quoted(&'a str),
    /// Lines with a tab before each, as klog writes them; the first is without it.
    Block(&'a str),
}

fn looks_like(line: &str) -> bool {
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'@' | b'/');
    let Some(end) = line.bytes().position(|byte| !is_key(byte)) else { return false };
    // Pairs in lines of their own are some other format.
    if line.as_bytes().get(end) != Some(&b'=') || line.contains('\n') {
        return false;
    }
    let (mut rest, mut pairs) = (line, 0_usize);
    loop {
        match next(rest) {
            Some(Some((Token { key, value: Some(_) }, after))) if key.bytes().all(is_key) => {
                (rest, pairs) = (after, pairs + 1);
            }
            Some(None) => return pairs > 1,
            _ => return false,
        }
    }
}

/// Takes a token off the front. `None` where there is something else, `Some(None)` at the end.
fn next(text: &str) -> Option<Option<(Token<'_>, &str)>> {
    let is_space = |byte: u8| byte <= b' ';
    let start = text.bytes().position(|byte| !is_space(byte)).unwrap_or(text.len());
    let text = text.get(start..)?;
    if text.is_empty() {
        return Some(None);
    }
    let end =
        text.bytes().position(|byte| is_space(byte) || matches!(byte, b'=' | b'"')).unwrap_or(text.len());
    let (key, rest) = text.split_at_checked(end).filter(|(key, _)| !key.is_empty())?;
    let Some(value) = rest.strip_prefix('=') else {
        return (!rest.starts_with('"')).then_some(Some((Token { key, value: None }, rest)));
    };
    if value.starts_with('"') {
        let (inner, rest) = take(value, b'"')?;
        let ends = rest.bytes().next().is_none_or(is_space);
        return ends.then_some(Some((Token { key, value: Some(Written::Quoted(inner)) }, rest)));
    }
    if let Some((block, rest)) = value.strip_prefix("<\n\t").and_then(|block| block.split_once("\n >")) {
        return Some(Some((Token { key, value: Some(Written::Block(block)) }, rest)));
    }
    let end = value.bytes().position(is_space).unwrap_or(value.len());
    let (bare, rest) = value.split_at_checked(end)?;
    Some(Some((Token { key, value: Some(Written::Bare(bare)) }, rest)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::Format;

    pub(crate) const SAMPLES: Samples = Samples {
        format: "logfmt",
        auto: &[Format::Logfmt],
        read: &[
            (
                r#"ts=2026-11-21T08:59:58.25Z level=warn msg="retry of \"GET /a\"\n" status=503 took=0.25 zip=01234 id="7""#,
                r#"{"@timestamp": "2026-11-21T08:59:58.250Z", "log": {"level": "warn"}, "message": "retry of \"GET /a\"\n",
                "http": {"response": {"status_code": 503}}, "took": 0.25, "zip": "01234", "id": "7"}"#,
            ),
            // Go's log/slog.
            (
                r#"time=2026-11-21T08:59:58.660Z level=WARN msg="retry \"now\"" status=503 took=250ms err="a=b: no\nroute" empty="" path="/a?b=c""#,
                r#"{"@timestamp": "2026-11-21T08:59:58.660Z", "log": {"level": "WARN"}, "message": "retry \"now\"",
                "http": {"response": {"status_code": 503}}, "took": "250ms", "err": "a=b: no\nroute", "empty": "", "path": "/a?b=c"}"#,
            ),
            (
                r#"time=1795251598 level=info host.name=web-1 query="a=b c" empty= none="" a=1 a=2"#,
                r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "log": {"level": "info"}, "host": {"name": "web-1"},
                "query": "a=b c", "empty": "", "none": "", "a": 1, "unmapped": {"a": 2}}"#,
            ),
        ],
        refused: &["", " ", "hello there", "=", "a =b", r#"a="b"#, r#"a="b"c"#, r#""a"=b"#, r#"a"b"=c"#],
    };

    #[test]
    fn a_key_alone_is_true_where_the_format_is_declared() {
        let document = crate::testing::parse("logfmt", "cached at=\"router\"\tdyno=web.1 ok");
        assert_eq!(
            (&document["cached"], &document["ok"], &document["at"]),
            (&"true".into(), &"true".into(), &"router".into())
        );
        assert_eq!(crate::testing::parse("", "a=1 b=2 done")["message"], "a=1 b=2 done");
    }
}
