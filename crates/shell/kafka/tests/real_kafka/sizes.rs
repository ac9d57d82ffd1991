//! Topics that take less than Forebay sends.

use forebay_kafka::admin::{TopicSpec, wanted_topics};
use forebay_kafka::{Acks, Admin, MAX_RECORD_BYTES, Outgoing, Producer, ProducerOptions, SendError};
use forebay_settings::sections::KafkaSettings;
use forebay_testkit::eventually;

use crate::support::{PATIENCE, settings};

/// What the topic takes: more than a batch of small records, less than Forebay's largest.
const LIMIT: usize = 1_100_000;

async fn create_small(settings: &KafkaSettings, name: &str) {
    let mut topic: TopicSpec = wanted_topics(settings).swap_remove(0);
    name.clone_into(&mut topic.name);
    topic.configs = vec![("max.message.bytes".to_owned(), LIMIT.to_string())];
    let admin = Admin::new(settings).unwrap();
    admin.apply(&admin.plan(&[topic]).await.unwrap()).await.unwrap();
}

fn producer(settings: &KafkaSettings) -> Producer {
    let settings = KafkaSettings { compression: "none".to_owned(), ..settings.clone() };
    let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 64 << 20 };
    Producer::new(&settings, options).unwrap()
}

fn record<'a>(topic: &'a str, value: &'a [u8]) -> Outgoing<'a> {
    Outgoing { topic, partition: Some(0), key: b"k", value, headers: &[] }
}

/// The limit as `send` tells it, once it is known.
async fn limit_told(producer: &Producer, topic: &str) -> usize {
    let value = vec![b'x'; MAX_RECORD_BYTES - 1];
    let mut told = 0;
    eventually("the limit is known", PATIENCE, async || {
        // Sealed by nobody: what became of it doesn't matter.
        match producer.send(&record(topic, &value), &Acks::new()) {
            Err(SendError::TooLarge { size, max }) => {
                assert_eq!(size, MAX_RECORD_BYTES);
                told = max;
            }
            // Nothing leaves the queue before the producer has its id: it may be full first.
            other => assert!(matches!(other, Ok(()) | Err(SendError::QueueFull)), "{other:?}"),
        }
        told > 0
    })
    .await
    .unwrap();
    told
}

/// Scenario: a topic's own limit is below ours; its partitions are looked up, as a parser does for each batch.
/// Guarantees: the producer learns the limit; a record just within it passes, and one above it is refused by `send`.
#[tokio::test(flavor = "multi_thread")]
async fn a_topics_own_limit_is_learned() {
    let settings = settings().await;
    create_small(&settings, "small").await;
    let producer = producer(&settings);
    assert_eq!(producer.partitions("small"), Ok(2));
    let max = limit_told(&producer, "small").await;
    assert!(max < LIMIT && max > LIMIT - 2048, "{max}");
    let acks = Acks::new();
    producer.send(&record("small", &vec![b'x'; max - 1]), &acks).unwrap();
    acks.seal();
    assert_eq!(acks.wait().await.delivered, 1);
}

/// Scenario: the same, but nothing is known when the record is sent, and the broker refuses it.
/// Guarantees: the report tells that it was too large, and a little later `send` says so itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_teaches_the_limit() {
    let settings = settings().await;
    create_small(&settings, "smaller").await;
    let producer = producer(&settings);
    let acks = Acks::new();
    producer.send(&record("smaller", &vec![b'x'; 2 * LIMIT]), &acks).unwrap();
    acks.seal();
    let report = acks.wait().await;
    assert_eq!((report.delivered, report.failed, report.too_large), (0, 1, 1), "{report:?}");
    assert!(limit_told(&producer, "smaller").await < LIMIT);
}

/// Scenario: the same, and whoever sends waits for the limit first.
/// Guarantees: the first record that is too large is refused by `send`; the broker never sees it.
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_can_be_waited_for() {
    let settings = settings().await;
    create_small(&settings, "smallest").await;
    let producer = producer(&settings);
    let value = vec![b'x'; 2 * LIMIT];
    producer.await_limit("smallest", value.len());
    let sent = producer.send(&record("smallest", &value), &Acks::new());
    assert!(matches!(sent, Err(SendError::TooLarge { max, .. }) if max < LIMIT), "{sent:?}");
}
