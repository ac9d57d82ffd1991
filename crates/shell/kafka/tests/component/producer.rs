//! The producer against librdkafka's mock cluster: what a broker's answers mean for a batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{
    Recorder, TOPIC, block_on, cluster, fill, intake, outgoing, poll_until, producer, wait_until,
};
use forebay_kafka::testing::{Fault, Request};
use forebay_kafka::{
    Acks, KafkaError, MAX_RECORD_BYTES, Outgoing, Producer, ProducerOptions, RecordBatch, SendError,
};
use forebay_settings::sections::KafkaSettings;
use forebay_settings::units::Period;

/// Scenario: a batch is sent and the broker is well.
/// Guarantees: one report for the whole batch, not before it is sealed, with every record counted.
#[test]
fn a_batch_has_one_report_when_it_is_sealed() {
    let cluster = cluster(2);
    let producer = producer(&cluster.settings());
    let acks = Acks::new();
    for n in 0..100 {
        producer.send(&outgoing(n % 2, b"value"), &acks).unwrap();
    }
    producer.flush(crate::support::PATIENCE).unwrap();
    assert_eq!(acks.report(), None, "more could still be sent");
    acks.seal();
    let report = block_on(acks.wait());
    assert_eq!((report.delivered, report.failed, &report.first_error), (100, 0, &None));
    assert_eq!(report.all_delivered().map(|ack| ack.records()), Some(100));
    assert!(producer.is_reachable());
}

#[test]
fn an_empty_batch_is_complete_once_sealed() {
    let acks = Acks::new();
    assert_eq!(acks.report(), None);
    acks.seal();
    acks.seal();
    assert_eq!(block_on(acks.wait()).delivered, 0);
}

/// Scenario: the broker refuses three times for passing reasons, then takes the batch.
/// Guarantees: the batch is acknowledged, and every record stands in the topic once.
#[test]
fn passing_errors_are_overcome_without_duplicates() {
    let cluster = cluster(1);
    let settings = cluster.settings();
    fill(&settings, 1, 1);
    cluster
        .fail_next(Request::Produce, &[Fault::NotEnoughReplicas, Fault::RequestTimedOut, Fault::NotLeader]);
    fill(&settings, 1, 50);
    let recorder = Arc::new(Recorder::default());
    let mut intake = intake(&settings, "g", &recorder);
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, "all records are read", |_, batch| batch.len() >= 51);
    let values: Vec<&[u8]> = batch.iter().skip(1).map(|record| record.value).collect();
    let sent: Vec<String> = (0..50).map(|n| format!("0-{n}")).collect();
    assert_eq!(values, sent.iter().map(String::as_bytes).collect::<Vec<_>>());
}

/// Scenario: the broker refuses for a lasting reason. Guarantees: the report says how many failed, and why.
#[test]
fn lasting_errors_reach_the_report() {
    let cluster = cluster(1);
    let producer = producer(&cluster.settings());
    cluster.fail_next(Request::Produce, &[Fault::TopicDenied; 4]);
    let acks = Acks::new();
    producer.send(&outgoing(0, b"value"), &acks).unwrap();
    acks.seal();
    let report = block_on(acks.wait());
    assert_eq!((report.delivered, report.failed), (0, 1));
    assert!(matches!(report.first_error, Some(KafkaError::Denied(_))), "{report:?}");
    assert_eq!(report.all_delivered(), None);
}

/// Scenario: the broker refuses records for their size.
/// Guarantees: the report says how many, so that a caller knows that sending them again as they are is of no use.
#[test]
fn records_refused_for_their_size_are_told_apart() {
    let cluster = cluster(1);
    let producer = producer(&cluster.settings());
    cluster.fail_next(Request::Produce, &[Fault::RecordTooLarge]);
    let acks = Acks::new();
    producer.send(&outgoing(0, b"value"), &acks).unwrap();
    acks.seal();
    let report = block_on(acks.wait());
    assert_eq!((report.delivered, report.failed, report.too_large), (0, 1, 1));
    assert!(matches!(report.first_error, Some(KafkaError::TooLarge(_))), "{report:?}");
}

/// Scenario: the broker refuses the producer itself, for good; then it would be willing again.
/// Guarantees: the failure is told as such and stays, whatever comes after, and records are refused with it.
#[test]
fn a_failure_for_good_stays() {
    let cluster = cluster(1);
    cluster.fail_next(Request::InitProducer, &[Fault::ClusterDenied]);
    let producer = producer(&cluster.settings());
    let acks = Acks::new();
    let _queued_or_not = producer.send(&outgoing(0, b"value"), &acks);
    acks.seal();
    wait_until("the failure is known", || producer.failed().is_some());
    assert!(matches!(producer.failed(), Some(KafkaError::Fatal(_))));
    assert_eq!(block_on(acks.wait()).delivered, 0);
    assert_eq!(producer.partitions(TOPIC), Ok(1), "the brokers answer");
    assert_eq!(producer.trouble(), producer.failed());
    let refused = producer.send(&outgoing(0, b"value"), &Acks::new());
    assert!(matches!(refused, Err(SendError::Kafka(KafkaError::Fatal(_)))), "{refused:?}");
}

/// Scenario: nobody listens at the bootstrap address.
/// Guarantees: sending doesn't wait; the records fail when the delivery timeout is over, and not before.
#[test]
fn without_a_broker_records_fail_after_the_delivery_timeout() {
    let settings = KafkaSettings {
        bootstrap_servers: "127.0.0.1:9".to_owned(),
        delivery_timeout: Period::from_secs(2),
        linger: Period::from_millis(1),
        ..KafkaSettings::default()
    };
    let producer = producer(&settings);
    let acks = Acks::new();
    let sent = Instant::now();
    producer.send(&outgoing(0, b"value"), &acks).unwrap();
    acks.seal();
    assert_eq!(acks.report(), None);
    let report = block_on(acks.wait());
    assert!(sent.elapsed() >= settings.delivery_timeout.0, "after {:?}", sent.elapsed());
    assert_eq!((report.delivered, report.failed), (0, 1));
    assert!(matches!(report.first_error, Some(KafkaError::Timeout(_))), "{report:?}");
    assert!(!producer.is_reachable());
}

/// Scenario: the broker goes while records wait, and comes back within the delivery timeout.
/// Guarantees: the state is known meanwhile, and the records arrive.
#[test]
fn a_broker_that_comes_back_gets_what_waited() {
    let cluster = cluster(1);
    let settings = cluster.settings();
    let producer = producer(&settings);
    let first = Acks::new();
    producer.send(&outgoing(0, b"before"), &first).unwrap();
    first.seal();
    assert_eq!(block_on(first.wait()).delivered, 1);
    cluster.broker_down(1).unwrap();
    wait_until("the producer knows that the broker is gone", || !producer.is_reachable());
    assert!(matches!(producer.trouble(), Some(KafkaError::Unreachable(_))));
    let second = Acks::new();
    producer.send(&outgoing(0, b"meanwhile"), &second).unwrap();
    second.seal();
    assert_eq!(second.report(), None);
    cluster.broker_up(1).unwrap();
    assert_eq!(block_on(second.wait()).delivered, 1);
    wait_until("the producer knows that the broker is back", || producer.is_reachable());
}

/// Scenario: more is sent than the queue holds, while no broker takes anything.
/// Guarantees: the queue says that it is full, at about the size it was given.
#[test]
fn a_full_queue_says_so() {
    let settings = KafkaSettings { bootstrap_servers: "127.0.0.1:9".to_owned(), ..KafkaSettings::default() };
    let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 1 << 20 };
    let producer = Producer::new(&settings, options).unwrap();
    let acks = Acks::new();
    let value = vec![b'x'; 10_000];
    let refused = (0..1000).find_map(|_| producer.send(&outgoing(0, &value), &acks).err());
    assert_eq!(refused, Some(SendError::QueueFull));
    let taken = usize::try_from(acks.sent()).unwrap();
    assert!((90..=105).contains(&taken), "{taken} records of 10 kB in 1 MiB");
}

/// Scenario: a record of the largest size, and one that is a byte larger.
/// Guarantees: the one goes through, the other is refused with both numbers.
#[test]
fn the_largest_record_passes_and_a_larger_one_is_refused() {
    let cluster = cluster(1);
    let settings = KafkaSettings { compression: "none".to_owned(), ..cluster.settings() };
    let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 32 << 20 };
    let producer = Producer::new(&settings, options).unwrap();
    let acks = Acks::new();
    let value = vec![b'x'; MAX_RECORD_BYTES];
    let size = MAX_RECORD_BYTES + 1;
    assert_eq!(
        producer.send(&outgoing(0, &value), &acks),
        Err(SendError::TooLarge { size, max: MAX_RECORD_BYTES })
    );
    let headers: &[(&str, &[u8])] = &[("why", &[b'y'; 5000])];
    producer.send(&Outgoing { headers, ..outgoing(0, &value[1..]) }, &acks).unwrap();
    acks.seal();
    assert_eq!(block_on(acks.wait()).delivered, 1);
}

#[test]
fn partitions_are_counted_and_a_missing_topic_says_what_to_do() {
    let cluster = cluster(3);
    let producer = producer(&cluster.settings());
    assert_eq!(producer.partitions(TOPIC), Ok(3));
    cluster.broker_down(1).unwrap();
    assert_eq!(producer.partitions(TOPIC), Ok(3), "known still");
    cluster.broker_up(1).unwrap();
    let missing = producer.partitions("forebay.missing");
    assert_eq!(missing, Err(KafkaError::UnknownTopic { topic: "forebay.missing".to_owned() }));
}

/// Scenario: the producer is dropped while records wait for a broker.
/// Guarantees: nobody waits for ever: they are reported as failed.
#[test]
fn dropping_the_producer_settles_what_waits() {
    let settings = KafkaSettings { bootstrap_servers: "127.0.0.1:9".to_owned(), ..KafkaSettings::default() };
    let producer = producer(&settings);
    let acks = Acks::new();
    producer.send(&outgoing(0, b"value"), &acks).unwrap();
    acks.seal();
    assert!(producer.flush(Duration::from_millis(10)).is_err());
    drop(producer);
    assert_eq!(block_on(acks.wait()).failed, 1);
}
