//! Topics, offsets, lag and reading without a group, against librdkafka's mock cluster.

use std::time::Duration;

use crate::support::{TOPIC, block_on, cluster, fill, intake, outgoing, poll_until};
use forebay_kafka::admin::{GroupLag, TopicAction, TopicSpec};
use forebay_kafka::testing::TestCluster;
use forebay_kafka::{
    Acks, Admin, CommitMode, KafkaError, Outgoing, Producer, ProducerOptions, ReadFrom, RecordBatch,
    StoredRecord, TopicReader, dead_letter,
};
use forebay_record::{DeadLetter, ErrorDomain, Stage};
use forebay_settings::sections::KafkaSettings;

fn read_all(settings: &KafkaSettings, from: ReadFrom) -> Vec<StoredRecord> {
    let mut reader = TopicReader::open(settings, TOPIC, from).unwrap();
    std::iter::from_fn(|| reader.next_record().unwrap()).collect()
}

/// Scenario: topics are planned on a cluster that has one of them.
/// Guarantees: the plan tells the missing from the different, and changes nothing.
#[test]
fn a_plan_tells_what_is_missing_and_what_differs() {
    let cluster = cluster(4);
    let admin = Admin::new(&cluster.settings()).unwrap();
    let spec = |name: &str, partitions| TopicSpec {
        name: name.to_owned(),
        partitions,
        replication: 1,
        configs: Vec::new(),
    };
    let plans = block_on(admin.plan(&[spec(TOPIC, 4), spec(TOPIC, 12), spec("forebay.new", 2)])).unwrap();
    assert_eq!(plans[0].action, TopicAction::Keep);
    assert!(
        matches!(&plans[1].action, TopicAction::Differs(differences) if differences[0].what == "partitions")
    );
    assert_eq!(plans[2].action, TopicAction::Create);
    assert_eq!(block_on(admin.topic("forebay.new")).unwrap(), None, "planning creates nothing");
}

#[test]
fn waiting_for_a_broker_reports_progress_and_names_the_address() {
    let settings = KafkaSettings { bootstrap_servers: "127.0.0.1:9".to_owned(), ..KafkaSettings::default() };
    let admin = Admin::new(&settings).unwrap();
    let mut reports = 0;
    let error = block_on(admin.wait_for_broker(Duration::from_millis(1200), |_| reports += 1)).unwrap_err();
    assert!(matches!(&error, KafkaError::Unreachable(reason) if reason.contains("127.0.0.1:9")), "{error:?}");
    assert!(reports >= 1);
    let cluster = TestCluster::start(1).unwrap();
    let admin = Admin::new(&cluster.settings()).unwrap();
    block_on(admin.wait_for_broker(Duration::from_secs(20), |_| {})).unwrap();
}

/// Scenario: a group has committed in one of two partitions.
/// Guarantees: its lag counts from the commit there, and from the first record in the other.
#[test]
fn lag_is_told_per_partition() {
    let cluster = cluster(2);
    let settings = cluster.settings();
    fill(&settings, 2, 10);
    let mut intake = intake(&settings, "g", &std::sync::Arc::default());
    poll_until(&mut intake, &mut RecordBatch::new(), "it is assigned", |intake, _| {
        intake.partitions().len() == 2
    });
    intake.commit(&[(1, 7)], CommitMode::Sync).unwrap();
    intake.close();
    let admin = Admin::new(&settings).unwrap();
    let lag = block_on(admin.group_lag("g", TOPIC)).unwrap();
    assert_eq!(
        lag.iter().map(|lag| (lag.committed, lag.lag())).collect::<Vec<_>>(),
        [(None, 10), (Some(7), 3)]
    );
    let nobody = block_on(admin.group_lag("nobody", TOPIC)).unwrap();
    assert_eq!(nobody.iter().map(GroupLag::lag).sum::<i64>(), 20);
}

/// Scenario: a group has committed in one of three partitions, and one has nothing for it.
/// Guarantees: the oldest is the earliest record that it has yet to read, whether the group runs or not; without a lag there is none.
#[test]
fn the_oldest_unread_record_is_found() {
    let cluster = cluster(3);
    let settings = cluster.settings();
    fill(&settings, 2, 10);
    let stored = read_all(&settings, ReadFrom::Beginning);
    let at = |partition, offset| {
        let record = stored.iter().find(|record| (record.partition, record.offset) == (partition, offset));
        record.unwrap().timestamp_ms
    };
    let admin = Admin::new(&settings).unwrap();
    let mut lags = block_on(admin.group_lag("nobody", TOPIC)).unwrap();
    lags[0].committed = Some(9);
    let patience = Duration::from_secs(20);
    let oldest = block_on(admin.oldest_unread(TOPIC, &lags, patience)).unwrap().unwrap();
    assert!(oldest.is_certain);
    assert_eq!(oldest.timestamp_ms, at(0, 9).min(at(1, 0)));
    for lag in &mut lags {
        lag.committed = Some(lag.range.end);
    }
    assert_eq!(block_on(admin.oldest_unread(TOPIC, &lags, patience)).unwrap(), None);
}

/// Scenario: a topic is read while others go on writing. Guarantees: the reader ends, with what was there at the start.
#[test]
fn a_reader_ends_where_the_topic_ended() {
    let cluster = cluster(3);
    let settings = cluster.settings();
    assert_eq!(read_all(&settings, ReadFrom::Beginning).len(), 0, "an empty topic ends at once");
    fill(&settings, 3, 50);
    let mut reader = TopicReader::open(&settings, TOPIC, ReadFrom::Beginning).unwrap();
    assert_eq!(reader.remaining(), 150);
    fill(&settings, 3, 50);
    let mut count = 0;
    while reader.next_record().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 150);
    assert_eq!(reader.remaining(), 0);
}

#[test]
fn a_reader_finds_one_place() {
    let cluster = cluster(2);
    let settings = cluster.settings();
    fill(&settings, 2, 10);
    let records = read_all(&settings, ReadFrom::Offset { partition: 1, offset: 8 });
    let values: Vec<&[u8]> = records.iter().map(|record| record.value.as_slice()).collect();
    assert_eq!(values, [b"1-8", b"1-9"]);
    assert_eq!(read_all(&settings, ReadFrom::Offset { partition: 1, offset: 99 }).len(), 0, "past the end");
    let missing = TopicReader::open(&settings, "forebay.missing", ReadFrom::Beginning).unwrap_err();
    assert!(matches!(missing, KafkaError::UnknownTopic { .. }), "{missing:?}");
}

/// Scenario: a dead letter of which every field is filled goes to Kafka and comes back.
/// Guarantees: envelope, key and value are the same, byte for byte.
#[test]
fn a_dead_letter_survives_kafka() {
    let cluster = cluster(1);
    let settings = cluster.settings();
    let letter = DeadLetter {
        event_id: "e-1".to_owned(),
        tenant: "acme".to_owned(),
        source_topic: "forebay.events".to_owned(),
        source_partition: 3,
        source_offset: 42,
        source_timestamp: 1_796_000_000_000,
        stage: Stage::Index,
        rule: "json".to_owned(),
        rule_revision: "0".to_owned(),
        target: "forebay-acme-2026.11.21".to_owned(),
        error_domain: ErrorDomain::User,
        error_type: "document_parsing_exception".to_owned(),
        status: 400,
        reason: "failed to parse field [n] of type [integer]: ü".to_owned(),
        first_failed_at: 1_796_000_000_001,
        last_failed_at: 1_796_000_000_002,
        attempts: 1,
        replay_count: 2,
    };
    let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 32 << 20 };
    let producer = Producer::new(&settings, options).unwrap();
    let acks = Acks::new();
    dead_letter::send(&producer, TOPIC, &letter, b"key", b"\x00\xffvalue", &acks).unwrap();
    // What a stranger put into a topic may be larger than any letter: it is cut, and must not hold up its partition.
    let giant = vec![b'x'; forebay_kafka::MAX_RECORD_BYTES + 1];
    assert!(producer.send(&outgoing(0, &giant), &acks).is_err());
    let (too_large, cut) = (DeadLetter { event_id: "giant".to_owned(), ..letter.clone() }, Acks::new());
    dead_letter::send(&producer, "forebay.giants", &too_large, b"key", &giant, &cut).unwrap();
    assert_eq!(cut.sent(), 1);
    producer
        .send(&Outgoing { topic: TOPIC, partition: None, key: b"", value: b"stranger", headers: &[] }, &acks)
        .unwrap();
    acks.seal();
    assert_eq!(block_on(acks.wait()).delivered, 2);
    let records = read_all(&settings, ReadFrom::Beginning);
    assert_eq!(dead_letter::read(&records[0]), Ok(letter));
    assert_eq!(
        (records[0].key.as_slice(), records[0].value.as_slice()),
        (&b"key"[..], &b"\x00\xffvalue"[..])
    );
    assert!(dead_letter::read(&records[1]).is_err(), "no dead letter of ours");
}
