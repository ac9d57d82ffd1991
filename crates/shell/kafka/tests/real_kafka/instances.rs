//! Static membership: a member that is known by its name over restarts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_kafka::{Intake, KafkaError, RecordBatch};
use forebay_settings::sections::{GroupProtocol, KafkaSettings};
use forebay_settings::units::Period;

use crate::support::{LIMITS, Stopped, create, member, poll_both_until, poll_until, settings, speaking};

fn instance(settings: &KafkaSettings, name: &str) -> KafkaSettings {
    KafkaSettings { instance_id: name.to_owned(), ..settings.clone() }
}

/// Scenario: of two instances, one is restarted cleanly.
/// Guarantees: it gets the partition that it had, and the other one is told nothing.
async fn restarts_quietly(protocol: GroupProtocol) {
    let settings = speaking(&settings().await, protocol);
    let topic = format!("restart.{protocol:?}");
    create(&settings, &topic).await;
    let recorder = Arc::new(Stopped::default());
    let mut other = member(&instance(&settings, "pod-0"), &topic, recorder.clone());
    let mut restarted = member(&instance(&settings, "pod-1"), &topic, Arc::new(Stopped::default()));
    poll_both_until(&mut other, &mut restarted, |other, restarted| {
        other.partitions().len() == 1 && restarted.partitions().len() == 1
    });
    let (told, had) = (recorder.told(), restarted.partitions());
    restarted.close();
    let until = Instant::now() + Duration::from_secs(3);
    poll_until(&mut other, &mut RecordBatch::new(), |_, _| Instant::now() > until);
    let mut restarted = member(&instance(&settings, "pod-1"), &topic, Arc::new(Stopped::default()));
    poll_both_until(&mut other, &mut restarted, |_, restarted| restarted.partitions() == had);
    assert_eq!(recorder.told(), told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_classic_instance_restarts_quietly() {
    restarts_quietly(GroupProtocol::Classic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_of_the_new_protocol_restarts_quietly() {
    restarts_quietly(GroupProtocol::Consumer).await;
}

fn poll_until_error(intake: &mut Intake) -> KafkaError {
    let poll = |_| intake.poll(&mut RecordBatch::new(), LIMITS, Duration::from_millis(50)).err();
    (0..1200).find_map(poll).expect("no error")
}

/// Scenario: with the classic protocol, a second process comes with the instance id of one that works.
/// Guarantees: the second one works; the first one learns what has happened, by name, and doesn't fight back.
#[tokio::test(flavor = "multi_thread")]
async fn a_classic_instance_is_fenced_by_its_double() {
    let mut settings = speaking(&settings().await, GroupProtocol::Classic);
    settings.session_timeout = Period::from_secs(6);
    create(&settings, "double.classic").await;
    let settings = instance(&settings, "pod-0");
    let mut first = member(&settings, "double.classic", Arc::new(Stopped::default()));
    poll_until(&mut first, &mut RecordBatch::new(), |first, _| first.partitions().len() == 2);
    let mut second = member(&settings, "double.classic", Arc::new(Stopped::default()));
    poll_until(&mut second, &mut RecordBatch::new(), |second, _| second.partitions().len() == 2);
    let error = poll_until_error(&mut first);
    assert!(matches!(&error, KafkaError::Fenced(reason) if reason.contains("`pod-0-test`")), "{error:?}");
    assert!(error.is_fatal() && !error.is_retriable());
}

/// Scenario: the same with the new protocol, which refuses the second one; then the first one leaves.
/// Guarantees: the first one goes on working; the second one says what it waits for, and takes over when it may.
#[tokio::test(flavor = "multi_thread")]
async fn a_double_waits_its_turn_in_the_new_protocol() {
    let settings = instance(&speaking(&settings().await, GroupProtocol::Consumer), "pod-0");
    create(&settings, "double.consumer").await;
    let recorder = Arc::new(Stopped::default());
    let mut first = member(&settings, "double.consumer", recorder.clone());
    poll_until(&mut first, &mut RecordBatch::new(), |first, _| first.partitions().len() == 2);
    let mut second = member(&settings, "double.consumer", Arc::new(Stopped::default()));
    poll_both_until(
        &mut first,
        &mut second,
        |_, second| matches!(second.trouble(), Some(KafkaError::Fenced(reason)) if reason.contains("`pod-0-test`")),
    );
    assert_eq!(recorder.told(), [("assigned", vec![0, 1])]);
    first.close();
    poll_until(&mut second, &mut RecordBatch::new(), |second, _| second.partitions().len() == 2);
    assert_eq!(second.trouble(), None);
}
