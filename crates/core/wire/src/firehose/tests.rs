use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { max_event: 20, max_depth: 4, max_events: 600, max_inflated: 10_000 };

fn many(records: &[&str]) -> Vec<u8> {
    let records: Vec<String> =
        records.iter().map(|data| format!(r#"{{"Data":"{}"}}"#, STANDARD.encode(data))).collect();
    format!(r#"{{"DeliveryStreamName":"web","Records":[{}]}}"#, records.join(",")).into_bytes()
}

fn events(batch: &Batch) -> Vec<&str> {
    batch.events.iter().map(|event| std::str::from_utf8(&batch.bytes[event.span.clone()]).unwrap()).collect()
}

fn fault(action: Action, body: &str) -> String {
    put(action, body.as_bytes(), LIMITS).unwrap_err().to_string()
}

#[test]
fn the_target_names_the_action() {
    assert_eq!(Action::from_target("Firehose_20150804.PutRecord"), Some(Action::PutRecord));
    assert_eq!(Action::from_target("Firehose_20150804.PutRecordBatch"), Some(Action::PutRecordBatch));
    assert_eq!(Action::from_target("Firehose_20150804.DeleteDeliveryStream"), None);
    assert_eq!(Action::from_target("Kinesis_20131202.PutRecord"), None);
}

#[test]
fn a_record_is_an_event_with_its_stream() {
    let body = br#"{"DeliveryStreamName":"web-1.x_y","Record":{"Data":"aGVsbG8K"}}"#;
    let put = put(Action::PutRecord, body, LIMITS).unwrap();
    assert_eq!((events(&put.batch), put.records), (vec!["hello"], vec![Record::Taken(0..1)]));
    let attribute = ("aws.firehose.delivery_stream".to_owned(), "web-1.x_y".to_owned());
    assert_eq!(put.batch.groups[0].facts.attributes, [attribute]);
}

/// Scenario: records that are text, joined objects, empty, indented, of several lines, too large in one of their lines,
/// and no base64.
/// Guarantees: each record is taken as a whole or not at all, and its result stands at its place.
#[test]
fn every_record_has_its_result() {
    let given = [
        "text\n",
        "{\"a\":1}\n{\"b\":2}\r\n\n",
        "",
        "{\n\"a\":1}\n",
        "Error\n  at x",
        "{\"a\":1}\nxxxxxxxxxxxxxxxxxxxxx",
        "\n",
    ];
    let mut body = String::from_utf8(many(&given)).unwrap();
    body = body.replace("]}", r#",{"Data":"%%"}]}"#);
    let put = put(Action::PutRecordBatch, body.as_bytes(), LIMITS).unwrap();
    assert_eq!(events(&put.batch), ["text", "{\"a\":1}", "{\"b\":2}", "{\n\"a\":1}", "Error\n  at x"]);
    let [taken @ .., too_large, newline, broken] = &put.records[..] else { panic!("{:?}", put.records) };
    assert_eq!(
        taken,
        [
            Record::Taken(0..1),
            Record::Taken(1..3),
            Record::Taken(3..3),
            Record::Taken(3..4),
            Record::Taken(4..5)
        ]
    );
    assert_eq!(too_large, &Record::Refused("the event has 21 bytes; at most 20 are allowed".to_owned()));
    assert_eq!(newline, &Record::Taken(5..5));
    let Record::Refused(reason) = broken else { panic!("{broken:?}") };
    assert!(reason.starts_with("the data of the record is not base64"), "{reason}");
    assert_eq!(put.batch.rejections.count(), 2);
    let lines: Vec<_> = put.batch.events.iter().map(|event| event.line).collect();
    assert!(lines.is_sorted_by(|one, next| one < next), "{lines:?}");
}

#[test]
fn what_fails_the_whole_request() {
    assert!(fault(Action::PutRecord, "{").starts_with("EOF"));
    assert!(
        fault(Action::PutRecord, r#"{"DeliveryStreamName":"web"}"#).starts_with("missing field `Record`")
    );
    assert!(
        fault(Action::PutRecordBatch, r#"{"DeliveryStreamName":"web","Records":[{"Data":1}]}"#)
            .contains("expected a string")
    );
    assert!(
        fault(Action::PutRecordBatch, r#"{"DeliveryStreamName":"web","Records":{}}"#)
            .contains("expected an array")
    );
    assert_eq!(
        fault(Action::PutRecordBatch, r#"{"DeliveryStreamName":"web","Records":[]}"#),
        "there are no records"
    );
    for name in ["", "a b", &"x".repeat(65)] {
        let body = format!(r#"{{"DeliveryStreamName":"{name}","Records":[]}}"#);
        assert_eq!(fault(Action::PutRecordBatch, &body), FirehoseError::Name.to_string());
    }
    let body = many(&["x"; 501]);
    assert_eq!(put(Action::PutRecordBatch, &body, LIMITS).unwrap_err(), FirehoseError::TooMany(500));
    let few = Limits { max_events: 2, ..LIMITS };
    assert_eq!(
        put(Action::PutRecordBatch, &many(&["x"; 3]), few).unwrap_err(),
        FirehoseError::Overflow(Overflow::Events(2))
    );
}

/// Scenario: a request of Firehose's own. Guarantees: its id, its time and what its headers said are there.
#[test]
fn a_delivery_has_its_id_and_time() {
    let body =
        br#"{"requestId":"r-1","timestamp":1795251598250,"records":[{"data":"aGk="},{"data":"aG8="}]}"#;
    let facts = Facts { source: "x".to_owned(), ..Facts::default() };
    let delivery = delivery(body, facts, LIMITS).unwrap();
    assert_eq!((events(&delivery.batch), delivery.request_id.as_str()), (vec!["hi", "ho"], "r-1"));
    let facts = &delivery.batch.groups[0].facts;
    assert_eq!((facts.observed_at, facts.source.as_str()), (1_795_251_598_250_000_000, "x"));
    assert_eq!(delivery.records, [Record::Taken(0..1), Record::Taken(1..2)]);
}

proptest! {
    /// Scenario: any records. Guarantees: their bytes come back, but for the line's end.
    #[test]
    fn text_comes_back(given in prop::collection::vec("[a-z ]{1,9}\n?", 1..9)) {
        let records: Vec<&str> = given.iter().map(String::as_str).collect();
        let put = put(Action::PutRecordBatch, &many(&records), LIMITS).unwrap();
        let wanted: Vec<&str> = records.iter().map(|text| text.trim_end_matches('\n')).collect();
        prop_assert_eq!(events(&put.batch), wanted);
    }

    /// Scenario: arbitrary bytes. Guarantees: an answer.
    #[test]
    fn survives_anything(body: Vec<u8>, data: Vec<u8>) {
        let _any = put(Action::PutRecord, &body, LIMITS);
        let body = format!(r#"{{"DeliveryStreamName":"a","Records":[{{"Data":"{}"}}]}}"#, STANDARD.encode(&data));
        let put = put(Action::PutRecordBatch, body.as_bytes(), LIMITS).unwrap();
        prop_assert_eq!(put.records.len(), 1);
        let _any = delivery(body.as_bytes(), Facts::default(), LIMITS);
    }
}
