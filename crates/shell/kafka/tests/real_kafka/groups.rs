//! Consumer groups: both protocols, and the way from the one to the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_kafka::{CommitMode, Intake, KafkaError, PollLimits, Protocol, RecordBatch};
use forebay_settings::sections::{GroupProtocol, KafkaSettings};
use forebay_testkit::servers::Server;

use crate::support::{
    LIMITS, Stopped, create, member, poll_both_until, poll_until, send, settings, speaking,
};

/// Scenario: a second member joins; the first answers the revocation with how far it is.
/// Guarantees: with any protocol, whoever owns a partition next starts exactly there.
async fn hands_over(protocol: GroupProtocol, strategy: &str) {
    let mut settings = speaking(&settings().await, protocol);
    settings.assignment_strategy = strategy.to_owned();
    let topic = format!("handover.{protocol:?}.{strategy}");
    create(&settings, &topic).await;
    send(&settings, &topic, (0..20).map(|n| (n % 2, vec![b'x'; 10]))).await;
    let stopped = Arc::new(Stopped::default());
    let mut first = member(&settings, &topic, stopped.clone());
    poll_until(&mut first, &mut RecordBatch::new(), |_, batch| batch.len() == 20);
    stopped.offsets.lock().unwrap().extend([(0, 5), (1, 7)]);
    let mut second = member(&settings, &topic, Arc::new(Stopped::default()));
    let mut batch = RecordBatch::new();
    poll_until(&mut second, &mut batch, |second, batch| {
        first.poll(&mut RecordBatch::new(), LIMITS, Duration::from_millis(20)).unwrap();
        second.partitions().len() == 1 && first.partitions().len() == 1 && !batch.is_empty()
    });
    let record = batch.get(0).unwrap();
    assert_eq!(record.offset, if record.partition == 0 { 5 } else { 7 });
}

#[tokio::test(flavor = "multi_thread")]
async fn cooperative_members_hand_over() {
    hands_over(GroupProtocol::Classic, "cooperative-sticky").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eager_members_hand_over() {
    hands_over(GroupProtocol::Classic, "range").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_hand_over_by_the_brokers_word() {
    hands_over(GroupProtocol::Consumer, "").await;
}

/// Scenario: `auto`, on a broker that has the new protocol.
/// Guarantees: it is spoken.
#[tokio::test(flavor = "multi_thread")]
async fn the_new_protocol_is_spoken_where_it_is_had() {
    let settings = settings().await;
    create(&settings, "auto").await;
    let mut intake = member(&settings, "auto", Arc::new(Stopped::default()));
    poll_until(&mut intake, &mut RecordBatch::new(), |intake, _| intake.partitions().len() == 2);
    assert_eq!(intake.protocol(), Protocol::Consumer);
}

/// Scenario: `auto`, on a broker that doesn't have the new protocol and is away when the intake starts; then `consumer` on
/// the same broker.
/// Guarantees: `auto` decides nothing while the broker is away, then speaks the classic protocol; `consumer` says what is
/// wrong and fails.
#[tokio::test(flavor = "multi_thread")]
async fn the_classic_protocol_is_spoken_elsewhere() {
    let old = Server::kafka().setting("group.coordinator.rebalance.protocols", "classic");
    let mut broker = old.start().await.unwrap();
    let mut settings = KafkaSettings { bootstrap_servers: broker.address(), ..KafkaSettings::default() };
    settings.topics.partitions = 2;
    create(&settings, "old").await;
    send(&settings, "old", (0..4).map(|n| (n % 2, b"x".to_vec()))).await;
    broker.stop().await.unwrap();
    let mut intake = member(&settings, "old", Arc::new(Stopped::default()));
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, |intake, _| {
        matches!(intake.trouble(), Some(KafkaError::Unreachable(_)))
    });
    assert_eq!(intake.protocol(), Protocol::Consumer);
    broker.restart().await.unwrap();
    poll_until(&mut intake, &mut batch, |_, batch| batch.len() == 4);
    assert_eq!(intake.protocol(), Protocol::Classic);
    intake.commit(&[(0, 2), (1, 2)], CommitMode::Sync).unwrap();
    let strict = speaking(&settings, GroupProtocol::Consumer);
    let mut intake = member(&strict, "old", Arc::new(Stopped::default()));
    let error = (0..1000).find_map(|_| intake.poll(&mut batch, LIMITS, Duration::from_millis(50)).err());
    assert!(matches!(error, Some(KafkaError::Fatal(_))), "{error:?}");
}

fn both_have_one(first: &Intake, second: &Intake) -> bool {
    first.partitions().len() == 1 && second.partitions().len() == 1
}

/// Scenario: a live group of two is moved from the classic protocol (`range`) to the new one and back, one member at a time,
/// while records are read and committed.
/// Guarantees: at every step both partitions have an owner again, who goes on where the one before had committed.
#[tokio::test(flavor = "multi_thread")]
async fn a_live_group_moves_between_the_protocols() {
    let settings = KafkaSettings { assignment_strategy: "range".to_owned(), ..settings().await };
    let (classic, new) =
        (speaking(&settings, GroupProtocol::Classic), speaking(&settings, GroupProtocol::Consumer));
    create(&settings, "migration").await;
    let join = |settings: &KafkaSettings| member(settings, "migration", Arc::new(Stopped::default()));
    let mut staying = join(&classic);
    let mut leaving = join(&classic);
    poll_both_until(&mut staying, &mut leaving, both_have_one);
    for (step, settings) in [&new, &new, &classic, &classic].into_iter().enumerate() {
        drop(leaving);
        leaving = staying;
        staying = join(settings);
        poll_both_until(&mut staying, &mut leaving, both_have_one);
        let end = i64::try_from(step).unwrap() + 1;
        send(settings, "migration", (0..2).map(|partition| (partition, b"x".to_vec()))).await;
        for intake in [&mut staying, &mut leaving] {
            let mut batch = RecordBatch::new();
            poll_until(intake, &mut batch, |_, batch| !batch.is_empty());
            let offsets: Vec<i64> = batch.iter().map(|record| record.offset).collect();
            assert_eq!(offsets, [end - 1], "step {step}: nothing comes again, and nothing is left out");
            intake.commit(&[(batch.get(0).unwrap().partition, end)], CommitMode::Sync).unwrap();
        }
    }
}

/// Scenario: a group that shares out by `cooperative-sticky` and has done so for a while gets a member that is free to speak
/// either protocol, then one that may speak the new one only. Kafka refuses both.
/// Guarantees: the former speaks the classic protocol and gets its share; the latter says what is in the way.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_cannot_be_moved_is_joined_as_it_is() {
    let settings = settings().await;
    let classic = speaking(&settings, GroupProtocol::Classic);
    create(&settings, "unmoved").await;
    let join = |settings: &KafkaSettings| member(settings, "unmoved", Arc::new(Stopped::default()));
    let mut old = join(&classic);
    let mut leaving = join(&classic);
    poll_both_until(&mut old, &mut leaving, both_have_one);
    drop(leaving);
    // With the second rebalance its notes are there, which Kafka doesn't want to lose.
    poll_until(&mut old, &mut RecordBatch::new(), |old, _| old.partitions().len() == 2);
    let mut strict = join(&speaking(&settings, GroupProtocol::Consumer));
    poll_both_until(
        &mut old,
        &mut strict,
        |_, strict| matches!(strict.trouble(), Some(KafkaError::Busy(reason)) if reason.contains("classic")),
    );
    drop(strict);
    let mut free = join(&settings);
    poll_both_until(&mut old, &mut free, both_have_one);
    assert_eq!(free.protocol(), Protocol::Classic);
}

/// Scenario: a third member of a group with two partitions gets none, for longer than it takes to wonder why.
/// Guarantees: it stays as it is, and takes over when a partition becomes free.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_too_many_waits_its_turn() {
    let settings = settings().await;
    create(&settings, "many").await;
    let join = || member(&settings, "many", Arc::new(Stopped::default()));
    let (mut first, mut second) = (join(), join());
    poll_both_until(&mut first, &mut second, both_have_one);
    let mut third = join();
    let until = Instant::now() + Duration::from_secs(7);
    poll_both_until(&mut first, &mut second, |_, _| {
        third.poll(&mut RecordBatch::new(), LIMITS, Duration::from_millis(20)).unwrap();
        Instant::now() > until
    });
    let idle: Vec<bool> = [&first, &second, &third].map(|intake| intake.partitions().is_empty()).to_vec();
    assert_eq!(idle, [false, false, true]);
    assert_eq!((third.protocol(), third.trouble()), (Protocol::Consumer, None));
    drop(second);
    poll_both_until(&mut first, &mut third, both_have_one);
}

/// Scenario: both partitions are read; then it is gone back at once, while paused, and before the first record of a new
/// assignment.
/// Guarantees: the next records are those that were asked for, each once.
async fn goes_back(protocol: GroupProtocol) {
    let settings = speaking(&settings().await, protocol);
    let topic = format!("back.{protocol:?}");
    create(&settings, &topic).await;
    send(&settings, &topic, (0..20).map(|n| (n % 2, b"x".to_vec()))).await;
    let mut intake = member(&settings, &topic, Arc::new(Stopped::default()));
    let mut batch = RecordBatch::new();
    // Gone back before anything has come: the committed offsets are still being asked for.
    poll_until(&mut intake, &mut batch, |intake, _| intake.partitions().len() == 2);
    batch.clear();
    intake.seek(&[(0, 7), (1, 8)]).unwrap();
    let expect = |intake: &mut Intake, batch: &mut RecordBatch, mut wanted: Vec<(i32, i64)>| {
        poll_until(intake, batch, |_, batch| batch.len() >= wanted.len());
        intake.poll(batch, LIMITS, Duration::from_millis(300)).unwrap();
        let mut got: Vec<(i32, i64)> = batch.iter().map(|record| (record.partition, record.offset)).collect();
        got.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(got, wanted);
        batch.clear();
    };
    expect(&mut intake, &mut batch, vec![(0, 7), (0, 8), (0, 9), (1, 8), (1, 9)]);
    intake.seek(&[(0, 5)]).unwrap();
    intake.poll(&mut batch, PollLimits { records: 1, bytes: 1 }, Duration::from_secs(5)).unwrap();
    intake.pause();
    intake.seek(&[(0, 8), (1, 9)]).unwrap();
    batch.clear();
    intake.poll(&mut batch, LIMITS, Duration::from_millis(300)).unwrap();
    assert!(batch.is_empty(), "it is paused");
    intake.resume();
    expect(&mut intake, &mut batch, vec![(0, 8), (0, 9), (1, 9)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_classic_member_goes_back() {
    goes_back(GroupProtocol::Classic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_the_new_protocol_goes_back() {
    goes_back(GroupProtocol::Consumer).await;
}

/// Scenario: a paused intake gives up a partition, gets it back while it is still paused, and goes on.
/// Guarantees: nothing comes while it is paused, and all of it does afterwards, once.
async fn stays_paused(protocol: GroupProtocol) {
    let settings = speaking(&settings().await, protocol);
    let topic = format!("paused.{protocol:?}");
    create(&settings, &topic).await;
    let mut first = member(&settings, &topic, Arc::new(Stopped::default()));
    let mut batch = RecordBatch::new();
    poll_until(&mut first, &mut batch, |first, _| first.partitions().len() == 2);
    first.pause();
    send(&settings, &topic, (0..10).map(|n| (n % 2, b"x".to_vec()))).await;
    let mut second = member(&settings, &topic, Arc::new(Stopped::default()));
    poll_until(&mut first, &mut batch, |first, _| {
        second.poll(&mut RecordBatch::new(), LIMITS, Duration::from_millis(20)).unwrap();
        both_have_one(first, &second)
    });
    second.close();
    poll_until(&mut first, &mut batch, |first, _| first.partitions().len() == 2);
    first.poll(&mut batch, LIMITS, Duration::from_millis(500)).unwrap();
    assert!(batch.is_empty(), "it is paused");
    first.resume();
    poll_until(&mut first, &mut batch, |_, batch| batch.len() >= 10);
    first.poll(&mut batch, LIMITS, Duration::from_millis(300)).unwrap();
    assert_eq!(batch.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_classic_member_stays_paused() {
    stays_paused(GroupProtocol::Classic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_the_new_protocol_stays_paused() {
    stays_paused(GroupProtocol::Consumer).await;
}
