//! The intake against librdkafka's mock cluster: membership, rebalances, commits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{LIMITS, Recorder, TOPIC, block_on, cluster, fill, intake, poll_until};
use forebay_kafka::testing::{Fault, Request, TestCluster};
use forebay_kafka::{Admin, CommitMode, Intake, KafkaError, PollLimits, RecordBatch};
use forebay_settings::sections::KafkaSettings;
use forebay_settings::units::Period;

fn assigned(count: usize) -> impl FnMut(&Intake, &RecordBatch) -> bool {
    move |intake, _| intake.partitions().len() == count
}

/// Scenario: records in two partitions. Guarantees: all come, in order within each partition, with their metadata.
#[test]
fn reads_all_partitions_from_the_beginning_in_order() {
    let cluster = cluster(2);
    fill(&cluster.settings(), 2, 100);
    let recorder = Arc::new(Recorder::default());
    let mut intake = intake(&cluster.settings(), "g", &recorder);
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, "all records are read", |_, batch| batch.len() == 200);
    for partition in 0..2 {
        let of_partition: Vec<_> = batch.iter().filter(|record| record.partition == partition).collect();
        let offsets: Vec<i64> = of_partition.iter().map(|record| record.offset).collect();
        assert_eq!(offsets, (0..100).collect::<Vec<i64>>());
        assert_eq!(of_partition[7].value, format!("{partition}-7").as_bytes());
        assert_eq!(of_partition[7].key, b"k");
        assert!(of_partition[7].timestamp_ms > 1_700_000_000_000);
    }
    assert_eq!(*recorder.log.lock().unwrap(), [("assigned", vec![0, 1])]);
}

#[test]
fn a_poll_stops_at_its_limits() {
    let cluster = cluster(1);
    fill(&cluster.settings(), 1, 100);
    let mut intake = intake(&cluster.settings(), "g", &Arc::default());
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, "the first records come", |_, batch| !batch.is_empty());
    batch.clear();
    let limits = PollLimits { records: 3, bytes: 1 << 20 };
    intake.poll(&mut batch, limits, Duration::from_secs(5)).unwrap();
    assert!(batch.len() <= 3);
    batch.clear();
}

/// Scenario: a group reads half, commits, leaves, and comes back.
/// Guarantees: it goes on where it stopped; without a commit it would begin again.
#[test]
fn a_commit_is_where_the_group_goes_on() {
    let cluster = cluster(1);
    fill(&cluster.settings(), 1, 10);
    let mut first = intake(&cluster.settings(), "g", &Arc::default());
    poll_until(&mut first, &mut RecordBatch::new(), "it is assigned", assigned(1));
    first.commit(&[(0, 6)], CommitMode::Sync).unwrap();
    first.close();
    let mut second = intake(&cluster.settings(), "g", &Arc::default());
    let mut batch = RecordBatch::new();
    poll_until(&mut second, &mut batch, "the rest is read", |_, batch| batch.len() == 4);
    assert_eq!(batch.get(0).unwrap().offset, 6);
}

/// Scenario: a second member joins; the first is asked how far it is, gives up a partition, and commits there later.
/// Guarantees: the second member skips nothing, and the late commit is left out.
///
/// That the answer is committed before the hand-over is shown in `real_kafka`: the mock cluster refuses commits while
/// a member joins, which real brokers accept.
#[test]
fn a_second_member_takes_over_a_partition() {
    let cluster = cluster(2);
    let settings = cluster.settings();
    fill(&settings, 2, 10);
    let recorder = Arc::new(Recorder::default());
    recorder.offsets.lock().unwrap().extend([(0, 5), (1, 5)]);
    let mut first = intake(&settings, "g", &recorder);
    poll_until(&mut first, &mut RecordBatch::new(), "the first member has read all", |_, batch| {
        batch.len() == 20
    });
    let mut second = intake(&settings, "g", &Arc::default());
    let mut batch = RecordBatch::new();
    poll_until(&mut second, &mut batch, "the second member reads", |second, batch| {
        first.poll(&mut RecordBatch::new(), LIMITS, Duration::from_millis(20)).unwrap();
        second.partitions().len() == 1 && first.partitions().len() == 1 && !batch.is_empty()
    });
    let got = second.partitions()[0];
    assert!(batch.get(0).unwrap().offset <= 5, "the second member skips nothing");
    assert!(recorder.log.lock().unwrap().contains(&("revoked", vec![got])));
    first.commit(&[(got, 9)], CommitMode::Sync).unwrap();
    let lag = block_on(Admin::new(&settings).unwrap().group_lag("g", TOPIC)).unwrap();
    let committed = lag.iter().find(|lag| lag.range.partition == got).unwrap().committed;
    assert!(matches!(committed, None | Some(5)), "the late commit was left out: {committed:?}");
}

/// Scenario: two members of a group with the eager protocol, which revokes everything, then assigns anew.
/// Guarantees: each ends with one partition, and the first was asked before it lost both.
#[test]
fn eager_members_share_the_partitions() {
    let cluster = cluster(2);
    let mut settings = cluster.settings();
    settings.assignment_strategy = "range".to_owned();
    let recorder = Arc::new(Recorder::default());
    let mut first = intake(&settings, "g", &recorder);
    poll_until(&mut first, &mut RecordBatch::new(), "the first member has both", assigned(2));
    let mut second = intake(&settings, "g", &Arc::default());
    poll_until(&mut second, &mut RecordBatch::new(), "each has one", |second, _| {
        first.poll(&mut RecordBatch::new(), LIMITS, Duration::from_millis(20)).unwrap();
        second.partitions().len() == 1 && first.partitions().len() == 1
    });
    let log = recorder.log.lock().unwrap();
    assert_eq!(log[..2], [("assigned", vec![0, 1]), ("revoked", vec![0, 1])]);
}

/// Scenario: an intake is paused for longer than its session lasts, polling on.
/// Guarantees: nothing comes meanwhile, the membership stays, and afterwards everything comes.
#[test]
fn a_paused_intake_keeps_its_membership() {
    let cluster = cluster(2);
    let mut settings = cluster.settings();
    settings.session_timeout = Period::from_secs(4);
    let _before = settings.properties.insert("heartbeat.interval.ms".to_owned(), "500".to_owned());
    let recorder = Arc::new(Recorder::default());
    let mut intake = intake(&settings, "g", &recorder);
    // Paused before it is assigned, so that the assignment must start paused.
    intake.pause();
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, "it is assigned", assigned(2));
    fill(&cluster.settings(), 2, 5);
    let until = Instant::now() + Duration::from_secs(6);
    poll_until(&mut intake, &mut batch, "the pause is over", |_, _| Instant::now() > until);
    assert!(batch.is_empty(), "it is paused");
    intake.resume();
    poll_until(&mut intake, &mut batch, "everything comes", |_, batch| batch.len() == 10);
    assert_eq!(*recorder.log.lock().unwrap(), [("assigned", vec![0, 1])], "no rebalance");
}

/// Scenario: a paused intake gives up a partition, goes on with the rest, and gets the partition back.
/// Guarantees: it reads from it again, the pause does not outlive the resume.
#[test]
fn a_partition_given_up_while_paused_is_read_when_it_comes_back() {
    let cluster = cluster(2);
    let settings = cluster.settings();
    let mut first = intake(&settings, "g", &Arc::default());
    let mut batch = RecordBatch::new();
    poll_until(&mut first, &mut batch, "it has both", assigned(2));
    first.pause();
    let mut second = intake(&settings, "g", &Arc::default());
    poll_until(&mut second, &mut RecordBatch::new(), "each has one", |second, _| {
        first.poll(&mut batch, LIMITS, Duration::from_millis(20)).unwrap();
        second.partitions().len() == 1 && first.partitions().len() == 1
    });
    first.resume();
    second.close();
    poll_until(&mut first, &mut batch, "it has both again", assigned(2));
    fill(&settings, 2, 5);
    poll_until(&mut first, &mut batch, "all records come", |_, batch| batch.len() == 10);
}

/// Scenario: pause in the midst of reading, then resume. Guarantees: nothing is skipped and nothing comes twice.
#[test]
fn a_pause_neither_skips_nor_repeats() {
    let cluster = cluster(1);
    fill(&cluster.settings(), 1, 300);
    let mut intake = intake(&cluster.settings(), "g", &Arc::default());
    let mut batch = RecordBatch::new();
    let few = PollLimits { records: 10, bytes: 1 << 20 };
    while batch.is_empty() {
        intake.poll(&mut batch, few, Duration::from_millis(100)).unwrap();
    }
    intake.pause();
    let paused_at = batch.len();
    intake.poll(&mut batch, LIMITS, Duration::from_millis(300)).unwrap();
    assert_eq!(batch.len(), paused_at);
    intake.resume();
    poll_until(&mut intake, &mut batch, "the rest comes", |_, batch| batch.len() >= 300);
    assert_eq!(batch.iter().map(|record| record.offset).collect::<Vec<_>>(), (0..300).collect::<Vec<i64>>());
}

/// Scenario: work in hand was abandoned, and is read again. Guarantees: reading goes on at the offset asked for.
#[test]
fn seek_reads_again() {
    let cluster = cluster(1);
    fill(&cluster.settings(), 1, 20);
    let mut intake = intake(&cluster.settings(), "g", &Arc::default());
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, "all is read", |_, batch| batch.len() == 20);
    intake.seek(&[(0, 15), (7, 3)]).unwrap();
    batch.clear();
    poll_until(&mut intake, &mut batch, "the end is read again", |_, batch| batch.len() == 5);
    assert_eq!(batch.get(0).unwrap().offset, 15);
}

/// Scenario: the broker refuses a commit since the group has a newer generation.
/// Guarantees: a typed error that isn't fatal; the intake goes on.
#[test]
fn a_refused_commit_is_not_fatal() {
    let cluster = cluster(1);
    fill(&cluster.settings(), 1, 2);
    let mut intake = intake(&cluster.settings(), "g", &Arc::default());
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, "the first records come", |_, batch| batch.len() == 2);
    cluster.fail_next(Request::Commit, &[Fault::IllegalGeneration]);
    let error = intake.commit(&[(0, 1)], CommitMode::Sync).unwrap_err();
    assert!(matches!(error, KafkaError::StaleMember(_)), "{error:?}");
    assert!(!error.is_fatal());
    fill(&cluster.settings(), 1, 1);
    poll_until(&mut intake, &mut batch, "reading goes on", |_, batch| batch.len() > 2);
}

/// Scenario: the topic doesn't exist. Guarantees: polling goes on, the trouble has a name that says what to do, and when
/// the topic is made the records come.
#[test]
fn a_missing_topic_is_waited_for() {
    let cluster = TestCluster::start(1).unwrap();
    let mut settings = cluster.settings();
    let _before =
        settings.properties.insert("topic.metadata.refresh.interval.ms".to_owned(), "300".to_owned());
    let mut intake = intake(&settings, "g", &Arc::default());
    let mut batch = RecordBatch::new();
    let missing = KafkaError::UnknownTopic { topic: TOPIC.to_owned() };
    poll_until(&mut intake, &mut batch, "the trouble has a name", |intake, _| {
        intake.trouble().is_some_and(|trouble| trouble == missing)
    });
    cluster.create_topic(TOPIC, 1).unwrap();
    fill(&settings, 1, 3);
    poll_until(&mut intake, &mut batch, "the records come", |_, batch| batch.len() == 3);
    assert_eq!(intake.trouble(), None);
}

/// Scenario: the broker goes while an intake reads, and comes back. Guarantees: no error, and the rest is read.
#[test]
fn a_broker_that_comes_back_is_read_on() {
    let cluster = cluster(1);
    fill(&cluster.settings(), 1, 5);
    let mut intake = intake(&cluster.settings(), "g", &Arc::default());
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, "the first records come", |_, batch| batch.len() == 5);
    cluster.broker_down(1).unwrap();
    poll_until(&mut intake, &mut batch, "it knows that the broker is gone", |intake, _| {
        !intake.is_reachable()
    });
    cluster.broker_up(1).unwrap();
    fill(&cluster.settings(), 1, 5);
    poll_until(&mut intake, &mut batch, "the rest is read", |_, batch| batch.len() == 10);
    assert!(intake.is_reachable());
}

/// Scenario: no broker answers, and a member has something to commit and leaves.
/// Guarantees: it waits for no broker, which the client library would do for as long as a session lasts.
#[test]
fn a_member_without_a_broker_leaves_at_once() {
    let cluster = cluster(1);
    let settings = KafkaSettings { session_timeout: Period::from_secs(30), ..cluster.settings() };
    fill(&settings, 1, 5);
    let recorder = Arc::new(Recorder::default());
    let mut intake = intake(&settings, "g", &recorder);
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, "the records come", |_, batch| batch.len() == 5);
    intake.commit(&[(0, 1)], CommitMode::Sync).unwrap();
    cluster.broker_down(1).unwrap();
    poll_until(&mut intake, &mut batch, "it knows that the broker is gone", |intake, _| {
        matches!(intake.trouble(), Some(KafkaError::Unreachable(_)))
    });
    let start = Instant::now();
    for mode in [CommitMode::Async, CommitMode::Sync] {
        let refused = intake.commit(&[(0, 4)], mode);
        assert!(matches!(refused, Err(KafkaError::Unreachable(_))), "{refused:?}");
    }
    let _before = recorder.offsets.lock().unwrap().insert(0, 5);
    intake.close();
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    assert!(recorder.log.lock().unwrap().contains(&("revoked", vec![0])), "it was asked all the same");
}

/// Scenario: ten records are there; all are read, then all but three are committed.
/// Guarantees: the lag follows the commits, not the reading, and no request of ours is needed for it.
#[test]
fn lag_is_known_without_asking() {
    let cluster = cluster(1);
    fill(&cluster.settings(), 1, 10);
    let mut intake = intake(&cluster.settings(), "g", &Arc::default());
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, "all is pending", |intake, _| intake.lag() == [(0, 10)]);
    intake.commit(&[(0, 7)], CommitMode::Sync).unwrap();
    poll_until(&mut intake, &mut batch, "three are pending", |intake, _| intake.lag() == [(0, 3)]);
}

/// Scenario: intake is paused, and records come in meanwhile.
/// Guarantees: the lag grows by them once the broker is asked, and is right again after the pause.
#[test]
fn lag_grows_during_a_pause() {
    let cluster = cluster(1);
    fill(&cluster.settings(), 1, 10);
    let mut intake = intake(&cluster.settings(), "g", &Arc::default());
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, "the records come", |_, batch| batch.len() == 10);
    intake.commit(&[(0, 10)], CommitMode::Sync).unwrap();
    poll_until(&mut intake, &mut batch, "nothing is pending", |intake, _| intake.lag() == [(0, 0)]);
    intake.pause();
    fill(&cluster.settings(), 1, 10);
    poll_until(&mut intake, &mut batch, "ten are pending", |intake, _| {
        intake.look_at_ends(Duration::from_secs(5));
        intake.lag() == [(0, 10)] && intake.unread().contains(&0)
    });
    intake.resume();
    poll_until(&mut intake, &mut batch, "they come", |_, batch| batch.len() == 20);
    intake.commit(&[(0, 20)], CommitMode::Sync).unwrap();
    poll_until(&mut intake, &mut batch, "all is done", |intake, _| {
        intake.lag() == [(0, 0)] && intake.unread().is_empty()
    });
}

#[test]
fn settings_that_cannot_be_used_are_refused_by_name() {
    let mut settings = TestCluster::start(1).unwrap().settings();
    settings.assignment_strategy = "fair".to_owned();
    let options = forebay_kafka::IntakeOptions {
        group: "g".to_owned(),
        topic: TOPIC.to_owned(),
        client_id: "test".to_owned(),
        prefetch_bytes: 1 << 20,
    };
    let error = Intake::new(&settings, options, Arc::new(Recorder::default())).unwrap_err();
    assert!(matches!(error, KafkaError::Settings(_)), "{error:?}");
    assert!(error.to_string().contains("fair"), "{error}");
}
