//! Topics, the largest record, times and lag.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use forebay_kafka::admin::{TopicAction, wanted_topics};
use forebay_kafka::{Admin, CommitMode, MAX_RECORD_BYTES, ReadFrom, RecordBatch, TopicReader};
use forebay_settings::sections::KafkaSettings;

use crate::support::{PATIENCE, Stopped, create, member, poll_until, send, settings};

/// Scenario: all topics are planned and made, then planned again, then one is wanted otherwise.
/// Guarantees: making them twice does nothing, and a difference is named with both values.
#[tokio::test]
async fn bootstrap_is_idempotent_and_tells_differences() {
    let mut settings = settings().await;
    settings.topics.raw = "plan.raw".to_owned();
    let admin = Admin::new(&settings).unwrap();
    let plans = admin.plan(&wanted_topics(&settings)).await.unwrap();
    assert!(plans.iter().all(|plan| plan.action == TopicAction::Create), "{plans:?}");
    admin.apply(&plans).await.unwrap();
    admin.apply(&plans).await.unwrap();
    let plans = admin.plan(&wanted_topics(&settings)).await.unwrap();
    assert!(plans.iter().all(|plan| plan.action == TopicAction::Keep), "{plans:?}");
    settings.topics.partitions = 3;
    settings.topics.retention.0 = Duration::from_secs(60);
    let plans = admin.plan(&wanted_topics(&settings)).await.unwrap();
    let TopicAction::Differs(differences) = &plans[0].action else { panic!("{plans:?}") };
    let told: Vec<String> =
        differences.iter().map(|d| format!("{} {} {}", d.what, d.wanted, d.found)).collect();
    assert_eq!(told, ["partitions 3 2", "retention.ms 60000 259200000"]);
}

/// Scenario: the largest record, incompressible, through a topic as bootstrap makes it.
/// Guarantees: it arrives, byte for byte.
#[tokio::test(flavor = "multi_thread")]
async fn the_largest_record_passes() {
    let settings = settings().await;
    create(&settings, "largest").await;
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    let value: Vec<u8> = std::iter::repeat_with(&mut noise).take(MAX_RECORD_BYTES - 1).collect();
    send(&settings, "largest", std::iter::once((0, value.clone()))).await;
    let mut intake = member(&settings, "largest", Arc::new(Stopped::default()));
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, |_, batch| batch.len() == 1);
    assert!(batch.get(0).unwrap().value == value);
    let mut reader = TopicReader::open(&settings, "largest", ReadFrom::Beginning).unwrap();
    assert!(reader.next_record().unwrap().unwrap().value == value);
}

/// Scenario: records of two times, read from a time between them.
/// Guarantees: the earlier ones are left out; a time after all of them finds nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_starts_at_a_time() {
    let settings = settings().await;
    create(&settings, "times").await;
    send(&settings, "times", (0..10).map(|n| (n % 2, b"early".to_vec()))).await;
    let mut reader = TopicReader::open(&settings, "times", ReadFrom::Beginning).unwrap();
    let mut last = 0;
    while let Some(record) = reader.next_record().unwrap() {
        last = last.max(record.timestamp_ms);
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    send(&settings, "times", (0..4).map(|n| (n % 2, b"late".to_vec()))).await;
    let mut reader = TopicReader::open(&settings, "times", ReadFrom::Time(last + 1)).unwrap();
    let mut values = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        values.push(record.value);
    }
    assert_eq!(values, vec![b"late".to_vec(); 4]);
    let mut reader = TopicReader::open(&settings, "times", ReadFrom::Time(last + 3_600_000)).unwrap();
    assert_eq!(reader.next_record().unwrap(), None);
}

/// Scenario: half is committed. Guarantees: lag and offsets tell it, from outside and from inside the group.
#[tokio::test(flavor = "multi_thread")]
async fn lag_is_told() {
    let settings = settings().await;
    create(&settings, "lag").await;
    send(&settings, "lag", (0..20).map(|n| (n % 2, b"x".to_vec()))).await;
    let mut intake = member(&settings, "lag", Arc::new(Stopped::default()));
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, |_, batch| batch.len() == 20);
    intake.commit(&[(0, 5), (1, 10)], CommitMode::Sync).unwrap();
    poll_until(&mut intake, &mut batch, |intake, _| intake.lag() == [(0, 5), (1, 0)]);
    let admin = Admin::new(&settings).unwrap();
    let lag = admin.group_lag("lag-group", "lag").await.unwrap();
    assert_eq!(lag.iter().map(|lag| (lag.range.len(), lag.lag())).collect::<Vec<_>>(), [(10, 5), (10, 0)]);
    intake.close();
}

/// Scenario: a group commits what comes in as soon as it comes, all the time, while it is asked for its lag.
/// Guarantees: it is never told to be beyond the end of its topic, which would mean that the topic was made anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_keeps_up_is_not_beyond_the_end() {
    let settings = settings().await;
    create(&settings, "keepsup").await;
    let done = Arc::new(AtomicBool::new(false));
    let sending = tokio::spawn({
        let (settings, done) = (settings.clone(), Arc::clone(&done));
        async move {
            while !done.load(Ordering::Relaxed) {
                send(&settings, "keepsup", (0..20).map(|n| (n % 2, b"x".to_vec()))).await;
            }
        }
    });
    let reading = std::thread::spawn({
        let (settings, done) = (settings.clone(), Arc::clone(&done));
        move || {
            let mut intake = member(&settings, "keepsup", Arc::new(Stopped::default()));
            while !done.load(Ordering::Relaxed) {
                let mut batch = RecordBatch::new();
                poll_until(&mut intake, &mut batch, |_, batch| {
                    !batch.is_empty() || done.load(Ordering::Relaxed)
                });
                let next: BTreeMap<i32, i64> =
                    batch.iter().map(|record| (record.partition, record.offset + 1)).collect();
                let next: Vec<(i32, i64)> = next.into_iter().collect();
                intake.commit(&next, CommitMode::Sync).unwrap();
            }
            intake.close();
        }
    });
    let admin = Admin::new(&settings).unwrap();
    let has_begun = async || {
        let lag = admin.group_lag("keepsup-group", "keepsup").await.unwrap();
        lag.iter().any(|lag| lag.committed.is_some())
    };
    forebay_testkit::eventually("the group has committed something", Duration::from_secs(60), has_begun)
        .await
        .unwrap();
    let mut beyond = Vec::new();
    for _ in 0..100 {
        let lag = admin.group_lag("keepsup-group", "keepsup").await.unwrap();
        beyond.extend(lag.into_iter().filter(|lag| lag.committed.is_some_and(|at| at > lag.range.end)));
    }
    done.store(true, Ordering::Relaxed);
    sending.await.unwrap();
    reading.join().unwrap();
    assert!(beyond.is_empty(), "{beyond:?}");
}

/// Scenario: one partition is half committed, the other whole; then intake pauses, and more comes in.
/// Guarantees: the lag is the one that Kafka's own tool tells, during the pause too.
#[tokio::test(flavor = "multi_thread")]
async fn lag_is_what_kafkas_own_tool_says() {
    let settings = settings().await;
    create(&settings, "tool").await;
    send(&settings, "tool", (0..20).map(|n| (n % 2, b"x".to_vec()))).await;
    let mut intake = member(&settings, "tool", Arc::new(Stopped::default()));
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, |_, batch| batch.len() == 20);
    intake.commit(&[(0, 5), (1, 10)], CommitMode::Sync).unwrap();
    poll_until(&mut intake, &mut batch, |intake, _| intake.lag() == [(0, 5), (1, 0)]);
    assert_eq!(lag_by_tool(&settings, "tool-group"), [(0, 5), (1, 0)]);
    intake.pause();
    send(&settings, "tool", (0..20).map(|n| (n % 2, b"x".to_vec()))).await;
    poll_until(&mut intake, &mut batch, |intake, _| {
        intake.look_at_ends(PATIENCE);
        intake.lag() == [(0, 15), (1, 10)]
    });
    assert_eq!(lag_by_tool(&settings, "tool-group"), [(0, 15), (1, 10)]);
    intake.close();
}

/// What `kafka-consumer-groups.sh --describe` says of a group that reads one topic, by partition.
fn lag_by_tool(settings: &KafkaSettings, group: &str) -> Vec<(i32, i64)> {
    let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/servers/kafka/tool.sh");
    let class = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    let output = Command::new(tool)
        .args([class, "--bootstrap-server", &settings.bootstrap_servers, "--describe", "--group", group])
        .args(["--timeout", "60000"])
        .output()
        .unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    // GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG ...
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut lag: Vec<(i32, i64)> = rows
        .filter(|row| row.first() == Some(&group))
        .map(|row| (row[2].parse().unwrap(), row[5].parse().unwrap()))
        .collect();
    lag.sort_unstable();
    assert!(!lag.is_empty(), "{table}{}", String::from_utf8_lossy(&output.stderr));
    lag
}
