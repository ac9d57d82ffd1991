//! From a batch to a shipment: what the events have in common is encoded, and room is made for the producer's copies.

use std::sync::Arc;

use super::deliver::{Packed, Shipment};
use super::overload::{no_room, of_kafka};
use super::{Failed, Intake, Sender, Then, Try, since_epoch};
use crate::admission::Reservation;
use forebay_record::dead_letter::cut;
use forebay_record::{RawEvent, RawTemplate, stream};
use forebay_wire::{Batch, Facts, Ids};

/// What a record costs beside its bytes, in bytes: librdkafka's and the allocator's own about it.
const RECORD_COST: usize = 256;

impl Intake {
    pub(super) fn pack(
        &self,
        sender: &Sender,
        batch: Arc<Batch>,
        ids: Ids,
        mut reservation: Reservation,
        Try { then, deadline, trace }: Try<'_>,
    ) -> Result<Shipment, Box<Failed>> {
        let received_at = u64::try_from(since_epoch().as_nanos()).unwrap_or(u64::MAX);
        let connection = sender.peer.to_string();
        // What the producer will hold: a copy of each event, its envelope and its key.
        let mut weight = ids.len_of(&batch.events);
        let mut groups = Vec::with_capacity(batch.groups.len());
        for group in &batch.groups {
            let stream = match group.facts.stream.as_str() {
                "" => connection.as_str(),
                stream => cut(stream, stream::MAX_LEN),
            };
            let partition = match self.upstream.partition(stream) {
                Ok(partition) => partition,
                Err(error) => return Err(Failed::with(of_kafka(&error, &self.limits), reservation)),
            };
            let template =
                RawTemplate::new(&RawEvent { trace, ..shared(sender, &group.facts, stream, received_at) });
            let shared = template.encoded_len().saturating_add(stream.len()).saturating_add(RECORD_COST);
            weight = weight.saturating_add(shared.saturating_mul(group.len));
            groups.push(Packed { template, stream: stream.to_owned(), partition, len: group.len });
        }
        weight = weight.saturating_add(batch.events.iter().map(|event| event.span.len()).sum());
        let held = batch.bytes.len().saturating_add(batch.weight());
        let retained = if then == Then::Keep { held } else { 0 };
        let place = reservation.grow_to(held.saturating_add(weight)).and_then(|()| reservation.ship(weight));
        match place {
            Ok(place) => {
                let after = weight.saturating_add(retained);
                Ok(Shipment { batch, groups, ids, reservation, after, place, deadline })
            }
            Err(refused) => {
                reservation.shrink_to(held);
                Err(Failed::with(no_room(&refused, &self.limits), reservation))
            }
        }
    }
}

fn shared<'a>(sender: &'a Sender, facts: &'a Facts, stream: &'a str, received_at: u64) -> RawEvent<'a> {
    RawEvent {
        tenant: sender.tenant.as_str(),
        source: match facts.source.as_str() {
            "" => sender.protocol.as_str(),
            source => source,
        },
        format: &facts.format,
        received_at,
        observed_at: facts.observed_at,
        stream,
        attributes: facts.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        traceparent: &facts.traceparent,
        ..RawEvent::default()
    }
}
