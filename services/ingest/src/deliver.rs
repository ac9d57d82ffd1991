//! Sends a request's events and waits until the brokers have them.
//!
//! One counter serves all events of a request, and one buffer encodes them in turn; nothing is allocated per event.

use std::time::Duration;

use bytes::Bytes;
use forebay_kafka::{Acks, KafkaError, Outgoing, SendError};
use forebay_record::RawTemplate;
use tokio::time::{Instant, sleep};

use crate::admission::{Place, Reservation};
use crate::upstream::Upstream;
use forebay_wire::Event;
use forebay_wire::Ids;

/// How long to wait before a full queue is tried again.
const QUEUE_PAUSE: Duration = Duration::from_millis(5);

/// After so many events, other requests get their turn on the thread.
const TURN: usize = 4096;

/// The events of one request, ready to go.
#[derive(Debug)]
pub struct Shipment {
    /// The body that `events` point into.
    pub body: Bytes,
    /// The events, in their order.
    pub events: Vec<Event>,
    /// Their ids.
    pub ids: Ids,
    /// What they have in common.
    pub template: RawTemplate,
    /// The stream, which is the records' key.
    pub stream: String,
    /// The partition that holds the stream.
    pub partition: i32,
    /// The memory that they hold until they are acknowledged.
    pub reservation: Reservation,
    /// How much of it is for the producer's copies, in bytes.
    pub weight: usize,
    /// Their place in the backlog.
    pub place: Place,
    /// Until when a full queue is waited for.
    pub deadline: Instant,
}

/// What became of a shipment.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
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
/// latest when the delivery timeout is over.
pub async fn deliver(upstream: &Upstream, mut shipment: Shipment) -> Delivery {
    let acks = Acks::new();
    let mut delivery = Delivery::default();
    let mut record = Vec::new();
    for (turn, event) in (1..).zip(&shipment.events) {
        let Some(body) = shipment.body.get(event.span.clone()) else { continue };
        record.clear();
        shipment.template.push(&mut record, shipment.ids.next(event.line), body);
        let outgoing = Outgoing {
            topic: upstream.topic(),
            partition: Some(shipment.partition),
            key: shipment.stream.as_bytes(),
            value: &record,
            headers: &[],
        };
        delivery.bytes += body.len() as u64;
        if let Err(error) = send(upstream, &outgoing, &acks, shipment.deadline, &mut delivery.held_back).await
        {
            delivery.error = Some(error);
            break;
        }
        if turn % TURN == 0 {
            tokio::task::yield_now().await;
        }
    }
    acks.seal();
    // The producer has copies. It may hold them for long, so that it matters to hold nothing else.
    let Shipment { body, events, ids, mut reservation, weight, place, .. } = shipment;
    let wanted = events.len() as u64;
    drop((body, events, ids));
    reservation.shrink_to(weight);
    let report = acks.wait().await;
    place.settle(report.delivered, wanted);
    delivery.delivered = report.delivered;
    delivery.error = delivery.error.or(report.first_error);
    delivery
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
