//! Where converted events go: the producer, with the batch's counters of acknowledgements.

use std::thread;
use std::time::{Duration, Instant};

use forebay_kafka::{Acks, KafkaError, Outgoing, Producer, SendError, dead_letter};
use forebay_record::DeadLetter;
use forebay_telemetry::SecondsCounter;

/// How long to wait before a full queue is tried again. A queue of some MiB drains by much more than one record then.
const QUEUE_PAUSE: Duration = Duration::from_millis(1);

/// What became of one document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sent {
    /// It is on its way.
    Yes,
    /// No broker takes a record of this size.
    TooLarge {
        /// How large it is, in bytes.
        size: usize,
        /// The limit.
        max: usize,
    },
}

/// Takes what a conversion produces. A recording one stands in for Kafka in tests.
pub trait Outbox {
    /// A document for `forebay.events`.
    ///
    /// # Errors
    /// When the producer has failed for good.
    fn document(&mut self, partition: i32, key: &[u8], document: &[u8]) -> Result<Sent, KafkaError>;

    /// A dead letter, with the key and value of the record that failed.
    ///
    /// # Errors
    /// When the producer has failed for good.
    fn dead_letter(&mut self, letter: &DeadLetter, key: &[u8], value: &[u8]) -> Result<(), KafkaError>;
}

/// An outbox that sends to Kafka.
#[derive(Debug)]
pub(crate) struct KafkaOutbox<'a> {
    pub(crate) producer: &'a Producer,
    pub(crate) events_topic: &'a str,
    pub(crate) dead_letter_topic: &'a str,
    pub(crate) documents: &'a Acks,
    pub(crate) dead_letters: &'a Acks,
    pub(crate) backpressure: &'a mut SecondsCounter,
}

impl Outbox for KafkaOutbox<'_> {
    fn document(&mut self, partition: i32, key: &[u8], document: &[u8]) -> Result<Sent, KafkaError> {
        let record = Outgoing {
            topic: self.events_topic,
            partition: Some(partition),
            key,
            value: document,
            headers: &[],
        };
        let (producer, acks) = (self.producer, self.documents);
        patiently(self.backpressure, || producer.send(&record, acks))
    }

    fn dead_letter(&mut self, letter: &DeadLetter, key: &[u8], value: &[u8]) -> Result<(), KafkaError> {
        let (producer, topic, acks) = (self.producer, self.dead_letter_topic, self.dead_letters);
        match patiently(self.backpressure, || dead_letter::send(producer, topic, letter, key, value, acks))? {
            Sent::Yes => Ok(()),
            Sent::TooLarge { size, max } => {
                Err(KafkaError::TooLarge(format!("a dead letter of {size} bytes; the limit is {max}")))
            }
        }
    }
}

/// Tries until the queue has room. It gets room, or its records time out: this ends.
fn patiently(
    backpressure: &mut SecondsCounter,
    mut send: impl FnMut() -> Result<(), SendError>,
) -> Result<Sent, KafkaError> {
    let mut since: Option<Instant> = None;
    let outcome = loop {
        match send() {
            Ok(()) => break Ok(Sent::Yes),
            Err(SendError::QueueFull) => {
                let _began = since.get_or_insert_with(Instant::now);
                thread::park_timeout(QUEUE_PAUSE);
            }
            Err(SendError::TooLarge { size, max }) => break Ok(Sent::TooLarge { size, max }),
            Err(SendError::Kafka(error)) => break Err(error),
        }
    };
    if let Some(since) = since {
        backpressure.add(since.elapsed());
    }
    outcome
}
