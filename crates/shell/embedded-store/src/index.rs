//! The index on disk: its schema, and how it is opened and searched. Writing is in [`mod@write`].

mod targets;
mod write;

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use forebay_record::tenant;
use forebay_store::search::MAX_LIMIT;
use forebay_store::{
    BulkAnswer, BulkRequest, Hit, RequestFailure, SearchError, SearchPage, SearchRequest, TargetInfo,
};
use jiff::Timestamp;
use serde_json::value::RawValue;
use tantivy::directory::MmapDirectory;
use tantivy::query::{BooleanQuery, Occur, Query};
use tantivy::schema::{
    FAST, Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value as _,
};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{IndexReader, ReloadPolicy, Searcher, TantivyDocument, TantivyError};

use self::write::Writer;
use crate::OpenError;
use crate::collect::{Found, Newest, Place};
use crate::document::TEXT_PATHS;
use crate::query::{compile, parse};
use crate::words::Words;

pub(crate) const TIMESTAMP_NAME: &str = "timestamp";
pub(crate) const SEQUENCE_NAME: &str = "sequence";
const WORDS_TOKENIZER: &str = "words";

/// The schema's fields.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    /// Target and id together: what makes a document unique.
    pub(crate) key: Field,
    pub(crate) id: Field,
    pub(crate) target: Field,
    /// Milliseconds since the Unix epoch; absent where the document has no time.
    pub(crate) timestamp: Field,
    /// Order of writing.
    pub(crate) sequence: Field,
    /// The document, byte for byte.
    pub(crate) source: Field,
    /// See [`crate::term`].
    pub(crate) terms: Field,
    /// One field for each of [`TEXT_PATHS`].
    pub(crate) texts: [Field; TEXT_PATHS.len()],
    /// The words of all other values.
    pub(crate) others: Field,
}

/// An open index.
pub(crate) struct Index {
    fields: Fields,
    reader: IndexReader,
    /// Absent in an index that was opened for reading only.
    writer: Option<Mutex<Writer>>,
}

// === impl Fields ===

impl Fields {
    fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let words = TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer(WORDS_TOKENIZER)
                .set_fieldnorms(false)
                .set_index_option(IndexRecordOption::WithFreqsAndPositions),
        );
        let fields = Self {
            key: schema.add_text_field("key", STRING),
            id: schema.add_text_field("id", STORED),
            target: schema.add_text_field("target", STORED),
            timestamp: schema.add_i64_field(TIMESTAMP_NAME, FAST),
            sequence: schema.add_u64_field(SEQUENCE_NAME, FAST),
            source: schema.add_bytes_field("source", STORED),
            terms: schema.add_text_field("terms", STRING),
            texts: TEXT_PATHS.map(|path| schema.add_text_field(path, words.clone())),
            others: schema.add_text_field("others", words),
        };
        (schema.build(), fields)
    }
}

// === impl Index ===

impl Index {
    pub(crate) fn open(dir: &Path, writable: bool) -> Result<Self, OpenError> {
        let failed = |error: TantivyError| open_error(dir, &error);
        let (schema, fields) = Fields::schema();
        if writable {
            fs::create_dir_all(dir)
                .map_err(|error| OpenError::Io { path: dir.to_path_buf(), reason: error.to_string() })?;
        }
        let directory = MmapDirectory::open(dir).map_err(|error| failed(error.into()))?;
        let index = if writable {
            tantivy::Index::open_or_create(directory, schema).map_err(failed)?
        } else {
            tantivy::Index::open(directory).map_err(failed)?
        };
        if index.schema() != Fields::schema().0 {
            return Err(failed(TantivyError::SchemaError("another schema".to_owned())));
        }
        index.tokenizers().register(WORDS_TOKENIZER, TextAnalyzer::from(Words::default()));
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(failed)?;
        let writer =
            if writable { Some(Mutex::new(Writer::open(index, &reader).map_err(failed)?)) } else { None };
        Ok(Self { fields, reader, writer })
    }

    pub(crate) fn count(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    pub(crate) fn write(&self, request: &BulkRequest) -> Result<BulkAnswer, RequestFailure> {
        self.writer()?.write(&self.fields, &self.reader, request).map_err(|error| unavailable(&error))
    }

    /// The targets that begin with `prefix` and a dash.
    pub(crate) fn targets(&self, prefix: &str) -> Result<Vec<TargetInfo>, RequestFailure> {
        if self.writer.is_none() {
            self.reader.reload().map_err(|error| unavailable(&error))?;
        }
        targets::list(&self.reader.searcher(), &self.fields, prefix).map_err(|error| unavailable(&error))
    }

    /// Deletes all documents of a target.
    pub(crate) fn delete(&self, target: &str) -> Result<(), RequestFailure> {
        let term = targets::term(&self.fields, target);
        self.writer()?.delete(&self.reader, term).map_err(|error| unavailable(&error))
    }

    fn writer(&self) -> Result<MutexGuard<'_, Writer>, RequestFailure> {
        let writer = self.writer.as_ref().ok_or_else(|| RequestFailure::Rejected {
            status: 403,
            error_type: "read_only".to_owned(),
            reason: "the embedded store was opened for reading only".to_owned(),
        })?;
        // A panic while writing leaves nothing half done that the next write would not roll back.
        Ok(writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn search(&self, request: &SearchRequest, prefix: &str) -> Result<SearchPage, SearchError> {
        if self.writer.is_none() {
            // Another process commits, which this one doesn't see by itself.
            self.reader.reload().map_err(|error| unavailable(&error))?;
        }
        if !(1..=MAX_LIMIT).contains(&request.limit) {
            return Err(SearchError::Query(format!(
                "a page has 1 to {MAX_LIMIT} hits, not {}",
                request.limit
            )));
        }
        let query = self.query(request, prefix)?;
        let after = request.after.as_ref().map(|cursor| {
            Place::from_cursor(cursor)
                .ok_or_else(|| SearchError::Query(format!("`{}` is no cursor of this store", cursor.0)))
        });
        let newest = Newest {
            limit: request.limit,
            order: request.order,
            after: after.transpose()?,
            since_ms: request.since_ms,
            until_ms: request.until_ms,
        };
        let searcher = self.reader.searcher();
        let found = searcher.search(&*query, &newest).map_err(|error| unavailable(&error))?;
        let next = found.hits.last().map(|(place, _)| place.to_cursor()).or_else(|| request.after.clone());
        let hits = found.hits.iter().map(|hit| self.hit(&searcher, hit)).collect::<Result<_, _>>()?;
        Ok(SearchPage { hits, total: found.total, next })
    }

    fn query(&self, request: &SearchRequest, prefix: &str) -> Result<Box<dyn Query>, SearchError> {
        let asked = |error: parse::QueryError| SearchError::Query(error.to_string());
        let node = parse::parse(&request.query).map_err(asked)?;
        let now_ms = Timestamp::now().as_millisecond();
        let query = compile::compile(&node, &self.fields, now_ms).map_err(asked)?;
        let Some(tenant) = &request.tenant else { return Ok(query) };
        if !tenant::is_valid(tenant) {
            return Err(SearchError::Query(format!("`{tenant}` can't be a tenant's name")));
        }
        let tenant = compile::tenant(prefix, tenant, &self.fields).map_err(asked)?;
        Ok(Box::new(BooleanQuery::new(vec![(Occur::Must, query), (Occur::Must, tenant)])))
    }

    fn hit(&self, searcher: &Searcher, (place, address): &Found) -> Result<Hit, SearchError> {
        let document: TantivyDocument = searcher.doc(*address).map_err(|error| unavailable(&error))?;
        let text = |field| document.get_first(field).and_then(|value| value.as_str()).unwrap_or_default();
        let source = document.get_first(self.fields.source).and_then(|value| value.as_bytes());
        let json = String::from_utf8_lossy(source.unwrap_or(b"null")).into_owned();
        Ok(Hit {
            id: text(self.fields.id).to_owned(),
            target: text(self.fields.target).to_owned(),
            timestamp_ms: place.time_ms,
            document: RawValue::from_string(json).map_err(|error| RequestFailure::Unreachable {
                reason: format!("a stored document can't be read: {error}"),
            })?,
        })
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("documents", &self.count()).finish_non_exhaustive()
    }
}

/// Trouble with files or threads: may pass, or an operator has to help; nothing was answered, so nothing is lost.
fn unavailable(error: &TantivyError) -> RequestFailure {
    RequestFailure::Busy {
        status: 503,
        reason: format!("the embedded store failed: {error}"),
        retry_after: None,
    }
}

fn open_error(dir: &Path, error: &TantivyError) -> OpenError {
    let path = dir.to_path_buf();
    match error {
        TantivyError::LockFailure(..) => OpenError::InUse(path),
        TantivyError::SchemaError(_)
        | TantivyError::IncompatibleIndex(_)
        | TantivyError::DataCorruption(_)
        | TantivyError::DeserializeError(_) => OpenError::Incompatible { path, reason: error.to_string() },
        _ => OpenError::Io { path, reason: error.to_string() },
    }
}
