//! What leaves this crate for Kafka: batches of records, together with the marks that close their letters.
//!
//! With transactions a batch and its marks count together or not at all, whatever happens to this process: the one that
//! comes after it first ends what this one left open (same transactional id), then reads the marks. So a letter that is open
//! was not sent, and none is sent twice. The id also keeps two runs from working side by side: the earlier is fenced.
//!
//! Without transactions, records go first and marks follow once the records are acknowledged. A kill between the two has that
//! batch sent again.

mod patience;

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_kafka::{
    Acks, KafkaError, Outgoing, Producer, ProducerOptions, SendError, TransactionOptions,
    TransactionalProducer, dead_letter,
};
use forebay_record::stream;
use forebay_settings::sections::KafkaSettings;
use tokio::runtime::Handle;

use self::patience::{patiently, step};
use crate::DeadLettersError;
use crate::decide::{Keyed, Return};
use crate::job::Delivery;
use crate::marks::Mark;
use crate::marks::wire::MarkRecord;
use crate::place::{LetterTopic, Place};
use crate::scan::Entry;

/// The name of these clients in the broker's logs.
const CLIENT_ID: &str = "forebay-dlq";

/// What the producer may hold, in bytes.
const QUEUE_BYTES: usize = 32 * 1024 * 1024;

/// How long the broker waits for a transaction of a process that was killed before it aborts it. Until then, whoever reads
/// committed records waits at that place, so it is short.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(20);

/// How long it may take to get the transactional id, retries included: a person waits for it.
const INIT_TIMEOUT: Duration = Duration::from_secs(20);

/// How long another step of a transaction may take, retries included.
const STEP_TIMEOUT: Duration = Duration::from_secs(60);

/// A letter that is closed with the batch that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    pub(crate) topic: LetterTopic,
    pub(crate) place: Place,
    pub(crate) timestamp_ms: i64,
    pub(crate) mark: Mark,
    pub(crate) error_type: String,
}

/// Sends batches.
pub(crate) struct Outlet {
    settings: KafkaSettings,
    sender: Sender,
    handle: Handle,
    run: String,
    /// Tells this process's batches from those of another one that had the same run before.
    process: u64,
    batches: u64,
    batch: Vec<(Closing, Option<Acks>)>,
    bytes: usize,
}

enum Sender {
    Transactional(Box<TransactionalProducer>),
    Plain(Producer),
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(crate) struct Committed {
    pub(crate) closed: Vec<Closing>,
    pub(crate) failed: u64,
    pub(crate) error: Option<DeadLettersError>,
}

// === impl Outlet ===

impl Outlet {
    /// Connects. With transactions, whatever an earlier run left open is ended, and that run is fenced. Blocks.
    pub(crate) fn open(
        settings: &KafkaSettings,
        delivery: Delivery,
        run: &str,
        handle: Handle,
    ) -> Result<Self, DeadLettersError> {
        let sender = match delivery {
            Delivery::AtLeastOnce => {
                let options = ProducerOptions { client_id: CLIENT_ID.to_owned(), queue_bytes: QUEUE_BYTES };
                Sender::Plain(Producer::new(settings, options)?)
            }
            Delivery::ExactlyOnce => {
                let options = TransactionOptions {
                    client_id: CLIENT_ID.to_owned(),
                    transactional_id: format!("{CLIENT_ID}-{}", settings.topics.dead_letters),
                    queue_bytes: QUEUE_BYTES,
                    timeout: TRANSACTION_TIMEOUT,
                };
                let producer = TransactionalProducer::new(settings, options)?;
                step(INIT_TIMEOUT, |wait| producer.init(wait))?;
                Sender::Transactional(Box::new(producer))
            }
        };
        let (settings, run) = (settings.clone(), run.to_owned());
        let process = rand::random();
        Ok(Self { settings, sender, handle, run, process, batches: 0, batch: Vec::new(), bytes: 0 })
    }

    /// How many letters the batch has.
    pub(crate) fn len(&self) -> u64 {
        self.batch.len() as u64
    }

    /// How many bytes of records it has.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Closes a letter without sending anything for it.
    pub(crate) fn close(&mut self, entry: &Entry, mark: Mark) {
        self.batch.push((closing(entry, mark), None));
    }

    /// Sends back what goes back of a letter, and closes it as replayed.
    pub(crate) fn send_back(&mut self, entry: &Entry, back: &Return) -> Result<(), SendError> {
        let partition = match &back.stream {
            Some(name) => {
                let partitions = self.sender.producer().partitions(&back.topic)?;
                i32::try_from(stream::partition(name, partitions)).ok()
            }
            None => None,
        };
        let acks = Acks::new();
        for record in &back.records {
            self.sender.producer().await_limit(&back.topic, record.bytes());
        }
        self.begin()?;
        for Keyed { key, value } in &back.records {
            let record = Outgoing { topic: &back.topic, partition, key, value, headers: &[] };
            patiently(|| self.sender.producer().send(&record, &acks))?;
        }
        acks.seal();
        self.bytes += back.bytes();
        self.batch.push((closing(entry, Mark::Replayed), Some(acks)));
        Ok(())
    }

    /// Copies a letter to the parked topic, and closes it.
    pub(crate) fn park(&mut self, entry: &Entry) -> Result<(), SendError> {
        let Entry { letter, record, .. } = entry;
        let topic = self.settings.topics.parked.clone();
        let acks = Acks::new();
        let producer = self.sender.producer();
        producer.await_limit(&topic, record.key.len() + record.value.len());
        self.begin()?;
        patiently(|| dead_letter::send(producer, &topic, letter, &record.key, &record.value, &acks))?;
        acks.seal();
        self.bytes += record.key.len() + record.value.len();
        self.batch.push((closing(entry, Mark::Parked), Some(acks)));
        Ok(())
    }

    /// Ends the batch: what is in it is acknowledged by the brokers and marked, or the answer says what is not. Blocks.
    pub(crate) fn commit(&mut self) -> Committed {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        if batch.is_empty() {
            return Committed::default();
        }
        match &self.sender {
            Sender::Transactional(_) => {
                let count = batch.len() as u64;
                let closed: Vec<Closing> = batch.into_iter().map(|(closing, _)| closing).collect();
                match self.commit_transaction(&closed) {
                    Ok(()) => Committed { closed, ..Committed::default() },
                    Err(error) => {
                        let error = Some(self.given_up(error));
                        Committed { failed: count, error, ..Committed::default() }
                    }
                }
            }
            Sender::Plain(_) => self.settle(batch),
        }
    }

    /// Writes records of the state topic by themselves. Blocks.
    pub(crate) fn note(&mut self, records: &[(String, Vec<u8>)]) -> Result<(), DeadLettersError> {
        self.try_note(records).map_err(|error| self.given_up(error))
    }

    fn try_note(&self, records: &[(String, Vec<u8>)]) -> Result<(), DeadLettersError> {
        let acks = Acks::new();
        self.begin().map_err(|error| self.broken(error))?;
        for (key, value) in records {
            self.send_state(key, value, &acks).map_err(|error| self.broken(error))?;
        }
        acks.seal();
        self.finish(&acks)
    }

    /// What it means that a record could not be sent. A client that has failed for good knows why: another run, as a rule.
    pub(crate) fn broken(&self, error: SendError) -> DeadLettersError {
        match (self.sender.producer().failed(), error) {
            (Some(reason), _) => DeadLettersError::TakenOver(reason.to_string()),
            (None, SendError::Kafka(error)) => error.into(),
            (None, other) => KafkaError::Other(other.to_string()).into(),
        }
    }

    fn begin(&self) -> Result<(), SendError> {
        match &self.sender {
            Sender::Transactional(producer) if !producer.is_open() => {
                producer.begin().map_err(|error| SendError::Kafka(error.cause().clone()))
            }
            _ => Ok(()),
        }
    }

    fn commit_transaction(&mut self, closed: &[Closing]) -> Result<(), DeadLettersError> {
        let acks = Acks::new();
        self.begin().map_err(|error| self.broken(error))?;
        self.send_marks(closed, &acks)?;
        acks.seal();
        self.finish(&acks)
    }

    /// Records first, then the marks of those that were delivered.
    fn settle(&mut self, batch: Vec<(Closing, Option<Acks>)>) -> Committed {
        let mut outcome = Committed::default();
        for (closing, acks) in batch {
            let report = acks.map(|acks| self.handle.block_on(acks.wait()));
            match report.filter(|report| report.failed > 0) {
                None => outcome.closed.push(closing),
                Some(report) => {
                    outcome.failed += 1;
                    outcome.error = outcome.error.take().or(report.first_error.map(Into::into));
                }
            }
        }
        let acks = Acks::new();
        let sent = self.send_marks(&outcome.closed, &acks);
        acks.seal();
        if let Err(error) = sent.and_then(|()| self.finish(&acks)) {
            outcome.error = Some(DeadLettersError::Unmarked(Box::new(error)));
        }
        outcome
    }

    fn send_marks(&mut self, closed: &[Closing], acks: &Acks) -> Result<(), DeadLettersError> {
        let name = format!("{:016x}-{}", self.process, self.batches);
        self.batches += 1;
        for record in mark_records(closed, &self.settings, &self.run) {
            let value = record.encode().map_err(|error| DeadLettersError::Broken(error.to_string()))?;
            self.send_state(&record.key(&name), &value, acks).map_err(|error| self.broken(error))?;
        }
        Ok(())
    }

    fn send_state(&self, key: &str, value: &[u8], acks: &Acks) -> Result<(), SendError> {
        let topic = self.settings.topics.dead_letter_state();
        let record = Outgoing { topic: &topic, partition: None, key: key.as_bytes(), value, headers: &[] };
        patiently(|| self.sender.producer().send(&record, acks))
    }

    /// The rest of a transaction that fails is the caller's to give up.
    fn finish(&self, acks: &Acks) -> Result<(), DeadLettersError> {
        match &self.sender {
            Sender::Transactional(producer) => step(STEP_TIMEOUT, |wait| producer.commit(wait)),
            Sender::Plain(_) => {
                let report = self.handle.block_on(acks.wait());
                report.first_error.map_or(Ok(()), |error| Err(error.into()))
            }
        }
    }

    /// Aborts after a failure; what it means. A broker that meets a commit while another run begins may answer just that something is wrong:
    /// what that was is told to the abort.
    fn given_up(&self, error: DeadLettersError) -> DeadLettersError {
        self.abort();
        match self.sender.producer().failed() {
            Some(reason) => DeadLettersError::TakenOver(reason.to_string()),
            None => error,
        }
    }

    /// Should this fail too, the broker aborts when the transaction's time is over.
    fn abort(&self) {
        if let Sender::Transactional(producer) = &self.sender
            && let Err(error) = step(STEP_TIMEOUT, |wait| producer.abort(wait))
        {
            tracing::debug!(error = %error, "the transaction could not be aborted");
        }
    }
}

impl Sender {
    fn producer(&self) -> &Producer {
        match self {
            Self::Transactional(producer) => producer.producer(),
            Self::Plain(producer) => producer,
        }
    }
}

fn closing(entry: &Entry, mark: Mark) -> Closing {
    Closing {
        topic: entry.topic,
        place: entry.place(),
        timestamp_ms: entry.record.timestamp_ms,
        mark,
        error_type: entry.letter.error_type.clone(),
    }
}

/// One record for each partition.
fn mark_records(closed: &[Closing], settings: &KafkaSettings, run: &str) -> Vec<MarkRecord> {
    let mut records: BTreeMap<(LetterTopic, i32), MarkRecord> = BTreeMap::new();
    for Closing { topic, place, timestamp_ms, mark, .. } in closed {
        let record = records.entry((*topic, place.partition)).or_insert_with(|| MarkRecord {
            topic: topic.name(&settings.topics).to_owned(),
            partition: place.partition,
            newest_ms: *timestamp_ms,
            run: run.to_owned(),
            marks: BTreeMap::new(),
        });
        record.newest_ms = record.newest_ms.max(*timestamp_ms);
        let _new = record.marks.insert(place.offset, *mark);
    }
    records.into_values().collect()
}

#[cfg(test)]
mod tests {
    use forebay_kafka::testing::{Fault, Request, TestCluster};

    use super::*;

    #[test]
    fn the_marks_of_a_batch_are_one_record_a_partition() {
        let closing = |partition, offset, timestamp_ms| Closing {
            topic: LetterTopic::DeadLetters,
            place: Place { partition, offset },
            timestamp_ms,
            mark: Mark::Replayed,
            error_type: String::new(),
        };
        let batch = [closing(0, 1, 10), closing(1, 1, 20), closing(0, 2, 5)];
        let records = mark_records(&batch, &KafkaSettings::default(), "r");
        let brief: Vec<(i32, i64, usize)> =
            records.iter().map(|record| (record.partition, record.newest_ms, record.marks.len())).collect();
        assert_eq!(brief, [(0, 10, 2), (1, 20, 1)]);
    }

    /// Scenario: the broker answers a commit with an error of its own, once with nothing else behind it, once since another run has begun,
    /// which only the abort is told.
    /// Guarantees: the run says which of the two it was. Doesn't prove when a broker answers so.
    #[test]
    fn a_run_that_was_taken_over_says_so() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let cluster = TestCluster::start(1).unwrap();
        let settings = cluster.settings();
        cluster.create_topic(&settings.topics.dead_letter_state(), 1).unwrap();
        let mut outlet =
            Outlet::open(&settings, Delivery::ExactlyOnce, "r", runtime.handle().clone()).unwrap();
        let mut note = || outlet.note(&[("key".to_owned(), b"value".to_vec())]);

        cluster.fail_next(Request::EndTransaction, &[Fault::Unknown]);
        let error = note().unwrap_err();
        assert!(matches!(error, DeadLettersError::Kafka(_)), "{error:?}");
        assert_eq!(note(), Ok(()), "it goes on");

        cluster.fail_next(Request::EndTransaction, &[Fault::Unknown, Fault::Fenced]);
        let error = note().unwrap_err();
        assert!(
            matches!(&error, DeadLettersError::TakenOver(reason) if reason.contains("fenced")),
            "{error:?}"
        );
    }
}
