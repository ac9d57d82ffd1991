//! `indexer:` requests that the cluster takes and that fit into memory.

use super::findings::Findings;
use crate::sections::IndexerSettings;
use crate::units::{ByteSize, Period};

/// What both clusters take in one request unless told otherwise (`http.max_content_length`).
const MAX_REQUEST: ByteSize = ByteSize::mib(100);

pub(super) fn check(indexer: &IndexerSettings, findings: &mut Findings) {
    findings.group("indexer.group", &indexer.group);
    findings.size("indexer.bulk_bytes", indexer.bulk_bytes, ByteSize::kib(1), MAX_REQUEST);
    findings.number("indexer.bulk_documents", as_number(indexer.bulk_documents), 1, 1_000_000);
    findings.period("indexer.bulk_wait", indexer.bulk_wait, Period::from_millis(0), Period::from_secs(300));
    findings.number("indexer.requests_in_flight", as_number(indexer.requests_in_flight), 1, 256);
    findings.require(
        indexer.bulk_bytes <= indexer.max_in_flight,
        "indexer.bulk_bytes",
        format!("{} is more than indexer.max_in_flight ({})", indexer.bulk_bytes, indexer.max_in_flight),
        "lower it, or no request is ever filled",
    );
    findings.period(
        "indexer.retry_initial",
        indexer.retry_initial,
        Period::from_millis(1),
        Period::from_secs(3_600),
    );
    findings.require(
        indexer.retry_initial <= indexer.retry_max,
        "indexer.retry_max",
        format!("{} is less than indexer.retry_initial ({})", indexer.retry_max, indexer.retry_initial),
        "raise it: the pause grows from the one to the other",
    );
    findings.period(
        "indexer.divert_after",
        indexer.divert_after,
        Period::from_secs(0),
        Period::from_secs(7 * 86_400),
    );
    findings.require(
        (0.0..=1.0).contains(&indexer.max_refused_share),
        "indexer.max_refused_share",
        format!("{} is not between 0 and 1", indexer.max_refused_share),
        "write 0.5 for a half, or 1 to never stop an index",
    );
    // The group would take a member that says nothing for so long for gone.
    findings.period(
        "indexer.revoke_timeout",
        indexer.revoke_timeout,
        Period::from_secs(0),
        Period::from_secs(240),
    );
    findings.period(
        "indexer.drain_timeout",
        indexer.drain_timeout,
        Period::from_secs(0),
        Period::from_secs(3_600),
    );
}

fn as_number(number: usize) -> i128 {
    i128::try_from(number).unwrap_or(i128::MAX)
}
