//! Dead letters on their way into Kafka and out of it: the envelope of `forebay_record` as headers.

use forebay_record::dead_letter::{DeadLetter, DeadLetterError};

use crate::producer::{Acks, Outgoing, Producer, SendError};
use crate::read::StoredRecord;

/// Sends a dead letter: key and value of the record that failed, untouched, with the envelope as headers.
///
/// A record that is larger than any letter may be, which no tier writes but whoever else can write the topic may, is cut
/// and the reason says so: it would hold up its partition for ever otherwise.
///
/// # Errors
/// As [`Producer::send`], except that no letter is too large, unless the topic doesn't even take its envelope. The record
/// has then not been sent, and is not counted by `acks`.
pub fn send(
    producer: &Producer,
    topic: &str,
    letter: &DeadLetter,
    key: &[u8],
    value: &[u8],
    acks: &Acks,
) -> Result<(), SendError> {
    let sent = send_whole(producer, topic, letter, key, value, acks);
    let Err(SendError::TooLarge { size, mut max }) = sent else { return sent };
    let mut letter = letter.clone();
    letter.reason = format!("cut, only the first bytes of {size} are here: {reason}", reason = letter.reason);
    // The longer reason may leave a little less room, which the second answer tells.
    loop {
        let key = key.get(..max / 2).unwrap_or(key);
        let value = value.get(..max.saturating_sub(key.len())).unwrap_or(value);
        match send_whole(producer, topic, &letter, key, value, acks) {
            Err(SendError::TooLarge { max: less, .. }) if less < max => max = less,
            sent => return sent,
        }
    }
}

fn send_whole(
    producer: &Producer,
    topic: &str,
    letter: &DeadLetter,
    key: &[u8],
    value: &[u8],
    acks: &Acks,
) -> Result<(), SendError> {
    let headers = letter.headers();
    let headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    producer.send(&Outgoing { topic, partition: None, key, value, headers: &headers }, acks)
}

/// Reads the envelope of a record in a dead-letter topic. Of a header that is there twice the last one counts.
///
/// # Errors
/// When the record is no dead letter of ours, or a damaged one.
pub fn read(record: &StoredRecord) -> Result<DeadLetter, DeadLetterError> {
    DeadLetter::from_headers(|name| {
        record.headers.iter().rev().find(|(found, _)| found == name).map(|(_, value)| value.as_slice())
    })
}
