//! Transactions: all or nothing, with both group protocols.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_kafka::{
    Acks, Admin, Assignment, CommitMode, Intake, KafkaError, Member, Outgoing, RecordBatch, TransactionError,
    TransactionOptions, TransactionalProducer,
};
use forebay_settings::sections::{GroupProtocol, KafkaSettings};
use forebay_settings::units::Period;

use crate::support::{
    LIMITS, PATIENCE, Stopped, create, member, poll_both_until, poll_until, read_all, send, settings,
    speaking,
};

fn transactional(settings: &KafkaSettings, id: &str) -> TransactionalProducer {
    let options = TransactionOptions {
        client_id: "test".to_owned(),
        transactional_id: id.to_owned(),
        queue_bytes: 8 << 20,
        timeout: Duration::from_secs(30),
    };
    let producer = TransactionalProducer::new(settings, options).unwrap();
    producer.init(PATIENCE).unwrap();
    producer
}

fn write(producer: &TransactionalProducer, topic: &str, value: &str) -> Acks {
    let acks = Acks::new();
    let record = Outgoing { topic, partition: None, key: b"", value: value.as_bytes(), headers: &[] };
    producer.producer().send(&record, &acks).unwrap();
    acks.seal();
    acks
}

/// Copies what it reads into another topic, in one transaction, up to where the offsets go along.
fn copy(
    producer: &TransactionalProducer,
    intake: &mut Intake,
    batch: &mut RecordBatch,
    to: &str,
) -> Vec<(i32, i64)> {
    poll_until(intake, batch, |_, batch| batch.len() == 4);
    producer.begin().unwrap();
    for record in batch.iter() {
        let _acks = write(producer, to, std::str::from_utf8(record.value).unwrap());
    }
    let next = |partition| batch.iter().filter(|r| r.partition == partition).map(|r| r.offset + 1).max();
    let offsets: Vec<(i32, i64)> = [0, 1].into_iter().filter_map(|p| Some((p, next(p)?))).collect();
    producer.send_offsets(&intake.member(), &offsets, PATIENCE).unwrap();
    offsets
}

/// Waits until readers see what was committed by this transactional id. Kafka answers a commit before it has written the marks that readers
/// go by; who takes the id next is let in when it has.
fn until_it_counts(settings: &KafkaSettings, id: &str) {
    let _next = transactional(settings, id);
}

/// Scenario: a client takes the transactional id of one whose transaction is open.
/// Guarantees: the open transaction counts for nothing; the older client is told that it has failed for good, and for good
/// it stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_successor_fences_and_aborts() {
    let settings = settings().await;
    create(&settings, "fenced").await;
    let zombie = transactional(&settings, "fenced");
    zombie.begin().unwrap();
    let acks = write(&zombie, "fenced", "from the zombie");
    assert_eq!(acks.wait().await.delivered, 1);
    let successor = transactional(&settings, "fenced");
    successor.begin().unwrap();
    let _acks = write(&successor, "fenced", "from the successor");
    successor.commit(PATIENCE).unwrap();
    let error = zombie.commit(PATIENCE).unwrap_err();
    assert!(matches!(error, TransactionError::Fatal(KafkaError::Fatal(_))), "{error:?}");
    assert!(matches!(zombie.producer().failed(), Some(KafkaError::Fatal(_))));
    assert!(matches!(zombie.producer().trouble(), Some(KafkaError::Fatal(_))));
    assert!(matches!(zombie.begin(), Err(TransactionError::Fatal(_))));
    until_it_counts(&settings, "fenced");
    assert_eq!(read_all(&settings, "fenced"), ["from the successor"]);
}

/// Scenario: a member hands in offsets after the group has given its partitions to others, because it did not poll.
/// Guarantees: the transaction has to be aborted; nothing of it counts, and the client goes on with the next one. A plain
/// commit is refused too, also the one that follows when the member learns of it. Then it gets its share again.
async fn stale_members_commit_nothing(protocol: GroupProtocol) {
    let settings = speaking(&settings().await, protocol);
    let topic = format!("stale.{protocol:?}");
    create(&settings, &topic).await;
    send(&settings, &topic, (0..4).map(|n| (n % 2, b"x".to_vec()))).await;
    let producer = transactional(&settings, &topic);
    let mut impatient = KafkaSettings { session_timeout: Period::from_secs(6), ..settings.clone() };
    let _before = impatient.properties.insert("max.poll.interval.ms".to_owned(), "6000".to_owned());
    let recorder = Arc::new(Stopped::default());
    recorder.offsets.lock().unwrap().extend([(0, 2), (1, 2)]);
    let mut stale = member(&impatient, &topic, recorder.clone());
    let mut batch = RecordBatch::new();
    poll_until(&mut stale, &mut batch, |_, batch| batch.len() == 4);
    assert_eq!(
        committed(&impatient, &topic).await,
        [None, None],
        "a member's properties disturb nobody else"
    );
    producer.begin().unwrap();
    let acks = write(&producer, &topic, "from the stale member");
    let mut successor = member(&settings, &topic, Arc::new(Stopped::default()));
    poll_until(&mut successor, &mut RecordBatch::new(), |successor, _| successor.partitions().len() == 2);
    let error = producer.send_offsets(&stale.member(), &[(0, 2), (1, 2)], PATIENCE).unwrap_err();
    assert!(matches!(error, TransactionError::Abort(KafkaError::StaleMember(_))), "{error:?}");
    assert!(matches!(producer.commit(PATIENCE), Err(TransactionError::Abort(_))), "there is no way round it");
    producer.abort(PATIENCE).unwrap();
    let report = acks.wait().await;
    assert_eq!(report.delivered + report.failed, 1, "a report comes in all cases");
    assert_eq!(committed(&settings, &topic).await, [None, None]);
    assert_eq!(read_all(&settings, &topic), ["x"; 4]);
    producer.begin().unwrap();
    producer.abort(PATIENCE).unwrap();
    let refused = stale.commit(&[(0, 2)], CommitMode::Sync);
    assert!(matches!(refused, Err(KafkaError::StaleMember(_))), "{refused:?}");
    poll_both_until(&mut stale, &mut successor, |stale, successor| {
        stale.partitions().len() == 1 && successor.partitions().len() == 1
    });
    assert_eq!(committed(&settings, &topic).await, [None, None]);
    assert!(recorder.told().len() > 1, "it was told");
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_classic_members_commit_nothing() {
    stale_members_commit_nothing(GroupProtocol::Classic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_members_of_the_new_protocol_commit_nothing() {
    stale_members_commit_nothing(GroupProtocol::Consumer).await;
}

/// Ends the open transaction in the callback, as a lane does.
struct Finisher {
    producer: TransactionalProducer,
    offsets: Mutex<Vec<(i32, i64)>>,
}

impl Assignment for Finisher {
    fn assigned(&self, _partitions: &[i32]) {}

    fn revoked(&self, member: &Member<'_>, _partitions: &[i32]) -> Vec<(i32, i64)> {
        let offsets = std::mem::take(&mut *self.offsets.lock().unwrap());
        if self.producer.is_open() {
            self.producer.send_offsets(member, &offsets, PATIENCE).unwrap();
            self.producer.commit(PATIENCE).unwrap();
        }
        Vec::new()
    }

    fn lost(&self, _partitions: &[i32]) {}
}

/// Scenario: a second member joins while the first one has a transaction open, which it ends when it is asked to give up
/// partitions.
/// Guarantees: the transaction is committed before the partitions go: their new owner starts right behind it.
async fn ends_when_revoked(protocol: GroupProtocol, strategy: &str) {
    let mut settings = speaking(&settings().await, protocol);
    settings.assignment_strategy = strategy.to_owned();
    let topic = format!("revoked.{protocol:?}.{strategy}");
    create(&settings, &topic).await;
    send(&settings, &topic, (0..20).map(|n| (n % 2, b"x".to_vec()))).await;
    let producer = transactional(&settings, &topic);
    let finisher = Arc::new(Finisher { producer, offsets: Mutex::default() });
    let mut first = member(&settings, &topic, finisher.clone());
    poll_until(&mut first, &mut RecordBatch::new(), |_, batch| batch.len() == 20);
    finisher.producer.begin().unwrap();
    finisher.offsets.lock().unwrap().extend([(0, 5), (1, 7)]);
    let mut second = member(&settings, &topic, Arc::new(Stopped::default()));
    let mut batch = RecordBatch::new();
    poll_until(&mut second, &mut batch, |_, batch| {
        first.poll(&mut RecordBatch::new(), LIMITS, Duration::from_millis(20)).unwrap();
        !batch.is_empty()
    });
    let record = batch.get(0).unwrap();
    assert_eq!(record.offset, if record.partition == 0 { 5 } else { 7 });
    assert_eq!(committed(&settings, &topic).await, [Some(5), Some(7)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_ends_before_a_cooperative_member_gives_up() {
    ends_when_revoked(GroupProtocol::Classic, "cooperative-sticky").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_ends_before_an_eager_member_gives_up() {
    ends_when_revoked(GroupProtocol::Classic, "range").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_ends_before_a_member_of_the_new_protocol_gives_up() {
    ends_when_revoked(GroupProtocol::Consumer, "").await;
}

async fn committed(settings: &KafkaSettings, topic: &str) -> Vec<Option<i64>> {
    let lag = Admin::new(settings).unwrap().group_lag(&format!("{topic}-group"), topic).await.unwrap();
    lag.iter().map(|lag| lag.committed).collect()
}

/// Scenario: records are read, copied and their offsets handed in; the first time that is aborted, then read again and
/// committed.
/// Guarantees: of the aborted attempt nothing counts, neither records nor offsets; of the committed one all does, once.
async fn copies_once(protocol: GroupProtocol) {
    let settings = speaking(&settings().await, protocol);
    let (from, to) = (format!("copy.{protocol:?}.from"), format!("copy.{protocol:?}.to"));
    create(&settings, &from).await;
    create(&settings, &to).await;
    send(&settings, &from, (0..4).map(|n| (n % 2, format!("v{n}").into_bytes()))).await;
    let producer = transactional(&settings, &from);
    let mut intake = member(&settings, &from, Arc::new(Stopped::default()));
    let mut batch = RecordBatch::new();
    let offsets = copy(&producer, &mut intake, &mut batch, &to);
    assert_eq!(committed(&settings, &from).await, [None, None], "told while a transaction is open");
    producer.abort(PATIENCE).unwrap();
    assert_eq!(read_all(&settings, &to), Vec::<String>::new());
    assert_eq!(committed(&settings, &from).await, [None, None]);
    intake.seek(&[(0, 0), (1, 0)]).unwrap();
    batch.clear();
    assert_eq!(copy(&producer, &mut intake, &mut batch, &to), offsets);
    producer.commit(PATIENCE).unwrap();
    until_it_counts(&settings, &from);
    assert_eq!(read_all(&settings, &to), ["v0", "v1", "v2", "v3"]);
    assert_eq!(committed(&settings, &from).await, [Some(2), Some(2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn classic_groups_copy_once() {
    copies_once(GroupProtocol::Classic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_the_new_protocol_copy_once() {
    copies_once(GroupProtocol::Consumer).await;
}
