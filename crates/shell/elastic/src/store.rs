//! The store: each of its verbs is one request.

use std::time::Instant;

use async_trait::async_trait;
use elasticsearch::http::Method;
use forebay_bulk::{BulkAnswer, BulkRequest, RequestFailure, read_answer};
use forebay_settings::sections::SearchSettings;
use forebay_store::{
    Candidate, Change, SearchError, SearchPage, SearchRequest, Store, StoreInfo, Targets, Verdict,
};

use crate::bootstrap;
use crate::client::{Client, ConnectError, Request};
use crate::full::Full;
use crate::gzip;
use crate::search;
use crate::server::Server;
use crate::simulate;
use crate::targets;

/// What is wanted of a bulk answer. The rest (index, id, shards, sequence numbers of each item) is several times as
/// long as this, and costs both sides.
const BULK_FILTER: &str = "errors,items.*.status,items.*.error,items.*.failure_store";

/// A cluster of Elasticsearch or OpenSearch.
#[derive(Debug)]
pub struct ElasticStore {
    client: Client,
    settings: SearchSettings,
    /// How long the server may wait for a shard that isn't there, before it answers for that document alone: less than we
    /// wait for the answer, or one such shard would keep all other documents of a request without one.
    bulk_timeout: String,
    full: Full,
}

// === impl ElasticStore ===

impl ElasticStore {
    /// A store at the settings' address. Nothing is sent yet: a cluster that isn't up fails the first request, not this.
    ///
    /// # Errors
    /// When the settings can't be used: the address, the certificate authority's file, or the file with the secret.
    pub fn connect(settings: &SearchSettings) -> Result<Self, ConnectError> {
        let bulk_timeout = format!("{}ms", (settings.request_timeout.0 / 2).as_millis().max(1));
        Ok(Self {
            client: Client::new(settings)?,
            settings: settings.clone(),
            bulk_timeout,
            full: Full::default(),
        })
    }
}

#[async_trait]
impl Store for ElasticStore {
    async fn write(&self, request: &BulkRequest) -> Result<BulkAnswer, RequestFailure> {
        if request.is_empty() {
            // The servers refuse an empty body.
            return Ok(BulkAnswer::default());
        }
        let mut body = request.body().clone();
        if self.settings.gzip {
            body = gzip::compress(body)
                .await
                .map_err(|error| RequestFailure::Unreachable { reason: error.to_string() })?;
        }
        let began = Instant::now();
        let reply = self
            .client
            .send(Request {
                method: Method::Post,
                path: "/_bulk",
                query: &[("filter_path", BULK_FILTER), ("timeout", &self.bulk_timeout)],
                content_type: "application/x-ndjson",
                gzipped: self.settings.gzip,
                body: Some(body),
                traceparent: request.traceparent(),
            })
            .await?;
        let mut answer = read_answer(&reply.success()?, request.len())?;
        self.full.relieve(&self.client, request, began, &mut answer).await;
        Ok(answer)
    }

    async fn search(&self, request: &SearchRequest) -> Result<SearchPage, SearchError> {
        search::search(&self.client, &self.settings.index_prefix, request).await
    }

    async fn ping(&self) -> Result<StoreInfo, RequestFailure> {
        Ok(Server::ask(&self.client).await?.into())
    }

    async fn would_take(&self, documents: &[Candidate<'_>]) -> Result<Option<Vec<Verdict>>, RequestFailure> {
        simulate::would_take(&self.client, documents).await
    }

    async fn bootstrap(&self, dry_run: bool) -> Result<Vec<Change>, RequestFailure> {
        bootstrap::run(&self.client, &self.settings, dry_run).await
    }

    async fn targets(&self) -> Result<Targets, RequestFailure> {
        targets::list(&self.client, &self.settings.index_prefix).await
    }

    async fn close(&self, target: &str) -> Result<(), RequestFailure> {
        targets::close(&self.client, target).await
    }

    async fn delete(&self, target: &str) -> Result<(), RequestFailure> {
        targets::delete(&self.client, target).await
    }
}
