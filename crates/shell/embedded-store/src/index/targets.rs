//! The targets: listed from the dictionary of terms, deleted by their term.

use std::collections::BTreeMap;

use forebay_store::TargetInfo;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet as _, Searcher, SegmentReader, TERMINATED, TantivyError, Term};

use super::Fields;
use crate::term::Kind;

/// The field that every document's target stands in.
const TARGET: &str = "_index";

/// The targets that begin with `prefix` and a dash, with as many documents as each has. The dictionary keeps terms of
/// deleted documents for a while; those targets aren't there any more.
pub(super) fn list(
    searcher: &Searcher,
    fields: &Fields,
    prefix: &str,
) -> Result<Vec<TargetInfo>, TantivyError> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for segment in searcher.segment_readers() {
        for (target, documents) in of_segment(segment, fields, &format!("{prefix}-"))? {
            *counts.entry(target).or_default() += documents;
        }
    }
    let alive = counts.into_iter().filter(|(_, documents)| *documents > 0);
    let info =
        |(name, documents)| TargetInfo { name, is_open: true, documents: Some(documents), bytes: None };
    Ok(alive.map(info).collect())
}

/// What all documents of a target have in common, and no others.
pub(super) fn term(fields: &Fields, target: &str) -> Term {
    Term::from_field_text(fields.terms, &Kind::Text.term(TARGET, target))
}

fn of_segment(
    segment: &SegmentReader,
    fields: &Fields,
    prefix: &str,
) -> Result<Vec<(String, u64)>, TantivyError> {
    let inverted = segment.inverted_index(fields.terms)?;
    let (from, skip) = (Kind::Text.term(TARGET, prefix), Kind::Text.prefix(TARGET).len());
    let mut targets = Vec::new();
    let mut terms = inverted.terms().range().ge(from.as_bytes()).into_stream()?;
    while terms.advance() {
        if !terms.key().starts_with(from.as_bytes()) {
            break;
        }
        let name = terms.key().get(skip..).unwrap_or_default();
        let name = String::from_utf8_lossy(name).into_owned();
        let mut postings = inverted.read_postings_from_terminfo(terms.value(), IndexRecordOption::Basic)?;
        let mut documents = 0;
        while postings.doc() != TERMINATED {
            documents += u64::from(!segment.is_deleted(postings.doc()));
            let _next = postings.advance();
        }
        targets.push((name, documents));
    }
    Ok(targets)
}
