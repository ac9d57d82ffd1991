use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { max_event: 100, max_depth: 4, max_events: 10, max_inflated: 1000 };

/// `{"log":"x"}`
const RECORD: &[u8] = b"\x81\xa3log\xa1x";

fn events(batch: &Batch) -> Vec<(usize, u64, &str)> {
    let text = |span: std::ops::Range<usize>| std::str::from_utf8(&batch.bytes[span]).unwrap();
    batch.events.iter().map(|event| (event.line, event.observed_at, text(event.span.clone()))).collect()
}

fn fault(body: &[u8]) -> String {
    chunk(body, LIMITS, None).unwrap_err().to_string()
}

/// Scenario: every form of an entry that versions of Fluent Bit wrote, and what begins and ends a group.
/// Guarantees: each record is an event with its time; what is none leaves nothing.
#[test]
fn all_forms_of_entries_are_read() {
    let time = b"\xd7\x00\x67\x40\x00\x00\x00\x00\x00\x07";
    let mut body = Vec::new();
    for head in [
        &b"\x92"[..],
        b"\x92\x92",
        b"\x92\xce\x67\x40\x00\x00",
        b"\x92\xcb\x41\xd9\xd0\x00\x00\x20\x00\x00",
        b"",
    ] {
        body.extend(head);
        match head {
            b"\x92" => body.extend(time),
            b"\x92\x92" => body.extend([&time[..], b"\x81\xa1a\x01"].concat()),
            _ => {}
        }
        body.extend(RECORD);
    }
    body.extend(b"\x92\x92\xd7\x00\xff\xff\xff\xff\x00\x00\x00\x00\x80\x80");
    body.extend(b"\x92\x92\xff\x80\x80");
    let batch = chunk(&body, LIMITS, None).unwrap();
    const SECONDS: u64 = 0x6740_0000 * 1_000_000_000;
    let json = r#"{"log":"x"}"#;
    assert_eq!(
        events(&batch),
        [
            (1, SECONDS + 7, json),
            (2, SECONDS + 7, json),
            (3, SECONDS, json),
            (4, SECONDS + 500_000_000, json),
            (5, 0, json),
        ]
    );
    assert_eq!((batch.groups.len(), batch.groups[0].facts.format.as_str()), (1, "json"));
}

/// Scenario: bad records among good ones. Guarantees: refused alone, and ids stay with the events that are taken.
#[test]
fn one_bad_record_never_harms_its_neighbours() {
    let long = [&b"\x82\xa2id\xa1l\xa1m\xd9\x61"[..], &[b'x'; 97]].concat();
    let records: [&[u8]; 6] = [
        b"\x81\xa2id\x07",
        b"\x92\x01\xa1x",
        b"\x81\xa1a\x91\x91\x91\x91\x01",
        b"\x81\xa1a\x01",
        &long,
        b"\x81\xa2id\xa1b",
    ];
    let batch = chunk(&records.concat(), LIMITS, Some("id")).unwrap();
    let lines: Vec<_> = batch.events.iter().map(|event| event.line).collect();
    assert_eq!((lines, batch.given_ids), (vec![1, 6], vec!["7".to_owned(), "b".to_owned()]));
    let refused: Vec<_> = batch.rejections.listed().iter().map(|one| (one.line, one.error)).collect();
    assert_eq!(refused, [(2, "not_an_object"), (3, "too_deep"), (4, "invalid_id"), (5, "too_large")]);
}

#[test]
fn what_fails_the_whole_body() {
    assert_eq!(fault(b""), "the body is empty");
    assert_eq!(fault(b"{\"log\":1}"), "entry 1: expected an array at byte 0");
    assert_eq!(
        fault(&[RECORD, b"\x93\x01\x02\x03"].concat()),
        "entry 2: expected a time and a record at byte 7"
    );
    assert_eq!(fault(&[RECORD, b"\x92\x01"].concat()), "entry 2: the MessagePack ends early, at byte 7");
    assert_eq!(fault(b"\x92\xa1t\x80"), "entry 1: expected a time at byte 1");
    assert_eq!(fault(&[0x80; 11]), "more than 10 events at once");
}

#[test]
fn the_content_type_is_known() {
    assert!(is_msgpack(Some("Application/MsgPack; x=y")) && is_msgpack(Some("application/x-msgpack")));
    assert!(!is_msgpack(None) && !is_msgpack(Some("application/json")));
}

proptest! {
    /// Scenario: arbitrary bytes, and the beginning of an entry before them. Guarantees: an answer within the limits.
    #[test]
    fn survives_anything(body: Vec<u8>, begun: bool) {
        let body = [if begun { &b"\x92\x01"[..] } else { b"" }, &body].concat();
        if let Ok(batch) = chunk(&body, LIMITS, None) {
            prop_assert!(batch.bytes.len() <= LIMITS.max_inflated);
            for event in &batch.events {
                prop_assert!(Validator::new(9).document(&batch.bytes[event.span.clone()]).is_ok());
            }
        }
    }
}
