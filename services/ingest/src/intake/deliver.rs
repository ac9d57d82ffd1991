//! Sends a batch's events and waits until the brokers have them.
//!
//! One counter serves all events of a batch, and one buffer encodes them in turn; nothing is allocated per event.

use std::sync::Arc;
use std::time::Duration;

use forebay_kafka::{Acks, KafkaError, Outgoing, SendError};
use forebay_record::RawTemplate;
use tokio::time::{Instant, sleep};

use super::upstream::Upstream;
use crate::admission::{Place, Reservation};
use forebay_wire::{Batch, Ids};

/// How long to wait before a full queue is tried again.
const QUEUE_PAUSE: Duration = Duration::from_millis(5);

/// After so many events, other requests get their turn on the thread.
const TURN: usize = 4096;

/// The events of one batch, ready to go.
#[derive(Debug)]
pub(crate) struct Shipment {
    /// The events.
    pub batch: Arc<Batch>,
    /// What the events of each group share, in the order of the batch's groups.
    pub groups: Vec<Packed>,
    /// Their ids.
    pub ids: Ids,
    /// The memory that they hold until they are acknowledged.
    pub reservation: Reservation,
    /// How much of it is needed once the producer has copies, in bytes.
    pub after: usize,
    /// Their place in the backlog.
    pub place: Place,
    /// Until when a full queue is waited for.
    pub deadline: Instant,
}

/// A group, ready to go.
#[derive(Debug)]
pub(crate) struct Packed {
    /// What its events have in common.
    pub template: RawTemplate,
    /// The stream, which is the records' key.
    pub stream: String,
    /// The partition that holds the stream.
    pub partition: i32,
    /// How many events it has.
    pub len: usize,
}

/// What became of a shipment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delivery {
    /// Events that all in-sync replicas have.
    pub delivered: u64,
    /// Their bytes and those of the events that failed.
    pub bytes: u64,
    /// Why the others have not arrived; `None` if all have.
    pub error: Option<KafkaError>,
    /// How long it was held back by a full queue.
    pub held_back: Duration,
}

/// Sends every event, then waits for every acknowledgement. It ends by itself, since every record gets a report at the
/// latest when the delivery timeout is over. The reservation is given back with the outcome.
pub(crate) async fn deliver(upstream: &Upstream, mut shipment: Shipment) -> (Delivery, Reservation) {
    let acks = Acks::new();
    let mut delivery = Delivery::default();
    delivery.error = send_all(upstream, &mut shipment, &acks, &mut delivery).await.err();
    acks.seal();
    // The producer has copies. It may hold them for long, so that it matters to hold nothing else.
    let Shipment { batch, groups, ids, mut reservation, after, place, .. } = shipment;
    let wanted = batch.events.len() as u64;
    drop((batch, groups, ids));
    reservation.shrink_to(after);
    let report = acks.wait().await;
    place.settle(report.delivered, wanted);
    delivery.delivered = report.delivered;
    delivery.error = delivery.error.or(report.first_error);
    (delivery, reservation)
}

async fn send_all(
    upstream: &Upstream,
    shipment: &mut Shipment,
    acks: &Acks,
    delivery: &mut Delivery,
) -> Result<(), KafkaError> {
    let mut record = Vec::new();
    let mut events = shipment.batch.events.iter();
    let mut turn = 0_usize;
    for group in &shipment.groups {
        for event in events.by_ref().take(group.len) {
            let Some(body) = shipment.batch.bytes.get(event.span.clone()) else { continue };
            record.clear();
            group.template.push_at(&mut record, shipment.ids.next(event.line), event.observed_at, body);
            let outgoing = Outgoing {
                topic: upstream.topic(),
                partition: Some(group.partition),
                key: group.stream.as_bytes(),
                value: &record,
                headers: &[],
            };
            delivery.bytes += body.len() as u64;
            send(upstream, &outgoing, acks, shipment.deadline, &mut delivery.held_back).await?;
            turn += 1;
            if turn.is_multiple_of(TURN) {
                tokio::task::yield_now().await;
            }
        }
    }
    Ok(())
}

async fn send(
    upstream: &Upstream,
    outgoing: &Outgoing<'_>,
    acks: &Acks,
    deadline: Instant,
    held_back: &mut Duration,
) -> Result<(), KafkaError> {
    loop {
        match upstream.producer().send(outgoing, acks) {
            Ok(()) => return Ok(()),
            Err(SendError::QueueFull) if Instant::now() < deadline => {
                sleep(QUEUE_PAUSE).await;
                *held_back += QUEUE_PAUSE;
            }
            Err(SendError::QueueFull) => {
                return Err(KafkaError::Timeout("the queue to kafka stayed full".to_owned()));
            }
            Err(error @ SendError::TooLarge { .. }) => return Err(KafkaError::TooLarge(error.to_string())),
            Err(SendError::Kafka(error)) => return Err(error),
        }
    }
}
