use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

fn document(text: &[u8]) -> Result<(), JsonError> {
    Validator::new(64).document(text)
}

fn serde_says(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[test]
fn a_fault_names_its_place_and_what_was_expected() {
    let cases: [(&str, &str); 14] = [
        ("", "the JSON ends early, at byte 0"),
        ("{\"a\":1", "the JSON ends early, at byte 6"),
        ("{\"a\"", "the JSON ends early, at byte 4"),
        ("{\"a\" 1}", "expected `:` at byte 5"),
        ("{a:1}", "expected a member's name in double quotes at byte 1"),
        ("{\"a\":1,}", "expected a member's name in double quotes at byte 7"),
        ("{\"a\":1 \"b\":2}", "expected `,` or `}` at byte 7"),
        ("[1 2]", "expected `,` or `]` at byte 3"),
        ("[1,]", "expected a value at byte 3"),
        ("{\"a\":\"\u{0}\"}", "unescaped control character 0x00 in a string at byte 6"),
        ("\"\\x\"", "invalid escape in a string at byte 1"),
        ("\"\\u12g4\"", "invalid escape in a string at byte 1"),
        ("01", "invalid number at byte 0"),
        ("{} {}", "unexpected text after the end of the JSON, at byte 3"),
    ];
    for (text, message) in cases {
        assert_eq!(document(text.as_bytes()).unwrap_err().to_string(), message, "{text}");
    }
}

/// Scenario: 10,000 arrays inside one another. Guarantees: a clear refusal at the limit, and no stack overflow.
#[test]
fn depth_has_a_limit() {
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let error = document(deep.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "nested more than 64 deep at byte 64");
    assert_eq!(Validator::new(10_000).document(deep.as_bytes()), Ok(()));
    assert_eq!(document(("[".repeat(64) + &"]".repeat(64)).as_bytes()), Ok(()));
}

#[test]
fn a_member_is_found_at_the_top_level_only() {
    let mut validator = Validator::new(64);
    let mut find =
        |object: &'static str, name: &str| member(&mut validator, object.as_bytes(), name).unwrap();
    let object = r#" {"a":{"id":"inner"}, "id" : "x\u0031\"" ,"n":-12.5e1,"l":[]} "#;
    assert_eq!(find(object, "id"), Member::Text("x1\"".into()));
    assert_eq!(find(object, "n"), Member::Number("-12.5e1"));
    assert_eq!(find(object, "l"), Member::Other);
    assert_eq!(find(object, "b"), Member::Missing);
    assert_eq!(find("{}", "id"), Member::Missing);
    assert_eq!(find(r#"{"\u0069d":"y"}"#, "id"), Member::Text("y".into()));
    assert_eq!(find(r#"{"id":"\ud800"}"#, "id"), Member::Other);
    assert_eq!(find(r#"{"a:\"id":1,"id":7}"#, "id"), Member::Number("7"));
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,40}".prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(".{0,9}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Scenario: any document, compact or pretty. Guarantees: accepted.
    #[test]
    fn accepts_every_document(value in json()) {
        prop_assert_eq!(document(value.to_string().as_bytes()), Ok(()));
        prop_assert_eq!(document(serde_json::to_string_pretty(&value).unwrap().as_bytes()), Ok(()));
    }

    /// Scenario: documents with one character replaced, removed or put in, and prefixes of documents.
    /// Guarantees: the same verdict as serde_json's.
    #[test]
    fn agrees_with_serde_json_on_damaged_documents(
        value in json(), at: prop::sample::Index, cut in 0usize..3,
        with in prop::sample::select(vec!["", "\"", "\\", "\\u", "{", "}", "[", "]", ",", ":", "0", ".", "e", "-", " ", "\n", "t", "\u{1}", "ü", "/"]),
    ) {
        let mut chars: Vec<char> = value.to_string().chars().collect();
        let at = at.index(chars.len());
        let end = (at + cut).min(chars.len());
        let _removed: Vec<char> = chars.splice(at..end, with.chars()).collect();
        let text: String = chars.into_iter().collect();
        prop_assert_eq!(document(text.as_bytes()).is_ok(), serde_says(&text), "{}", text);
        let half: String = text.chars().take(at).collect();
        prop_assert_eq!(document(half.as_bytes()).is_ok(), serde_says(&half), "{}", half);
    }

    /// Scenario: text made of JSON's own characters. Guarantees: the same verdict as serde_json's.
    #[test]
    fn agrees_with_serde_json_on_noise(text in r#"[\[\]{}:,"\\0-9eE+.\-tfnrulas \n]{0,24}"#) {
        prop_assert_eq!(document(text.as_bytes()).is_ok(), serde_says(&text), "{}", text);
    }

    /// Scenario: arbitrary bytes. Guarantees: an answer whose place lies inside of them.
    #[test]
    fn survives_anything(bytes: Vec<u8>, name: String) {
        if let Err(error) = document(&bytes) {
            prop_assert!(error.at <= bytes.len());
        }
        let _any = member(&mut Validator::new(8), &bytes, &name);
    }
}
