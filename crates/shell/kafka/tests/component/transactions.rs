//! Transactions against librdkafka's mock cluster: brokers that go in the midst of one. That it is all or nothing is
//! shown in `real_kafka`, since the mock cluster forgets nothing that was aborted.

use std::time::Duration;

use crate::support::{PATIENCE, block_on, cluster, outgoing};
use forebay_kafka::{
    Acks, KafkaError, SendError, TransactionError, TransactionOptions, TransactionalProducer,
};
use forebay_settings::sections::KafkaSettings;

const SHORT: Duration = Duration::from_millis(300);

fn transactional(settings: &KafkaSettings) -> TransactionalProducer {
    let options = TransactionOptions {
        client_id: "test".to_owned(),
        transactional_id: "t".to_owned(),
        queue_bytes: 8 << 20,
        timeout: Duration::from_secs(60),
    };
    TransactionalProducer::new(settings, options).unwrap()
}

/// Scenario: nobody listens at the bootstrap address.
/// Guarantees: `init` says to call it again, as often as it is called, and there is nothing to abort.
#[test]
fn without_a_broker_it_is_tried_again() {
    let settings = KafkaSettings { bootstrap_servers: "127.0.0.1:9".to_owned(), ..KafkaSettings::default() };
    let producer = transactional(&settings);
    for _ in 0..2 {
        let error = producer.init(SHORT).unwrap_err();
        assert!(matches!(error, TransactionError::Retry(_)), "{error:?}");
    }
    assert_eq!(producer.abort(SHORT), Ok(()));
    assert_eq!(producer.producer().failed(), None);
}

/// Scenario: the broker goes after a record was sent, and the transaction is aborted; then it comes back.
/// Guarantees: the abort says to call it again until it is done; the record gets its report at once, as failed; the next
/// transaction goes through.
#[test]
fn an_abort_outlasts_an_outage() {
    let cluster = cluster(1);
    let producer = transactional(&cluster.settings());
    producer.init(PATIENCE).unwrap();
    producer.begin().unwrap();
    let first = Acks::new();
    producer.producer().send(&outgoing(0, b"delivered"), &first).unwrap();
    first.seal();
    assert_eq!(block_on(first.wait()).delivered, 1);
    cluster.broker_down(1).unwrap();
    let second = Acks::new();
    producer.producer().send(&outgoing(0, b"never delivered"), &second).unwrap();
    second.seal();
    assert!(matches!(producer.abort(SHORT), Err(TransactionError::Retry(_))));
    assert!(producer.is_open());
    assert_eq!(block_on(second.wait()).failed, 1);
    cluster.broker_up(1).unwrap();
    while let Err(error) = producer.abort(SHORT) {
        assert!(matches!(error, TransactionError::Retry(_)), "{error:?}");
    }
    assert!(!producer.is_open());
    producer.begin().unwrap();
    let third = Acks::new();
    producer.producer().send(&outgoing(0, b"again"), &third).unwrap();
    third.seal();
    producer.commit(PATIENCE).unwrap();
    assert_eq!(block_on(third.wait()).delivered, 1, "a commit waits for the reports");
}

/// Scenario: calls out of turn. Guarantees: no record is taken outside of a transaction, and a second transaction in one
/// is refused.
#[test]
fn calls_out_of_turn_are_refused() {
    let cluster = cluster(1);
    let producer = transactional(&cluster.settings());
    producer.init(PATIENCE).unwrap();
    let sent = producer.producer().send(&outgoing(0, b"outside"), &Acks::new());
    assert!(matches!(sent, Err(SendError::Kafka(_))), "{sent:?}");
    producer.begin().unwrap();
    let error = producer.begin().unwrap_err();
    assert!(matches!(error, TransactionError::Fatal(KafkaError::Fatal(_))), "{error:?}");
}
