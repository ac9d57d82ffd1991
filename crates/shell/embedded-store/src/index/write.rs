//! Writing: one bulk request is one commit.
//!
//! A commit syncs its files, so it is what an answer waits for, and the reader is reloaded before the answer goes out:
//! the check for duplicates of the next request, and every search from then on, see it. Writers take turns.

use std::collections::HashSet;

use forebay_store::{BulkAnswer, BulkRequest, ItemOutcome};
use tantivy::indexer::IndexWriterOptions;
use tantivy::schema::IndexRecordOption;
use tantivy::{
    DocSet as _, IndexReader, IndexWriter, Searcher, TERMINATED, TantivyDocument, TantivyError, Term,
};

use super::{Fields, SEQUENCE_NAME};
use crate::document;

/// The indexing buffer, in bytes: at the lower end of what the index takes; a larger one would only help bulks of tens
/// of thousands of documents.
const BUFFER: usize = 20_000_000;

/// The status and type that Elasticsearch gives to a document that it can't parse.
const REFUSED_STATUS: u16 = 400;
const REFUSED_TYPE: &str = "document_parsing_exception";

/// The one that writes.
pub(super) struct Writer {
    index: tantivy::Index,
    /// Absent after a failure, until the next write opens it anew.
    writer: Option<IndexWriter>,
    next_sequence: u64,
}

// === impl Writer ===

impl Writer {
    pub(super) fn open(index: tantivy::Index, reader: &IndexReader) -> Result<Self, TantivyError> {
        let mut next_sequence = 0;
        for segment in reader.searcher().segment_readers() {
            let last = segment.fast_fields().u64(SEQUENCE_NAME)?.max_value();
            next_sequence = next_sequence.max(last.saturating_add(1));
        }
        let writer = Some(open_writer(&index)?);
        Ok(Self { index, writer, next_sequence })
    }

    /// Writes what is new and says what became of each item. After an error nothing of `request` is stored.
    pub(super) fn write(
        &mut self,
        fields: &Fields,
        reader: &IndexReader,
        request: &BulkRequest,
    ) -> Result<BulkAnswer, TantivyError> {
        let result = self.add_all(fields, reader, request);
        if result.is_err() {
            // An index writer is of no use after an error; dropping it also drops what was added since the last commit.
            self.writer = None;
        }
        result
    }

    /// Deletes the documents that have this term. After an error all of them are still there.
    pub(super) fn delete(&mut self, reader: &IndexReader, term: Term) -> Result<(), TantivyError> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(open_writer(&self.index)?),
        };
        let _stamp = writer.delete_term(term);
        let committed = writer.commit();
        if committed.is_err() {
            self.writer = None;
        }
        let _stamp = committed?;
        reader.reload()
    }

    fn add_all(
        &mut self,
        fields: &Fields,
        reader: &IndexReader,
        request: &BulkRequest,
    ) -> Result<BulkAnswer, TantivyError> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(open_writer(&self.index)?),
        };
        let searcher = reader.searcher();
        let mut in_request = HashSet::new();
        let mut outcomes = Vec::with_capacity(request.len());
        for item in request.items() {
            let key = format!("{}\0{}", item.target, item.id);
            if in_request.contains(&key) || exists(&searcher, &Term::from_field_text(fields.key, &key))? {
                outcomes.push(ItemOutcome::Duplicate);
                continue;
            }
            let indexable = match document::read(&item.id, &item.target, item.document) {
                Ok(indexable) => indexable,
                Err(error) => {
                    outcomes.push(refused(error.to_string()));
                    continue;
                }
            };
            let mut document = TantivyDocument::new();
            document.add_text(fields.key, &key);
            document.add_text(fields.id, &item.id);
            document.add_text(fields.target, &item.target);
            document.add_u64(fields.sequence, self.next_sequence);
            document.add_bytes(fields.source, item.document);
            if let Some(timestamp) = indexable.timestamp_ms {
                document.add_i64(fields.timestamp, timestamp);
            }
            for term in indexable.terms {
                document.add_text(fields.terms, term);
            }
            for (place, text) in indexable.texts {
                if let Some(field) = fields.texts.get(place) {
                    document.add_text(*field, text);
                }
            }
            for text in indexable.others {
                document.add_text(fields.others, text);
            }
            let _stamp = writer.add_document(document)?;
            self.next_sequence += 1;
            let _new = in_request.insert(key);
            outcomes.push(ItemOutcome::Indexed);
        }
        if !in_request.is_empty() {
            let _stamp = writer.commit()?;
            reader.reload()?;
        }
        Ok(BulkAnswer { outcomes })
    }
}

fn open_writer(index: &tantivy::Index) -> Result<IndexWriter, TantivyError> {
    let options = IndexWriterOptions::builder()
        .memory_budget_per_thread(BUFFER)
        .num_worker_threads(1)
        .num_merge_threads(1)
        .build();
    index.writer_with_options(options)
}

/// Whether a committed document has this key. One that was deleted with its target is passed over: it may be written anew.
fn exists(searcher: &Searcher, key: &Term) -> Result<bool, TantivyError> {
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(key.field())?;
        let Some(mut postings) = inverted.read_postings(key, IndexRecordOption::Basic)? else { continue };
        while postings.doc() != TERMINATED {
            if !segment.is_deleted(postings.doc()) {
                return Ok(true);
            }
            let _next = postings.advance();
        }
    }
    Ok(false)
}

fn refused(reason: String) -> ItemOutcome {
    ItemOutcome::Refused(Box::new(forebay_bulk::ItemError {
        status: REFUSED_STATUS,
        error_type: REFUSED_TYPE.to_owned(),
        reason,
    }))
}
