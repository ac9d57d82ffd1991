//! What shippers ask for before they ship: which product and version this is, whether it is healthy and licensed, and whether
//! the templates, policies, pipelines and data streams that they would use are there.
//!
//! Whatever is asked for is said to be there, so that nobody tries to make it, and whatever is put is acknowledged, without any effect: where
//! documents go and what their fields are is Forebay's own affair (`forebay bootstrap`). That is a promise that
//! nothing more is needed, and true. All of it needs a token where events do, so that a wrong one shows at the start.
//!
//! Who asks for what, as their documentation and logs show: Beats for `/`, `_license`, `_index_template`, `_ilm/policy`,
//! `_data_stream`, `_ingest/pipeline`; Logstash for `/`, `_license`, `_xpack`, `_index_template`, `_alias`; Vector for `/` and
//! `_cluster/health`; rsyslog for `_cat/health`; clients with sniffing for `_nodes/http`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::{MethodRouter, get};

use super::failure::failed;
use super::head::{Version, version};
use super::json;
use crate::http::body::discard;
use crate::http::request::sender;
use crate::intake::Intake;
use crate::protocols::Protocol;
use crate::refusal::Refusal;

/// The version for clients that say none, and for those of 7 and 8: the last of its line, since clients refuse older servers.
const EIGHT: &str = "8.19.0";
const NINE: &str = "9.5.0";

pub(super) fn routes() -> Router<Arc<Intake>> {
    let asked: fn() -> MethodRouter<Arc<Intake>> = || get(there).put(acknowledged).post(acknowledged);
    Router::new()
        .route("/", get(root))
        .route("/_cluster/health", get(health))
        .route("/_cat/health", get(short_health))
        .route("/_license", get(license))
        .route("/_license/", get(license))
        .route("/_xpack", get(license))
        .route("/_nodes/http", get(nodes))
        .route("/_nodes/ingest", get(nodes))
        .route("/_index_template/{name}", asked())
        .route("/_component_template/{name}", asked())
        .route("/_template/{name}", asked())
        .route("/_ilm/policy/{name}", asked())
        .route("/_ingest/pipeline/{name}", asked())
        .route("/_data_stream/{name}", asked())
        .route("/_alias/{name}", asked())
}

async fn root(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    answer(&intake, request, |parts| {
        let number = if wants_nine(parts) { NINE } else { EIGHT };
        format!(
            concat!(
                r#"{{"name":"forebay","cluster_name":"forebay","cluster_uuid":"forebay","version":{{"number":"{}","#,
                r#""build_flavor":"default","build_type":"tar","build_hash":"forebay","build_snapshot":false,"#,
                r#""minimum_wire_compatibility_version":"7.17.0","minimum_index_compatibility_version":"7.0.0"}},"#,
                r#""tagline":"You Know, for Search"}}"#
            ),
            number
        )
    })
    .await
}

/// Green as long as Kafka takes events.
async fn health(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let status = if intake.upstream.is_there() { "green" } else { "red" };
    answer(&intake, request, |_| {
        format!(
            concat!(
                r#"{{"cluster_name":"forebay","status":"{}","timed_out":false,"number_of_nodes":1,"#,
                r#""number_of_data_nodes":1,"active_primary_shards":1,"active_shards":1,"relocating_shards":0,"#,
                r#""initializing_shards":0,"unassigned_shards":0}}"#
            ),
            status
        )
    })
    .await
}

/// The same as rsyslog asks for it.
async fn short_health(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let status = if intake.upstream.is_there() { "green" } else { "red" };
    answer(&intake, request, |_| format!("[{{\"cluster\":\"forebay\",\"status\":\"{status}\"}}]")).await
}

async fn license(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    const BODY: &str = concat!(
        r#"{"license":{"status":"active","uid":"forebay","type":"basic","mode":"basic"},"#,
        r#""features":{"ilm":{"available":false,"enabled":false}}}"#
    );
    answer(&intake, request, |_| BODY.to_owned()).await
}

/// No nodes to go to: a client that looks for others stays with the address that it has.
async fn nodes(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    answer(&intake, request, |_| r#"{"_nodes":{"total":0},"cluster_name":"forebay","nodes":{}}"#.to_owned())
        .await
}

async fn there(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    answer(&intake, request, |_| "{}".to_owned()).await
}

async fn acknowledged(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    answer(&intake, request, |_| r#"{"acknowledged":true}"#.to_owned()).await
}

async fn answer(intake: &Intake, request: Request, say: impl FnOnce(&Parts) -> String) -> Response {
    let (parts, body) = request.into_parts();
    // Templates may be large, and are not looked at.
    discard(body, &parts.headers).await;
    let said = sender(&parts, &intake.access, Protocol::Bulk).map(|_| say(&parts));
    said.map_or_else(|refusal: Refusal| failed(&refusal), |said| json(StatusCode::OK, said.into_bytes()))
}

/// Whether a client would refuse a server of version 8: it speaks 9, or is a Beat of it.
fn wants_nine(parts: &Parts) -> bool {
    let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let is_beat = agent.is_some_and(|agent| agent.to_ascii_lowercase().contains("beat/9."));
    is_beat || version(&parts.headers) == Version::Nine
}
