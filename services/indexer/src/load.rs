//! A load: a batch of records from `forebay.events` that becomes one bulk request.

use forebay_bulk::{BulkBuilder, BulkRequest, ItemError};
use forebay_delivery::{Receipt, Tally};
use forebay_kafka::RecordBatch;
use forebay_record::EventKey;

use crate::writing::{Fate, Settled, Writing};

/// The error type of a record whose key or value no parser of ours wrote.
pub const INVALID_RECORD: &str = "invalid_record";

/// A load, and what became of its records so far. A record's tag is its position in the batch.
#[derive(Debug)]
pub struct Load {
    /// The records as they were polled: what dead letters are made of.
    pub records: RecordBatch,
    /// What has to be settled.
    pub receipt: Receipt,
    /// The documents on their way.
    pub writing: Writing,
    /// What is counted for each tenant.
    pub tenants: Vec<TenantTally>,
    /// Which of `tenants` a record belongs to, by its tag.
    tenant_of: Vec<u32>,
    /// Records that the store, or this code, refuses for good.
    pub refused: Vec<(u32, Box<ItemError>)>,
    tally: Tally,
    bytes: usize,
}

/// What became of one tenant's records in a load.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TenantTally {
    /// The tenant; empty for records that can't be read.
    pub tenant: String,
    /// Documents written.
    pub indexed: u64,
    /// Documents that were there.
    pub duplicate: u64,
    /// Documents in the failure store.
    pub failure_stored: u64,
    /// Dead letters.
    pub dead_lettered: u64,
}

impl Load {
    /// Makes the request. A record that no parser of ours wrote is refused by itself.
    #[must_use]
    pub fn new(records: RecordBatch, receipt: Receipt, builder: &mut BulkBuilder) -> Self {
        let mut tenants: Vec<TenantTally> = Vec::new();
        let mut tenant_of = Vec::with_capacity(records.len());
        let mut refused = Vec::new();
        for (tag, record) in (0_u32..).zip(records.iter()) {
            let key = EventKey::read(record.key);
            let tenant = key.as_ref().map_or("", |key| key.tenant);
            tenant_of.push(tenant_row(&mut tenants, tenant));
            let pushed = key.map_err(|error| error.to_string()).and_then(|key| {
                builder.push(key.target, key.id, record.value, tag).map_err(|error| error.to_string())
            });
            if let Err(reason) = pushed {
                refused.push((
                    tag,
                    Box::new(ItemError { status: 0, error_type: INVALID_RECORD.to_owned(), reason }),
                ));
            }
        }
        let request: BulkRequest = builder.finish();
        let bytes = records.bytes() + request.body().len();
        Self {
            records,
            receipt,
            writing: Writing::new(request),
            tenants,
            tenant_of,
            refused,
            tally: Tally::default(),
            bytes,
        }
    }

    /// Bytes that it holds: the records and the request's body.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts what became of items.
    pub fn count(&mut self, settled: Vec<Settled>) {
        for Settled { tag, fate } in settled {
            let row = self.tenant_of.get(tag as usize).and_then(|row| self.tenants.get_mut(*row as usize));
            let Some(row) = row else { continue };
            match fate {
                Fate::Indexed => {
                    row.indexed += 1;
                    self.tally.indexed += 1;
                }
                Fate::FailureStored => {
                    row.indexed += 1;
                    row.failure_stored += 1;
                    self.tally.indexed += 1;
                }
                Fate::Duplicate => {
                    row.duplicate += 1;
                    self.tally.duplicate += 1;
                }
                Fate::Refused(error) => self.refused.push((tag, error)),
            }
        }
    }

    /// The brokers have all refused records as dead letters. Answers the receipt with the tally that settles it.
    #[must_use]
    pub fn finish(mut self, ack: Option<forebay_delivery::BrokerAck>) -> Finished {
        for (tag, _) in &self.refused {
            let row = self.tenant_of.get(*tag as usize).and_then(|row| self.tenants.get_mut(*row as usize));
            if let Some(row) = row {
                row.dead_lettered += 1;
            }
        }
        if let Some(ack) = ack {
            self.tally.dead_letter(ack);
        }
        Finished { receipt: self.receipt, tally: self.tally, tenants: self.tenants, records: self.records }
    }
}

/// A load that is done.
#[derive(Debug)]
pub struct Finished {
    /// To be settled ...
    pub receipt: Receipt,
    /// ... with this.
    pub tally: Tally,
    /// For the ledger.
    pub tenants: Vec<TenantTally>,
    /// Memory to use again.
    pub records: RecordBatch,
}

/// The row of a tenant. Neighbours nearly always share it, so that it is nearly always the last one.
fn tenant_row(tenants: &mut Vec<TenantTally>, tenant: &str) -> u32 {
    let at = tenants.iter().rposition(|row| row.tenant == tenant).unwrap_or_else(|| {
        tenants.push(TenantTally { tenant: tenant.to_owned(), ..TenantTally::default() });
        tenants.len() - 1
    });
    // A load has fewer than 2^32 records.
    u32::try_from(at).unwrap_or(u32::MAX)
}
