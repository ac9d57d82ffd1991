//! The spine, from HTTP to search, on each backend: one body of tests, three times.

use anyhow::Result;
use forebay_tests::{Backend, bodies};

macro_rules! on_every_backend {
    ($($group:ident :: $body:ident),+ $(,)?) => {
        mod embedded { use super::*; $(on_every_backend!(@test $group::$body, Embedded);)+ }
        mod elasticsearch { use super::*; $(on_every_backend!(@test $group::$body, Elasticsearch);)+ }
        mod opensearch { use super::*; $(on_every_backend!(@test $group::$body, OpenSearch);)+ }
    };
    (@test $group:ident :: $body:ident, $backend:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $body() -> Result<()> {
            bodies::$group::$body(Backend::$backend).await
        }
    };
}

on_every_backend! {
    arrival::every_shape_of_body_arrives,
    arrival::every_format_is_understood,
    arrival::many_events_arrive_once,
    identity::a_request_sent_again_adds_nothing,
    refusal::a_bad_line_harms_no_neighbour,
    refusal::what_does_not_parse_is_dead_lettered,
    refusal::strange_input_is_accounted_for,
    restart::a_restart_loses_nothing,
    restart::a_stop_without_time_loses_nothing,
}

/// The embedded store has no mapping that could refuse a document.
mod mending {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_refused_document_comes_back_to_elasticsearch() -> Result<()> {
        bodies::mending::a_refused_document_comes_back(Backend::Elasticsearch).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_refused_document_comes_back_to_opensearch() -> Result<()> {
        bodies::mending::a_refused_document_comes_back(Backend::OpenSearch).await
    }
}
