use proptest::prelude::*;

use super::*;
use crate::protobuf::{push_bytes, push_text, push_varint};

const LIMITS: Limits = Limits { max_event: 20, max_depth: 4, max_events: 10, max_inflated: 100_000 };

/// A line as tests see it: its number, time, text and attributes.
type Line<'a> = (usize, u64, &'a [u8], Vec<(&'a str, &'a str)>);

fn lines(batch: &Batch) -> Vec<Line<'_>> {
    let facts = batch.groups.iter().flat_map(|group| std::iter::repeat_n(&group.facts, group.len));
    batch
        .events
        .iter()
        .zip(facts)
        .map(|(event, facts)| {
            let attributes = facts.attributes.iter().map(|(name, value)| (&name[..], &value[..])).collect();
            (event.line, event.observed_at, &batch.bytes[event.span.clone()], attributes)
        })
        .collect()
}

fn refused(batch: &Batch) -> Vec<(usize, &str)> {
    batch.rejections.listed().iter().map(|one| (one.line, one.reason.as_str())).collect()
}

fn json(body: &str) -> Batch {
    push_json(body.as_bytes(), LIMITS).unwrap()
}

/// Scenario: two streams, the members of one in the other order, metadata at one line.
/// Guarantees: lines with their times and labels, escapes resolved; metadata says more than a label of the same name.
#[test]
fn json_has_streams_of_lines() {
    let batch = json(
        r#"{"streams": [
            {"stream": {"app": "web", "host": "a"}, "values": [
                ["1795251598000000007", "one\n\u00e9"],
                ["2", "two", {"host": "b", "user.id": "7"}],
                [3, "three"]]},
            {"values": [["4", ""]], "stream": {}}]}"#,
    );
    let labels = vec![("app", "web"), ("host", "a")];
    assert_eq!(
        lines(&batch),
        [
            (1, 1_795_251_598_000_000_007, "one\né".as_bytes(), labels.clone()),
            (2, 2, b"two", vec![("app", "web"), ("host", "b"), ("user.id", "7")]),
            (3, 3, b"three", labels),
            (4, 4, b"", vec![]),
        ]
    );
    assert_eq!(batch.groups.len(), 4);
}

/// Scenario: streams with labels that are none, too many, too long; lines that are too long or have no time.
/// Guarantees: each is refused alone, with its reason.
#[test]
fn what_is_wrong_harms_nothing_else() {
    let many: Vec<String> = (0..129).map(|at| format!(r#""l{at}":"x""#)).collect();
    let long = "x".repeat(8192);
    let batch = json(&format!(
        r#"{{"streams": [
            {{"stream": {{"a b": "c"}}, "values": [["1", "x"], ["2", "y"]]}},
            {{"stream": {{{}}}, "values": [["3", "x"]]}},
            {{"stream": {{"a": "{long}"}}, "values": [["4", "x"]]}},
            {{"stream": {{"a": "b"}}, "values": [
                ["5", "{}"], ["then", "x"], ["-7", "x"], ["8", "x", {{"b": "{long}"}}], ["9", "x"]]}},
            {{"stream": {{"a": "b", "a": "c"}}, "values": []}}]}}"#,
        many.join(","),
        "y".repeat(21),
    ));
    assert_eq!(lines(&batch), [(9, 9, &b"x"[..], vec![("a", "b")])]);
    let name = "label names are letters, digits and underscores, and begin with no digit; `a b` is none";
    let time = "the time is not a number of nanoseconds since 1970";
    assert_eq!(
        refused(&batch),
        [
            (1, name),
            (2, name),
            (3, "more than 128 labels and metadata"),
            (4, "labels and metadata have 8193 bytes; at most 8192 are allowed"),
            (5, "the event has 21 bytes; at most 20 are allowed"),
            (6, time),
            (7, time),
            (8, "labels and metadata have 8195 bytes; at most 8192 are allowed"),
        ]
    );
}

#[test]
fn what_fails_the_whole_body() {
    let fault = |body: &str| push_json(body.as_bytes(), LIMITS).unwrap_err().to_string();
    assert!(fault("").starts_with("EOF"));
    assert!(fault("{}").starts_with("missing field `streams`"));
    assert!(fault(r#"{"streams":[{"stream":{"a":1},"values":[]}]}"#).contains("expected a string"));
    assert!(fault(r#"{"streams":[{"stream":{},"values":[["1"]]}]}"#).contains("invalid length 1"));
    assert!(fault(r#"{"streams":[{"stream":{},"values":[["1","x",{},4]]}]}"#).contains("invalid length 4"));
    let entries = r#"["1","x"],"#.repeat(11);
    let body = format!(r#"{{"streams":[{{"stream":{{}},"values":[{}]}}]}}"#, entries.trim_end_matches(','));
    assert_eq!(fault(&body), "more than 10 events at once");
    assert!(
        push_protobuf(b"\x0a\x05xx", LIMITS)
            .unwrap_err()
            .to_string()
            .starts_with("the body is no PushRequest")
    );
}

/// Scenario: tiny lines with metadata beside large labels, so that each line would hold a copy of them.
/// Guarantees: refused as a whole once that grows beyond the limit.
#[test]
fn metadata_can_not_take_all_memory() {
    let limits = Limits { max_events: 1_000_000, ..LIMITS };
    let entries = r#"["1","",{"b":""}],"#.repeat(100);
    let body = format!(
        r#"{{"streams":[{{"stream":{{"a":"{}"}},"values":[{}]}}]}}"#,
        "x".repeat(8000),
        entries.trim_end_matches(',')
    );
    assert_eq!(
        push_json(body.as_bytes(), limits).unwrap_err(),
        LokiError::Overflow(Overflow::Bytes(100_000))
    );
}

/// Seconds, nanoseconds, text and metadata.
type Entry<'a> = (u64, u64, &'a [u8], &'a [(&'a str, &'a str)]);

/// A `PushRequest` with one stream.
fn request(labels: &str, entries: &[Entry<'_>]) -> Vec<u8> {
    let (mut out, mut stream) = (Vec::new(), Vec::new());
    for (seconds, nanos, line, metadata) in entries {
        let (mut entry, mut time) = (Vec::new(), Vec::new());
        push_varint(&mut time, 1, *seconds);
        push_varint(&mut time, 2, *nanos);
        push_bytes(&mut entry, 1, &time);
        push_bytes(&mut entry, 2, line);
        for (name, value) in *metadata {
            let mut pair = Vec::new();
            push_text(&mut pair, 1, name);
            push_text(&mut pair, 2, value);
            push_bytes(&mut entry, 3, &pair);
        }
        push_bytes(&mut stream, 2, &entry);
    }
    // Labels behind the entries: no order is promised.
    push_text(&mut stream, 1, labels);
    push_bytes(&mut out, 1, &stream);
    out
}

#[test]
fn protobuf_has_streams_of_lines() {
    let mut body = request(
        r#"{app="web"}"#,
        &[(1_795_251_598, 7, b"caf\xe9", &[]), (u64::MAX, 0, b"early", &[]), (0, 0, b"none", &[("k", "v")])],
    );
    body.extend(request("{app=web}", &[(1, 0, b"x", &[])]));
    let batch = push_protobuf(&body, LIMITS).unwrap();
    let web = ("app", "web");
    assert_eq!(
        lines(&batch),
        [
            (1, 1_795_251_598_000_000_007, &b"caf\xe9"[..], vec![web]),
            (2, 0, b"early", vec![web]),
            (3, 0, b"none", vec![web, ("k", "v")]),
        ]
    );
    assert_eq!(refused(&batch), [(4, "expected a value in quotes at byte 5 of the labels")]);
}

/// Scenario: a line with ten thousand pairs of metadata, and a stream with as many labels, in both encodings.
/// Guarantees: refused alone, and a few more than may be is all that is kept of them.
#[test]
fn too_many_pairs_are_refused_and_not_kept() {
    let names: Vec<String> = (0..10_000).map(|at| format!("l{at}")).collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let labels =
        format!("{{{}}}", names.iter().map(|name| format!("{name}=\"x\"")).collect::<Vec<_>>().join(","));
    let mut body = request("{a=\"b\"}", &[(1, 0, b"x", &pairs), (2, 0, b"y", &[])]);
    body.extend(request(&labels, &[(3, 0, b"z", &[])]));
    let batch = push_protobuf(&body, LIMITS).unwrap();
    let reason = "more than 128 labels and metadata";
    assert_eq!((lines(&batch).len(), refused(&batch)), (1, vec![(1, reason), (3, reason)]));
    let object: serde_json::Map<_, _> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let text = serde_json::json!({"streams": [
        {"stream": object, "values": [["1", "x"]]},
        {"stream": {}, "values": [["1", "x", object]]},
    ]});
    assert_eq!(refused(&json(&text.to_string())), [(1, reason), (2, reason)]);
    assert!(labels::parse(&labels).unwrap().len() <= 129);
}

proptest! {
    /// Scenario: the same lines in both encodings. Guarantees: the same batch.
    #[test]
    fn both_encodings_say_the_same(
        entries in prop::collection::vec((0u64..1 << 33, 0u64..1_000_000_000, ".{0,5}", prop::option::of(".{0,5}")), 0..9),
        label in ".{0,9}",
    ) {
        let quoted = label.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
        let pairs: Vec<Vec<(&str, &str)>> =
            entries.iter().map(|(.., own)| own.iter().map(|value| ("own", value.as_str())).collect()).collect();
        let binary: Vec<_> = entries
            .iter()
            .zip(&pairs)
            .map(|((seconds, nanos, line, _), own)| (*seconds, *nanos, line.as_bytes(), own.as_slice()))
            .collect();
        let values: Vec<serde_json::Value> = entries
            .iter()
            .map(|(seconds, nanos, line, own)| {
                let time = (seconds * 1_000_000_000 + nanos).to_string();
                own.as_ref().map_or_else(
                    || serde_json::json!([time, line]),
                    |own| serde_json::json!([time, line, {"own": own}]),
                )
            })
            .collect();
        let text = serde_json::json!({"streams": [{"stream": {"l": label}, "values": values}]}).to_string();
        let from_json = json(&text);
        let from_binary = push_protobuf(&request(&format!("{{l=\"{quoted}\"}}"), &binary), LIMITS).unwrap();
        prop_assert_eq!(lines(&from_json), lines(&from_binary));
        prop_assert_eq!(from_json.groups, from_binary.groups);
    }

    /// Scenario: arbitrary bytes, and a broken end of a good request. Guarantees: an answer.
    #[test]
    fn survives_anything(body: Vec<u8>, cut: prop::sample::Index) {
        let _any = push_json(&body, LIMITS);
        let _any = push_protobuf(&body, LIMITS);
        let good = request("{a=\"b\"}", &[(1, 2, b"x", &[("k", "v")])]);
        let _any = push_protobuf(&good[..cut.index(good.len())], LIMITS);
    }
}
