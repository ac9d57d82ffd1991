//! The documents that the contract writes and looks for.

use forebay_bulk::{BulkBuilder, BulkRequest};

use crate::contract::Broken;

/// The time of the first document: 2026-11-21T10:00:00Z, in milliseconds since the Unix epoch.
pub(super) const START_MS: i64 = 1_795_255_200_000;

/// How many documents [`Documents::all`] has: three to a time, so that pages end between equal times.
pub(super) const COUNT: u32 = 12;

/// Documents of two tenants, one of whose names begins with the other's.
#[derive(Debug)]
pub(super) struct Documents {
    prefix: String,
}

/// One document.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) target: String,
    pub(super) id: String,
    pub(super) ms: i64,
    pub(super) json: String,
}

// === impl Documents ===

impl Documents {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    pub(super) fn target(&self, tenant: &str) -> String {
        format!("{}-{tenant}-2026.11.21", self.prefix)
    }

    /// Number `n`: two of three are `acme`'s, every fourth is an error, three have the same time.
    pub(super) fn one(&self, n: u32) -> Document {
        let tenant = if n.is_multiple_of(3) { "acme-eu" } else { "acme" };
        let level = if n.is_multiple_of(4) { "error" } else { "info" };
        let seconds = n / 3;
        let json = format!(
            concat!(
                r#"{{"@timestamp":"2026-11-21T10:00:{seconds:02}.000Z","message":"Connection reset by peer {n}","#,
                r#""log":{{"level":"{level}"}},"host":{{"name":"web-{n}"}},"organization":{{"id":"{tenant}"}},"#,
                r#""http":{{"response":{{"status_code":{status}}}}},  "spaced" : 1.50}}"#
            ),
            seconds = seconds,
            n = n,
            level = level,
            tenant = tenant,
            status = 200 + n,
        );
        let ms = START_MS + i64::from(seconds) * 1000;
        Document { target: self.target(tenant), id: format!("id-{n:02}"), ms, json }
    }

    /// A document that no search for the others finds.
    pub(super) fn aside(&self, tenant: &str, id: &str) -> Document {
        let json = r#"{"@timestamp":"2026-11-21T09:00:00.000Z","message":"aside"}"#.to_owned();
        Document { target: self.target(tenant), id: id.to_owned(), ms: START_MS - 3_600_000, json }
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Document> {
        (0..COUNT).map(|n| self.one(n)).collect()
    }
}

/// A request of these.
pub(super) fn request(documents: &[Document]) -> Result<BulkRequest, Broken> {
    let mut builder = BulkBuilder::new();
    for (tag, document) in (0..).zip(documents) {
        builder
            .push(&document.target, &document.id, document.json.as_bytes(), tag)
            .map_err(|error| Broken(error.to_string()))?;
    }
    Ok(builder.finish())
}
