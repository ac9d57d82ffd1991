//! What checks share: an event, and a look at documents.

use std::fmt::Debug;
use std::sync::Arc;

use forebay_convert::{Documents, Outcome};
use forebay_parse::{Guards, ParseConfig};
use forebay_record::RawEvent;
use forebay_rules::{CompileOptions, Lane, NewTargets, RuleFiles, Rules, Setting, compile};
use serde_json::Value;

/// 2026-11-21T09:00:00Z, when all events are received, in milliseconds since the Unix epoch.
pub(crate) const NOW_MS: i64 = 1_795_251_600_000;

/// An event with this body.
pub(crate) fn event<'a>(format: &'a str, body: &'a [u8]) -> RawEvent<'a> {
    RawEvent {
        id: "1",
        tenant: "acme",
        source: "http",
        format,
        received_at: NOW_MS.unsigned_abs() * 1_000_000,
        stream: "web-1/app",
        body,
        ..RawEvent::default()
    }
}

/// Holds a document against what every document is: one line of JSON, an object, `@timestamp` first.
///
/// # Panics
/// When it is none.
pub(crate) fn document(bytes: &[u8]) -> Value {
    assert!(bytes.starts_with(br#"{"@timestamp":""#), "{}", String::from_utf8_lossy(bytes));
    assert!(!bytes.iter().any(|byte| *byte < 0x20));
    let document: Value = serde_json::from_slice(bytes).expect("a document is JSON");
    assert!(document.is_object());
    document
}

/// Has bytes read in one piece and in two, cut where the first two bytes of the input say: the same has to come of both. Gives the bytes;
/// `None` for an input that has no such first two.
///
/// # Panics
/// When something else comes of it.
pub(crate) fn whole_and_cut<T: Debug + PartialEq>(
    input: &[u8],
    read: impl Fn(&[&[u8]]) -> T,
) -> Option<&[u8]> {
    let (cut, bytes) = input.split_first_chunk()?;
    let cut = usize::from(u16::from_be_bytes(*cut));
    let (head, tail) = bytes.split_at(cut.min(bytes.len()));
    assert_eq!(read(&[bytes]), read(&[head, tail]));
    Some(bytes)
}

/// The parts of an input: what stands between bytes 0xFF, which no text has. At most `N`; those that aren't there are empty.
pub(crate) fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut found = data.splitn(N, |byte| *byte == 0xFF);
    std::array::from_fn(|_| found.next().unwrap_or_default())
}

/// A lane that applies these rules, with little room for fields and targets.
///
/// # Panics
/// When the parser's configuration can't be used.
pub(crate) fn lane(rules: Rules) -> Lane {
    let setting = Setting {
        parse: ParseConfig::default(),
        guards: Guards { max_fields: 100, budget: None, all_events: true },
        targets: Arc::new(NewTargets::new(10)),
    };
    Lane::new(Arc::new(rules), &setting).expect("the configuration is right")
}

/// What is made once in a process, when the first event is refused, takes longer than an input may: it is made before.
///
/// # Panics
/// When a broken event isn't refused.
pub fn refuse_one() {
    let (rules, _warnings) =
        compile(&RuleFiles::new(), &CompileOptions::default()).expect("no rules are right");
    let outcome = lane(rules).apply(&event("json", b"{"), NOW_MS, &mut Documents::default());
    assert!(matches!(outcome, Outcome::Refused(_)));
}
