//! Where a trace goes on: what records say of it.

use std::collections::BTreeMap;

use bytes::Bytes;
use forebay_proto::v1;
use forebay_record::TraceContext;
use forebay_settings::Settings;
use forebay_wire::grpc::framed;
use prost::Message;

use crate::call::Client;
use crate::harness::{Ingest, started};

/// A trace that the sender records and ingest doesn't, at one in two.
const NOT_CHOSEN: u128 = 0x77;

fn of(trace: u128) -> TraceContext {
    TraceContext { trace, span: 9, sampled: true }
}

/// Spans go nowhere; which requests are traced is the same.
fn traced(one_in: u64) -> impl FnOnce(&mut Settings) {
    move |settings| {
        let port = forebay_testkit::free_port().unwrap();
        settings.telemetry.traces.endpoint = Some(format!("http://127.0.0.1:{port}/v1/traces"));
        settings.telemetry.traces.sample_one_in = one_in;
    }
}

async fn post(ingest: &Ingest, path: &str, trace: Option<TraceContext>, body: &str) {
    let request = ingest.client.post(format!("http://{}{path}", ingest.address)).body(body.to_owned());
    let request = request.header("content-type", "application/x-ndjson");
    let request = match trace {
        Some(trace) => request.header("traceparent", trace.to_string()),
        None => request,
    };
    assert_eq!(request.send().await.unwrap().status(), 200, "{path}");
}

/// What the events' records say, by the events' bodies.
async fn stop(ingest: Ingest) -> BTreeMap<String, Option<TraceContext>> {
    let stored = ingest.stop().await;
    let told = stored.into_iter().map(|event| {
        let context = TraceContext::read(&event.trace);
        assert_eq!(context.is_some(), !event.trace.is_empty(), "{}", event.trace);
        (String::from_utf8(event.body).unwrap(), context)
    });
    told.collect()
}

/// Scenario: requests of several protocols with a trace each, in their heads, in the metadata of a call, and in its message.
/// Guarantees: the trace goes on in the records, under a span of ours that is recorded; a request without one begins a new trace.
#[tokio::test]
async fn a_senders_trace_goes_on() {
    let ingest = started(traced(1)).await;
    post(&ingest, "/v1/ingest", Some(of(1)), r#"{"n":1}"#).await;
    post(&ingest, "/logs/_bulk", Some(of(2)), "{\"create\":{}}\n{\"n\":2}\n").await;
    post(&ingest, "/v1/ingest", None, r#"{"n":3}"#).await;
    let client = Client::connect(ingest.address, None).await;
    let event = |body: &str| v1::Event { body: Bytes::from(body.to_owned()), ..v1::Event::default() };
    let by_head = v1::SendRequest { events: vec![event(r#"{"n":4}"#)], ..v1::SendRequest::default() };
    let header = of(4).to_string();
    let message = framed(&by_head.encode_to_vec());
    let ended = client.raw("/forebay.v1.Ingest/Send", &[("traceparent", &header)], message).await;
    assert_eq!(ended.code, 0, "{}", ended.message);
    let by_message = v1::SendRequest {
        events: vec![event(r#"{"n":5}"#)],
        traceparent: of(5).to_string(),
        ..v1::SendRequest::default()
    };
    assert_eq!(client.call("/forebay.v1.Ingest/Send", &by_message.encode_to_vec()).await.code, 0);

    let told = stop(ingest).await;
    assert_eq!(told.len(), 5);
    for (body, context) in told {
        let context = context.unwrap();
        assert!(context.sampled && context.span != 9, "{body}");
        match body.as_str() {
            r#"{"n":3}"# => assert!(context.trace > 5),
            _ => assert_eq!(format!("{{\"n\":{}}}", context.trace), body),
        }
    }
}

/// Scenario: traces that aren't chosen, or aren't recorded by their senders, beside one that is; then the same without tracing at all.
/// Guarantees: records say nothing of what isn't traced.
#[tokio::test]
async fn what_is_not_traced_is_not_told() {
    let ingest = started(traced(2)).await;
    post(&ingest, "/v1/ingest", Some(of(NOT_CHOSEN)), r#"{"n":1}"#).await;
    post(&ingest, "/v1/ingest", Some(of((1 << 56) - 1)), r#"{"n":2}"#).await;
    let unrecorded = TraceContext { sampled: false, ..of((1 << 56) - 1) };
    post(&ingest, "/v1/ingest", Some(unrecorded), r#"{"n":3}"#).await;
    let told = stop(ingest).await;
    let traces: Vec<_> = told.values().map(|context| context.map(|context| context.trace)).collect();
    assert_eq!(traces, [None, Some((1 << 56) - 1), None]);

    let ingest = started(|_| {}).await;
    post(&ingest, "/v1/ingest", Some(of(1)), r#"{"n":1}"#).await;
    assert_eq!(stop(ingest).await.values().collect::<Vec<_>>(), [&None]);
}

/// Scenario: one request in a thousand is to be traced, and a sender gives each of its own an id that is chosen.
/// Guarantees: a few are traced, as many as chance might bring together, and of the others nothing is in their records.
#[tokio::test]
async fn a_sender_can_not_have_all_its_requests_traced() {
    let ingest = started(traced(1_000)).await;
    for n in 0..40 {
        post(&ingest, "/v1/ingest", Some(of((1 << 56) - 1)), &format!(r#"{{"n":{n}}}"#)).await;
    }
    let told = stop(ingest).await;
    assert_eq!((told.len(), told.values().flatten().count()), (40, 32));
}
