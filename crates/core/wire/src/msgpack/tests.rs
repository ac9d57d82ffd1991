use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// JSON's values as `MessagePack`, each length in one of the forms that it may have.
fn pack(value: &Value, wide: bool, out: &mut Vec<u8>) {
    let mut sized = |small: Option<u8>, wide_marker: u8, len: usize| match small {
        Some(marker) if !wide => out.push(marker | u8::try_from(len).unwrap()),
        _ => {
            out.push(wide_marker);
            out.extend(u32::try_from(len).unwrap().to_be_bytes());
        }
    };
    match value {
        Value::Null => out.push(0xc0),
        Value::Bool(value) => out.push(0xc2 + u8::from(*value)),
        Value::Number(number) => {
            if let Some(number) = number.as_u64() {
                out.push(0xcf);
                out.extend(number.to_be_bytes());
            } else if let Some(number) = number.as_i64() {
                out.push(0xd3);
                out.extend(number.to_be_bytes());
            } else {
                out.push(0xcb);
                out.extend(number.as_f64().unwrap().to_be_bytes());
            }
        }
        Value::String(text) => {
            sized((text.len() < 32).then_some(0xa0), 0xdb, text.len());
            out.extend(text.as_bytes());
        }
        Value::Array(values) => {
            sized((values.len() < 16).then_some(0x90), 0xdd, values.len());
            values.iter().for_each(|value| pack(value, wide, out));
        }
        Value::Object(members) => {
            sized((members.len() < 16).then_some(0x80), 0xdf, members.len());
            for (name, value) in members {
                pack(&Value::from(name.as_str()), wide, out);
                pack(value, wide, out);
            }
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 64.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn json_of(bytes: &[u8]) -> Result<String, MsgpackError> {
    let mut out = Vec::new();
    let end = Transcriber::new(4, 1000).value(bytes, 0, &mut out)?;
    assert_eq!(end, bytes.len());
    Ok(String::from_utf8(out).unwrap())
}

fn fault_of(bytes: &[u8]) -> Fault {
    json_of(bytes).unwrap_err().fault
}

#[test]
fn every_form_of_a_number_is_read() {
    for (bytes, json) in [
        (&b"\x7f"[..], "127"),
        (b"\xe0", "-32"),
        (b"\xcc\xff", "255"),
        (b"\xcd\x01\x00", "256"),
        (b"\xce\xff\xff\xff\xff", "4294967295"),
        (b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615"),
        (b"\xd0\x80", "-128"),
        (b"\xd1\x80\x00", "-32768"),
        (b"\xd2\x80\x00\x00\x00", "-2147483648"),
        (b"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", "-9223372036854775808"),
        (b"\xca\x3f\x00\x00\x00", "0.5"),
        (b"\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00", "0.5"),
        (b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", "null"),
    ] {
        assert_eq!(json_of(bytes).unwrap(), json);
    }
}

#[test]
fn what_json_does_not_know_has_a_form_all_the_same() {
    assert_eq!(json_of(b"\xc4\x02hi").unwrap(), r#""hi""#);
    assert_eq!(json_of(b"\xc5\x00\x02\xff\xfe").unwrap(), r#""//4=""#);
    assert_eq!(json_of(b"\xd4\x05\x01").unwrap(), r#"{"type":5,"data":"AQ=="}"#);
    assert_eq!(
        json_of(b"\xd7\x00\x67\x40\x00\x00\x00\x00\x00\x07").unwrap(),
        r#""2024-11-22T03:52:32.000000007Z""#
    );
    assert_eq!(json_of(b"\xd6\xff\x67\x40\x00\x00").unwrap(), r#""2024-11-22T03:52:32Z""#);
    assert_eq!(
        json_of(b"\xd7\xff\x00\x00\x00\x1c\x67\x40\x00\x00").unwrap(),
        r#""2024-11-22T03:52:32.000000007Z""#
    );
    let before = b"\xc7\x0c\xff\x1d\xcd\x65\x00\xff\xff\xff\xff\xff\xff\xff\xff";
    assert_eq!(json_of(before).unwrap(), r#""1969-12-31T23:59:59.5Z""#);
    // A billion nanoseconds are a second, and no part of one.
    assert_eq!(time(0, b"\x00\x00\x00\x00\x3b\x9a\xca\x00"), None);
}

#[test]
fn keys_become_names() {
    assert_eq!(
        json_of(b"\x84\x07\x01\xc3\x02\xc0\x03\xff\x04").unwrap(),
        r#"{"7":1,"true":2,"null":3,"-1":4}"#
    );
    for key in [&b"\x81\x90\x01"[..], b"\x81\x80\x01", b"\x81\xd4\x05\x01\x01"] {
        assert_eq!(fault_of(key), Fault::Key);
    }
}

#[test]
fn broken_text_is_replaced_and_counted() {
    let mut out = Vec::new();
    let mut transcriber = Transcriber::new(4, 1000);
    let _end = transcriber.value(b"\x92\xa2a\xff\xa1\xfe", 0, &mut out).unwrap();
    assert_eq!((out, transcriber.replaced()), ("[\"a\u{FFFD}\",\"\u{FFFD}\"]".as_bytes().to_vec(), 2));
}

#[test]
fn limits_hold() {
    assert_eq!(json_of(b"\x91\x91\x91\x91\x01").unwrap(), "[[[[1]]]]");
    assert_eq!(fault_of(b"\x91\x91\x91\x91\x91\x01"), Fault::Depth(4));
    assert_eq!(fault_of(b"\xc1"), Fault::Reserved);
    assert_eq!(
        fault_of(&[&b"\xda\x04\x00"[..], &[b'x'; 1024]].concat()),
        Fault::TooLarge { len: 1024, max: 1000 }
    );
    // Four gigabytes, four billion values: announced, not there.
    for announced in [
        &b"\xdb\xff\xff\xff\xff"[..],
        b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
    ] {
        assert_eq!(fault_of(announced), Fault::Ends);
        assert!(Reader::new(announced).skip().is_err());
        let fault = Walk::new(1 << 20).go_on(announced).unwrap_err().fault;
        assert!(matches!(fault, Fault::TooLarge { max: 0x10_0000, .. }));
    }
}

#[test]
fn a_reader_takes_what_it_asks_for() {
    let mut bytes = Vec::new();
    pack(&json!(["tag", {"a": [1, {"b": null}]}, -1]), false, &mut bytes);
    let mut reader = Reader::new(&bytes);
    assert_eq!(reader.map().unwrap_err().to_string(), "expected a map at byte 0");
    assert_eq!(reader.array(), Ok(3));
    assert_eq!(reader.text(), Ok(&b"tag"[..]));
    assert!(reader.clone().map() == Ok(1) && reader.skip().is_ok());
    assert_eq!(reader.head(), Ok(Head::Int(-1)));
    assert!(reader.is_empty() && reader.at() == bytes.len());
    assert_eq!(reader.head().unwrap_err().fault, Fault::Ends);
}

proptest! {
    /// Scenario: any JSON, packed. Guarantees: the same JSON comes out, and both ways of walking find its end.
    #[test]
    fn what_was_packed_comes_back(value in any_json(), wide: bool) {
        let mut bytes = Vec::new();
        pack(&value, wide, &mut bytes);
        let mut out = Vec::new();
        let end = Transcriber::new(8, 1 << 20).value(&bytes, 0, &mut out).unwrap();
        prop_assert_eq!(end, bytes.len());
        prop_assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), value);
        let mut reader = Reader::new(&bytes);
        reader.skip().unwrap();
        prop_assert!(reader.is_empty());
    }

    /// Scenario: a value that comes in pieces, with another one behind it.
    /// Guarantees: its end is found as soon as its last byte is there, and never before.
    #[test]
    fn a_walk_finds_the_end_however_the_bytes_are_cut(value in any_json(), wide: bool, cuts: Vec<prop::sample::Index>) {
        let mut bytes = Vec::new();
        pack(&value, wide, &mut bytes);
        let len = bytes.len();
        bytes.extend(b"\x93\x01");
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).chain([bytes.len()]).collect();
        ends.sort_unstable();
        let mut walk = Walk::new(len);
        for end in ends {
            let found = walk.go_on(&bytes[..end]).unwrap();
            prop_assert_eq!(found, (end >= len).then_some(len));
        }
    }

    /// Scenario: arbitrary bytes that come in pieces.
    /// Guarantees: the same end as at once, or none either. (How much is too much is said as far as it is known by then.)
    #[test]
    fn a_walk_through_anything_ends_the_same(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0x80u8..0xe0], 0..90),
        cuts in prop::collection::vec(0usize..90, 0..9),
    ) {
        let mut ends: Vec<usize> = cuts.into_iter().filter(|cut| *cut < bytes.len()).chain([bytes.len()]).collect();
        ends.sort_unstable();
        let mut walk = Walk::new(64);
        let found = ends.iter().map(|end| walk.go_on(&bytes[..*end])).find(|found| !matches!(found, Ok(None)));
        let whole = Some(Walk::new(64).go_on(&bytes)).filter(|found| !matches!(found, Ok(None)));
        prop_assert_eq!(found.map(Result::ok), whole.map(Result::ok));
    }

    /// Scenario: arbitrary bytes. Guarantees: an answer, and JSON whenever there is one; all readers agree on the end.
    #[test]
    fn survives_anything(bytes: Vec<u8>) {
        let mut out = Vec::new();
        if let Ok(end) = Transcriber::new(8, 1 << 20).value(&bytes, 0, &mut out) {
            prop_assert!(crate::json::Validator::new(9).document(&out).is_ok());
            prop_assert!(simdutf8::basic::from_utf8(&out).is_ok());
            prop_assert_eq!(Walk::new(1 << 20).go_on(&bytes), Ok(Some(end)));
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.skip().map(|()| reader.at()), Ok(end));
        }
        let _any = Walk::new(64).go_on(&bytes);
    }
}
