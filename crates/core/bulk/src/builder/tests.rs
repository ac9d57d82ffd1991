use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn lines(body: &[u8]) -> Vec<Value> {
    assert_eq!(body.last(), Some(&b'\n'));
    body.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

#[test]
fn the_body_is_an_action_and_a_document_per_item() {
    let mut builder = BulkBuilder::new();
    builder.push("logs-1", "a", br#"{"n":1}"#, 7).unwrap();
    builder.push("logs-1", "b", br#"{"n":2}"#, 8).unwrap();
    builder.push("logs-2", "c", br#"{"n":3}"#, 9).unwrap();
    let expected = concat!(
        r#"{"create":{"_index":"logs-1","_id":"a"}}"#,
        "\n",
        r#"{"n":1}"#,
        "\n",
        r#"{"create":{"_index":"logs-1","_id":"b"}}"#,
        "\n",
        r#"{"n":2}"#,
        "\n",
        r#"{"create":{"_index":"logs-2","_id":"c"}}"#,
        "\n",
        r#"{"n":3}"#,
        "\n",
    );
    assert_eq!((builder.len(), builder.bytes()), (3, expected.len()));
    assert_eq!(builder.finish().body(), expected.as_bytes());
    assert!(builder.is_empty());
    assert_eq!(builder.bytes(), 0);
}

/// Scenario: a document with a newline, or an empty one, among good ones.
/// Guarantees: it is refused, and the body is as if it had never been there.
#[test]
fn what_would_shift_the_lines_is_refused() {
    let mut builder = BulkBuilder::new();
    for bad in [&b""[..], b"\n", b"{\"a\":\n1}", b"{}\n"] {
        assert_eq!(builder.push("t", "i", bad, 0), Err(PushError::NotOneLine));
    }
    builder.push("t", "i", b"{}", 0).unwrap();
    assert_eq!(builder.finish().len(), 1);
}

#[test]
fn a_body_has_an_end() {
    let mut builder = BulkBuilder::new();
    let long = vec![b' '; MAX_BODY / 2];
    builder.push("t", "1", &long, 0).unwrap();
    assert_eq!(builder.push("t", "2", &long, 0), Err(PushError::Full));
    assert_eq!(builder.len(), 1);
}

proptest! {
    /// Scenario: any targets, ids and documents.
    /// Guarantees: every line of the body is JSON, and the actions name the targets and ids as they were given.
    #[test]
    fn the_body_is_valid_whatever_the_names(
        items in proptest::collection::vec(("\\PC{1,8}|[\"\\\\\u{0}-\u{1f}]{1,4}", "(?s).{0,20}", ".{0,20}"), 1..20),
    ) {
        let mut builder = BulkBuilder::new();
        let mut expected = Vec::new();
        for (number, (target, id, text)) in items.iter().enumerate() {
            let document = json!({ "text": text });
            builder.push(target, id, document.to_string().as_bytes(), u32::try_from(number).unwrap()).unwrap();
            expected.push(json!({ "create": { "_index": target, "_id": id } }));
            expected.push(document);
        }
        let request = builder.finish();
        prop_assert_eq!(lines(request.body()), expected);
        for (item, (target, id, _)) in request.items().zip(&items) {
            prop_assert_eq!(&*item.target, target.as_str());
            prop_assert_eq!(&*item.id, id.as_str());
        }
    }
}
