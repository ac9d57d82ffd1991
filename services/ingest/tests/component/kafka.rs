//! What is answered when Kafka fails, and that no success is ever answered for what it has not.

use std::time::Duration;

use forebay_kafka::testing::{Fault, Request, TestCluster};
use forebay_settings::Period;

use crate::harness::{TOPIC, answer, eventually, started, started_on};

/// Scenario: the broker says three times that too few replicas are in sync, then takes the records.
/// Guarantees: one success, and every event is there once.
#[tokio::test]
async fn passing_trouble_is_waited_out() {
    let ingest = started(|_| {}).await;
    ingest.cluster.fail_next(Request::Produce, &[Fault::NotEnoughReplicas; 3]);
    let answer = ingest.ndjson("", "{\"a\":1}\n{\"a\":2}\n").await;
    assert_eq!((answer.status, answer.counts()), (200, (2, 0)));
    assert_eq!(ingest.stop().await.len(), 2);
}

/// Scenario: the broker refuses the records for good.
/// Guarantees: 503 with a time to come back, never a success; sent again under its key, the ids are the same.
#[tokio::test]
async fn what_kafka_refuses_is_no_success() {
    let ingest = started(|_| {}).await;
    ingest.cluster.fail_next(Request::Produce, &[Fault::TopicDenied]);
    let send = || ingest.request("?stream=s", "{\"a\":1}\n{\"a\":2}\n").header("idempotency-key", "k");
    let refused = answer(send()).await;
    assert_eq!((refused.status, refused.error(), refused.comes_again()), (503, "kafka_unavailable", true));
    // librdkafka holds on to a refusal for about a second.
    eventually("taken again", async || answer(send()).await.status == 200).await;
    let ids: Vec<String> = ingest.stop().await.into_iter().map(|event| event.id).collect();
    assert_eq!(ids, ["k-0", "k-1"]);
}

/// Scenario: the topic takes smaller records than ingest. Guarantees: 413, since sending again would not help.
#[tokio::test]
async fn a_record_that_is_too_large_for_the_topic_is_not_worth_a_retry() {
    let ingest = started(|_| {}).await;
    ingest.cluster.fail_next(Request::Produce, &[Fault::RecordTooLarge]);
    let refused = ingest.ndjson("", "{\"a\":1}").await;
    assert_eq!((refused.status, refused.error(), refused.retry_after), (413, "too_large", None));
    let _stored = ingest.stop().await;
}

/// Scenario: the broker goes away under a request and comes back.
/// Guarantees: 503 in time while it is away; afterwards it goes on, and is ready again.
#[tokio::test]
async fn a_broker_that_is_away_costs_503_and_nothing_else() {
    let ingest = started(|settings| {
        settings.ingest.ack_timeout = Period::from_millis(500);
        settings.kafka.delivery_timeout = Period::from_secs(1);
    })
    .await;
    ingest.cluster.broker_down(1).unwrap();
    let refused = ingest.ndjson("?stream=s", "{\"a\":1}").await;
    assert_eq!((refused.status, refused.error(), refused.comes_again()), (503, "kafka_timeout", true));
    ingest.cluster.broker_up(1).unwrap();
    let again = async || ingest.ndjson("?stream=s", "{\"a\":2}").await.status == 200;
    eventually("taken again", again).await;
    let stored = ingest.stop().await;
    assert_eq!(stored.last().unwrap().body, b"{\"a\":2}");
}

/// Scenario: Kafka isn't up yet when ingest starts.
/// Guarantees: ingest runs, isn't ready, refuses with 503 and a reason; once Kafka is there, it takes events.
#[tokio::test]
async fn kafka_may_come_up_later() {
    let cluster = TestCluster::start(1).unwrap();
    cluster.create_topic(TOPIC, 4).unwrap();
    cluster.broker_down(1).unwrap();
    let ingest = started_on(cluster, |_| {}).await;
    let refused = ingest.ndjson("", "{\"a\":1}").await;
    assert_eq!((refused.status, refused.error()), (503, "kafka_unavailable"));
    assert!(!ingest.context.health.readyz().passes());
    ingest.cluster.broker_up(1).unwrap();
    ingest.until_ready().await;
    assert_eq!(ingest.ndjson("", "{\"a\":1}").await.status, 200);
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: the topic is missing. Guarantees: 503 that says what to run; ready as soon as it is there.
#[tokio::test]
async fn a_missing_topic_says_what_to_run() {
    let cluster = TestCluster::start(1).unwrap();
    cluster.create_topic(TOPIC, 4).unwrap();
    cluster.break_topic(TOPIC, Fault::UnknownTopic).unwrap();
    let ingest = started_on(cluster, |_| {}).await;
    let says = "topic `forebay.raw` does not exist: run `forebay bootstrap`";
    eventually("the reason", async || {
        ingest.context.health.readyz().failing.iter().any(|part| part.reason == says)
    })
    .await;
    let refused = ingest.ndjson("", "{\"a\":1}").await;
    assert_eq!((refused.status, refused.reason()), (503, says));
    ingest.cluster.mend_topic(TOPIC).unwrap();
    ingest.until_ready().await;
    assert_eq!(ingest.ndjson("", "{\"a\":1}").await.status, 200);
    let _stored = ingest.stop().await;
}

/// Scenario: the broker's memory of what it has doesn't fit to the producer's, which ends the producer.
/// Guarantees: no success for what isn't there; the tier ends with an error, so that it is started again, instead of
/// refusing for ever.
#[tokio::test]
async fn a_producer_that_has_failed_for_good_ends_the_tier() {
    let ingest = started(|_| {}).await;
    ingest.cluster.fail_next(Request::Produce, &[Fault::OutOfOrder]);
    let refused = ingest.ndjson("", "{\"a\":1}").await;
    assert_eq!((refused.status, refused.error()), (503, "kafka_unavailable"));
    let health = ingest.context.health.clone();
    let stopped = tokio::time::timeout(Duration::from_secs(20), ingest.running.stopped()).await;
    let error = format!("{:#}", stopped.expect("it ends").unwrap_err());
    assert!(error.contains("failed for good"), "{error}");
    assert!(!health.readyz().passes());
}
