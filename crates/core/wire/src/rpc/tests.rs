use forebay_proto::v1;
use proptest::prelude::*;
use prost::Message;

use super::*;

const LIMITS: Limits = Limits { max_event: 20, max_depth: 4, max_events: 5, max_inflated: 1000 };

fn event(body: &str, id: &str) -> v1::Event {
    v1::Event { body: body.to_owned().into(), id: id.to_owned(), observed_at: 0 }
}

fn encoded(message: &impl Message) -> Bytes {
    Bytes::from(message.encode_to_vec())
}

#[test]
fn events_stay_where_they_are() {
    let request = v1::SendRequest {
        events: vec![event("{\"a\":1}", ""), event("{\"b\" : 2}", "id-2")],
        format: "json".to_owned(),
        source: "s".to_owned(),
        stream: "web-1".to_owned(),
        attributes: vec![v1::Attribute { name: "host".to_owned(), value: "h".to_owned() }],
        observed_at: 7,
        idempotency_key: "k".to_owned(),
        atomic: true,
        traceparent: "broken".to_owned(),
    };
    let message = encoded(&request);
    let call = send_request(&message, LIMITS).unwrap();
    let batch = &call.batch;
    let bodies: Vec<&[u8]> = batch.events.iter().map(|event| &batch.bytes[event.span.clone()]).collect();
    assert_eq!(bodies, [&b"{\"a\":1}"[..], b"{\"b\" : 2}"]);
    assert_eq!(
        (batch.bytes.as_ptr(), batch.given_ids.as_slice()),
        (message.as_ptr(), &[String::new(), "id-2".to_owned()][..])
    );
    let facts = &batch.groups[0].facts;
    assert_eq!((facts.format.as_str(), facts.stream.as_str(), facts.observed_at), ("json", "web-1", 7));
    assert_eq!((facts.attributes.len(), facts.traceparent.as_str()), (1, ""));
    assert_eq!((call.idempotency_key.as_str(), call.atomic), ("k", true));
}

#[test]
fn a_bad_event_harms_no_other() {
    let bodies = ["{\"a\":", "[1]", "{\"aaaaaaaaaaaaaaaaaaaa\":1}", "", "{}"];
    let mut events: Vec<_> = bodies.iter().map(|body| event(body, "")).collect();
    events[4].id = "a\tb".to_owned();
    let request = v1::SendRequest { events, format: "json".to_owned(), ..v1::SendRequest::default() };
    let call = send_request(&encoded(&request), LIMITS).unwrap();
    let refused: Vec<_> = call.batch.rejections.listed().iter().map(|one| (one.line, one.error)).collect();
    let expected =
        [(1, "invalid_json"), (2, "not_an_object"), (3, "too_large"), (4, "malformed"), (5, "invalid_id")];
    assert_eq!((refused, call.batch.events.len()), (expected.to_vec(), 0));
    let answer = v1::SendResponse::decode(&*send_response(0, &call.batch.rejections)).unwrap();
    assert_eq!((answer.rejected, answer.rejections[4].event), (5, 5));
}

#[test]
fn a_message_that_can_not_be_taken_says_why() {
    let many = v1::SendRequest { events: vec![event("x", ""); 6], ..v1::SendRequest::default() };
    assert_eq!(send_request(&encoded(&many), LIMITS).unwrap_err().to_string(), "more than 5 events at once");
    let format = v1::SendRequest { format: "a b".to_owned(), ..v1::SendRequest::default() };
    assert!(send_request(&encoded(&format), LIMITS).unwrap_err().to_string().starts_with("`format` must be"));
    let attributes = vec![v1::Attribute::default(); 100_000];
    let attributes = v1::SendRequest { attributes, ..v1::SendRequest::default() };
    assert_eq!(
        send_request(&encoded(&attributes), LIMITS).unwrap_err().to_string(),
        "`attributes` are more than 128"
    );
    let error = send_request(&Bytes::from_static(b"\x0a\x05ab"), LIMITS).unwrap_err();
    assert_eq!(error.to_string(), "the message is no SendRequest: it ends inside a field, at byte 0");
}

/// Guarantees: what can't be taken has its number all the same; answers are what the schema says.
#[test]
fn a_stream_has_numbers() {
    let batch = v1::SendRequest { events: vec![event("x", "")], ..v1::SendRequest::default() };
    let request = v1::StreamRequest { sequence: 7, batch: Some(batch) };
    let (sequence, call) = stream_request(&encoded(&request), LIMITS).unwrap();
    assert_eq!((sequence, call.unwrap().batch.events.len()), (7, 1));
    let batch = v1::SendRequest { format: "a b".to_owned(), ..v1::SendRequest::default() };
    let (sequence, call) =
        stream_request(&encoded(&v1::StreamRequest { sequence: 8, batch: Some(batch) }), LIMITS).unwrap();
    assert!(sequence == 8 && call.is_err());

    use v1::stream_response::Message as Said;
    let said = |bytes: Vec<u8>| v1::StreamResponse::decode(&*bytes).unwrap().message.unwrap();
    assert_eq!(said(window(16)), Said::Window(v1::Window { batches: 16 }));
    let Said::Ack(ack) = said(ack(7, 3, &Rejections::default())) else { panic!("no ack") };
    assert_eq!((ack.sequence, ack.receipt.unwrap().accepted), (7, 3));
    let Said::Nack(nack) = said(nack(7, "busy", "why", "what", 1500)) else { panic!("no nack") };
    assert_eq!((nack.error.as_str(), nack.retry_after_ms), ("busy", 1500));
}

proptest! {
    #[test]
    fn survives_anything(bytes: Vec<u8>) {
        let bytes = Bytes::from(bytes);
        if let Ok(call) = send_request(&bytes, LIMITS) {
            prop_assert!(call.batch.events.iter().all(|event| bytes.get(event.span.clone()).is_some()));
        }
        let _answer = stream_request(&bytes, LIMITS);
    }
}
