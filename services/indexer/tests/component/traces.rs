//! Traces of documents on their way into the store.

use anyhow::Result;
use forebay_kafka::{Acks, Outgoing, Producer, ProducerOptions};
use forebay_record::{EventKey, TraceContext};

use super::bench::{Bench, TARGET};

/// Scenario: of two documents one is traced, its first request fails, and no collector is there.
/// Guarantees: each request with it says that it is part of the trace, each as a span of its own; the documents are written all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_request_is_part_of_its_documents_trace() -> Result<()> {
    let mut bench = Bench::new(|settings| {
        let port = forebay_testkit::free_port().unwrap();
        settings.telemetry.traces.endpoint = Some(format!("http://127.0.0.1:{port}/v1/traces"));
    })
    .await?;
    bench.store.fail_next(forebay_testkit::fake_bulk::RequestFault::Unavailable);
    let sender = TraceContext { trace: 5, span: 6, sampled: true };
    let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 1 << 20 };
    let producer = Producer::new(&bench.settings.kafka, options)?;
    let acks = Acks::new();
    let topic = bench.settings.kafka.topics.events.clone();
    for (id, trace) in [("traced", sender.to_string()), ("untraced", String::new())] {
        let mut key = String::new();
        EventKey { tenant: "acme", target: TARGET, event_ms: 0, replays: 0, id, trace: &trace }
            .push(&mut key);
        let (key, value) = (key.as_bytes(), &b"{}"[..]);
        producer.send(&Outgoing { topic: &topic, partition: Some(0), key, value, headers: &[] }, &acks)?;
    }
    acks.seal();
    assert_eq!(acks.wait().await.delivered, 2);
    bench.start()?;
    bench.wait_for_documents(2).await?;
    bench.stop().await?;
    let said = bench.store.traceparents();
    let contexts: Vec<_> = said.iter().filter_map(|text| TraceContext::read(text)).collect();
    assert!(contexts.len() >= 2 && contexts.len() == said.len(), "{said:?}");
    assert!(contexts.iter().all(|context| context.trace == 5 && context.span != 6 && context.sampled));
    assert_ne!(contexts[0].span, contexts[1].span);
    Ok(())
}
