//! Traces, from a sender's request to the bulk request, as a collector of the OpenTelemetry project gets them; on real Kafka and
//! Elasticsearch.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use forebay_record::TraceContext;
use forebay_settings::{Period, Settings};
use forebay_tests::collector::{Collector, SeenSpan};
use forebay_tests::{Backend, Stack};
use tokio::net::TcpListener;

const JSON: &str = "application/json";

/// The kinds of spans, as the protocol numbers them.
const SERVER: i64 = 2;
const CLIENT: i64 = 3;
const PRODUCER: i64 = 4;
const CONSUMER: i64 = 5;

fn traced(endpoint: String, one_in: u64) -> impl FnOnce(&mut Settings) {
    move |settings| {
        settings.telemetry.traces.endpoint = Some(endpoint);
        settings.telemetry.traces.sample_one_in = one_in;
    }
}

/// Sends an event as part of a trace.
async fn send(stack: &Stack, trace: TraceContext, event: &'static str) -> Result<()> {
    let request = stack.post("")?.header("content-type", JSON).header("traceparent", trace.to_string());
    let _taken = request.body(event).send().await?.error_for_status()?;
    Ok(())
}

/// Scenario: two senders, each with a trace of its own, bring an event each, and both documents get into one bulk request.
/// Guarantees: the collector has one chain of spans for each, from the sender's span through all tiers to the bulk request, named by the
/// conventions; the spans that both had to do with are linked; the documents have the senders' spans, not ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_shows_an_events_way_through_all_tiers() -> Result<()> {
    let collector = Collector::start().await?;
    let stack = Stack::start(Backend::Elasticsearch, |settings| {
        traced(collector.endpoint(), 1)(settings);
        // A load is full with both of them, and waits for long for the second.
        settings.indexer.bulk_documents = 2;
        settings.indexer.bulk_wait = Period::from_secs(60);
    })
    .await?;
    let one = TraceContext { trace: 0xa1, span: 0x51, sampled: true };
    let two = TraceContext { trace: 0xa2, span: 0x52, sampled: true };
    send(&stack, one, r#"{"message":"one"}"#).await?;
    send(&stack, two, r#"{"message":"two"}"#).await?;
    let documents = stack.wait_for_documents(2).await?;

    let topics = stack.settings.kafka.topics.clone();
    let (raw, events) = (topics.raw.as_str(), topics.events.as_str());
    for (context, other) in [(one, two), (two, one)] {
        let trace = format!("{:032x}", context.trace);
        let chain = collector.wait_for_trace(&trace, 5).await?;
        let seen: Vec<_> = chain.iter().map(|s| (s.service.as_str(), s.name.as_str(), s.kind)).collect();
        let expected = [
            ("forebay-ingest", "ingest.receive", SERVER),
            ("forebay-ingest", &format!("send {raw}"), PRODUCER),
            ("forebay-parser", &format!("process {raw}"), CONSUMER),
            ("forebay-parser", &format!("send {events}"), PRODUCER),
            ("forebay-indexer", "indexer.bulk", CLIENT),
        ];
        assert_eq!(seen, expected);
        assert_eq!(chain[0].parent, format!("{:016x}", context.span));
        assert!(chain.iter().all(|span| span.error.is_none()), "{chain:#?}");
        let attribute = |span: &SeenSpan, name: &str| span.attributes.get(name).cloned().unwrap_or_default();
        assert_eq!(attribute(&chain[0], "forebay.protocol"), "http");
        assert_eq!(attribute(&chain[2], "messaging.consumer.group.name"), stack.settings.parser.group);
        for (span, topic) in [(&chain[1], raw), (&chain[2], raw), (&chain[3], events)] {
            assert_eq!(attribute(span, "messaging.system"), "kafka");
            assert_eq!(attribute(span, "messaging.destination.name"), topic);
            assert_eq!(attribute(span, "messaging.batch.message_count"), "1");
        }
        assert_eq!(attribute(&chain[4], "db.operation.batch.size"), "2");
        assert_eq!(chain[4].links, [format!("{:032x}", other.trace)]);
    }
    let mut spans = BTreeSet::new();
    for hit in documents.values() {
        let document: serde_json::Value = serde_json::from_str(hit.document.get())?;
        let _new = spans.insert(document["span"]["id"].as_str().context("no span.id")?.to_owned());
    }
    assert_eq!(spans, BTreeSet::from(["0000000000000051".to_owned(), "0000000000000052".to_owned()]));
    stack.stop().await
}

/// Scenario: one request in four is to be traced; requests come with traces of their own, evenly spread, and with ones that their
/// senders don't record.
/// Guarantees: a quarter is traced, each of these as a whole, and nothing of the others, up to the end of the processes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_in_so_many_is_traced() -> Result<()> {
    let collector = Collector::start().await?;
    let mut stack = Stack::start(Backend::Elasticsearch, traced(collector.endpoint(), 4)).await?;
    let traces: Vec<TraceContext> =
        (0..16).map(|n| TraceContext { trace: (1 << 64) + (n << 52) + 1, span: 7, sampled: true }).collect();
    for trace in &traces {
        send(&stack, *trace, r#"{"message":"one of many"}"#).await?;
        let unrecorded = TraceContext { trace: trace.trace + 1, sampled: false, ..*trace };
        send(&stack, unrecorded, r#"{"message":"not recorded"}"#).await?;
    }
    let _all = stack.wait_for_documents(32).await?;
    let chosen: Vec<String> = traces
        .iter()
        .filter(|trace| trace.is_chosen(4))
        .map(|trace| format!("{:032x}", trace.trace))
        .collect();
    assert_eq!(chosen.len(), 4);
    for trace in &chosen {
        let _whole = collector.wait_for_trace(trace, 5).await?;
    }
    stack.stop_tiers().await?;
    let seen: BTreeSet<String> = collector.spans().into_iter().map(|span| span.trace).collect();
    assert_eq!(seen, BTreeSet::from_iter(chosen));
    stack.stop().await
}

/// Scenario: every request is traced, and the collector takes connections and never answers.
/// Guarantees: every event is acknowledged and indexed once, and the tiers stop all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_collector_loses_no_logs() -> Result<()> {
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}/v1/traces", silent.local_addr()?);
    let stack = Stack::start(Backend::Elasticsearch, traced(endpoint, 1)).await?;
    for _request in 0..50 {
        let lines: String = (0..20).map(|n| format!("line {n}\n")).collect();
        stack.send_ok("", "text/plain", lines).await?;
    }
    let _all = stack.wait_for_documents(1_000).await?;
    assert!(stack.dead_letters().await?.is_empty());
    stack.stop().await
}
