use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::testing::parse;
use crate::tree::{Storage, Tree};

fn read(text: &str) -> Result<(), JsonError> {
    let mut tree = Tree::new(Storage::default());
    scan(text, Limits { depth: 64, nodes: 10_000 }, &mut tree).map(|_| ())
}

#[test]
fn takes_what_the_grammar_has_and_nothing_else() {
    for good in [
        "{}",
        " [ ] ",
        "-0",
        "-0.1e+5",
        "1E400",
        r#""\u00e9\ud83d\ude00\/""#,
        "[1,[2,{\"a\":null}]]",
        "\"\u{7f}é\"",
        "12345678901234567890123",
        "true",
        "{\"a\" : \n1 , \"b\":\t[]}",
    ] {
        assert_eq!(read(good), Ok(()), "{good}");
    }
    for bad in [
        "",
        " ",
        "{",
        "[",
        "\"",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "[1,]",
        "[,1]",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "--1",
        "nul",
        "True",
        "NaN",
        "'a'",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u12",
        "\"a\nb\"",
        "{} {}",
        "{a:1}",
        "{1:1}",
        "//",
        "[1 2]",
        "{\"a\":1 \"b\":2}",
        "\u{a0}1",
        "\"\\",
        "-",
        "[1}",
        "tru",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn says_where_and_what() {
    assert_eq!(read("{\"a\" 1}").unwrap_err().to_string(), "expected `:` at byte 5");
    assert_eq!(read("{\"a\":1").unwrap_err().to_string(), "the text ends before the JSON does");
    assert_eq!(
        read("[\"\u{1}\"]").unwrap_err().to_string(),
        "a string has a bare control character at byte 2"
    );
    assert_eq!(read(&"[".repeat(65)).unwrap_err().to_string(), "nested deeper than 64 levels at byte 64");
}

/// Any JSON whose keys are left alone: no ECS name, no dot, no number out of range, no array of mixed kinds.
fn plain_json() -> impl Strategy<Value = Json> {
    let number = prop_oneof![any::<i64>().prop_map(Json::from), (-1e30..1e30).prop_map(Json::from)];
    let string = any::<String>().prop_map(Json::from);
    let leaf =
        prop_oneof![Just(Json::Null), any::<bool>().prop_map(Json::from), number.clone(), string.clone()];
    let lists = prop_oneof![
        prop::collection::vec(number, 0..4).prop_map(Json::from),
        prop::collection::vec(string, 0..4).prop_map(Json::from),
    ];
    prop_oneof![leaf, lists].prop_recursive(4, 32, 4, |inner| {
        let object = prop::collection::btree_map("x[a-zé\"\\\\\n]{0,6}", inner, 0..5);
        let object = object.prop_map(|members| Json::Object(members.into_iter().collect()));
        prop_oneof![object.clone(), prop::collection::vec(object, 0..3).prop_map(Json::from)]
    })
}

proptest! {
    /// Scenario: any JSON object whose names nobody else uses, printed tightly and prettily.
    /// Guarantees: the document has the same members, value for value, as serde_json reads them.
    #[test]
    fn keeps_every_value(members in prop::collection::btree_map("x[a-z0-9\"\n]{0,8}", plain_json(), 0..60)) {
        let body = Json::Object(members.into_iter().collect());
        for text in [body.to_string(), serde_json::to_string_pretty(&body).unwrap()] {
            let mut document = parse("json", &text);
            let _own = document.as_object_mut().unwrap().remove("@timestamp");
            // Read again, since serde_json's own reading of numbers isn't exact to the last bit.
            prop_assert_eq!(&document, &serde_json::from_str::<Json>(&text).unwrap());
        }
    }

    /// Scenario: text that is nearly JSON. Guarantees: the scanner takes exactly what serde_json takes, but for depth,
    /// numbers that no double holds, and half surrogate pairs.
    #[test]
    fn agrees_with_serde_json(text in r#"[\[\]{}:,"\\ue0-9a-f+.\- ntrueflsd8]{0,24}"#) {
        if let Err(error) = serde_json::from_str::<Json>(&text) {
            let known = ["number out of range", "surrogate", "unexpected end of hex escape"];
            if !known.iter().any(|known| error.to_string().contains(known)) {
                prop_assert!(read(&text).is_err(), "{}", text);
            }
        } else {
            prop_assert_eq!(read(&text), Ok(()));
        }
    }

    /// Scenario: any string, escaped by serde_json. Guarantees: unquoting gives it back.
    #[test]
    fn unquotes_what_was_quoted(text: String) {
        let quoted = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(unquote(&quoted), text);
    }

    /// Scenario: any bytes. Guarantees: the word-wise search finds what a plain one finds.
    #[test]
    fn finds_the_first_special_byte(bytes: Vec<u8>) {
        let plain = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
        prop_assert_eq!(plain_run(&bytes), plain.unwrap_or(bytes.len()));
    }
}
