//! A load in the making: records become one bulk request.
//!
//! This is the work that costs, copying every document once; it needs nothing of the machine, so that it can be done outside
//! of its lock.

use std::collections::HashMap;

use forebay_bulk::{BulkBuilder, BulkRequest, ItemError};
use forebay_record::key::{EventKey, is_replay};

use crate::batch::Batch;
use crate::traced::Traced;

/// The error type of a record whose key or value no parser of ours wrote.
pub const INVALID_RECORD: &str = "invalid_record";
/// The error type of a record that names an index which isn't Forebay's.
pub const INVALID_TARGET: &str = "invalid_target";

/// Records with the request that was made of them. A record's tag is its position.
#[derive(Debug)]
pub struct Draft<B> {
    pub(crate) records: B,
    pub(crate) request: BulkRequest,
    pub(crate) rows: Vec<DraftRow>,
    /// Which of `rows` a record belongs to, by its tag.
    pub(crate) row_of: Vec<u32>,
    pub(crate) refused: Vec<(u32, ItemError)>,
    pub(crate) traced: Traced,
}

/// What several records have in common; both names are empty for records that can't be read.
#[derive(Debug)]
pub(crate) struct DraftRow {
    pub(crate) tenant: String,
    pub(crate) target: String,
    /// How many of them a replay has sent to the topic itself.
    pub(crate) replayed: u64,
    is_ours: bool,
}

/// The rows so far. Neighbours nearly always share theirs, so that nearly always the last one is meant.
#[derive(Default)]
struct Rows<'a> {
    rows: Vec<DraftRow>,
    known: HashMap<(&'a str, &'a str), usize>,
    last: Option<(&'a str, &'a str, usize)>,
}

// === impl Draft ===

impl<B: Batch> Draft<B> {
    /// Makes the request. A record that no parser of ours wrote is refused by itself, and so is one for an index whose name
    /// doesn't begin with `prefix` and a hyphen: whoever may write to the topic must not reach every index of the cluster.
    #[must_use]
    pub fn new(records: B, builder: &mut BulkBuilder, prefix: &str) -> Self {
        let mut rows = Rows::default();
        let mut row_of = Vec::with_capacity(records.len());
        let mut refused = Vec::new();
        let mut traced = Traced::default();
        for (tag, index) in (0_u32..).zip(0..records.len()) {
            let key = EventKey::read(records.key(index));
            let (tenant, target) = key.as_ref().map_or(("", ""), |key| (key.tenant, key.target));
            let (row, is_ours) = rows.of(tenant, target, prefix);
            row_of.push(row);
            if key.as_ref().is_ok_and(|key| key.replays > 0) && is_replay(records.key(index)) {
                rows.replayed(row);
            }
            traced.enter(tag, key.as_ref().map_or("", |key| key.trace));
            let pushed = match key {
                Ok(_) if !is_ours => Err((INVALID_TARGET, format!("the index is none of `{prefix}-*`"))),
                Ok(key) => builder
                    .push(key.target, key.id, records.value(index), tag)
                    .map_err(|error| (INVALID_RECORD, error.to_string())),
                Err(error) => Err((INVALID_RECORD, error.to_string())),
            };
            if let Err((error_type, reason)) = pushed {
                let error = ItemError { status: 0, error_type: error_type.to_owned(), reason };
                refused.push((tag, error));
            }
        }
        let rows = rows.rows;
        Self { request: builder.finish(), records, rows, row_of, refused, traced }
    }

    /// Bytes that it holds: the records and the request's body. A receipt has to carry them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.records.bytes() + self.request.body().len()
    }
}

// === impl Rows ===

impl<'a> Rows<'a> {
    fn of(&mut self, tenant: &'a str, target: &'a str, prefix: &str) -> (u32, bool) {
        let at = match self.last {
            Some((last_tenant, last_target, at)) if last_target == target && last_tenant == tenant => at,
            _ => {
                let rows = &mut self.rows;
                let at = *self.known.entry((tenant, target)).or_insert_with(|| {
                    let is_ours = target.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'));
                    let (tenant, target) = (tenant.to_owned(), target.to_owned());
                    rows.push(DraftRow { tenant, target, replayed: 0, is_ours });
                    rows.len() - 1
                });
                self.last = Some((tenant, target, at));
                at
            }
        };
        let is_ours = self.rows.get(at).is_some_and(|row| row.is_ours);
        // A load has fewer than 2^32 records.
        (u32::try_from(at).unwrap_or(u32::MAX), is_ours)
    }

    /// A replay has sent a record of this row.
    fn replayed(&mut self, row: u32) {
        if let Some(row) = self.rows.get_mut(row as usize) {
            row.replayed += 1;
        }
    }
}
