//! Elasticsearch and OpenSearch as a [`forebay_store::Store`].
//!
//! The only crate that sees the `elasticsearch` client, and of it only the transport: connections, TLS and
//! authentication. What is sent and read is fixed here and in `forebay-bulk`, in forms that Elasticsearch 7.3 and later
//! and OpenSearch 1 and later share; where they differ, the answer to `GET /` decides.
//!
//! - [`ElasticStore`]: the store
//! - `client`: one request, one answer, or a typed failure
//! - `auth`: credentials from files, read again when they change
//! - `write`, `search`, `bootstrap`: what the store does
//! - `template`: the index templates, as the documents need them
//! - `lifecycle`: what the cluster's own lifecycle management is told
//! - `targets`: which indices there are; closing and deleting them
//! - `full`: indices that have as many fields as they may

mod auth;
mod bootstrap;
mod client;
mod full;
mod gzip;
mod lifecycle;
mod search;
mod server;
mod simulate;
mod store;
mod targets;
mod template;

pub use client::ConnectError;
pub use store::ElasticStore;
