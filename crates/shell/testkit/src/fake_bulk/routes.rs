//! Which request is answered how.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::bulk;
use super::fault::{RequestFault, error};
use super::filter_path::filter;
use super::http::{Answer, Cut};
use super::state::{State, add};

pub(super) async fn handle(state: Arc<State>, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_gone| Cut)?.to_bytes();
    let path = head.uri.path().trim_matches('/').to_owned();
    let segments: Vec<&str> = path.split('/').collect();
    let is_gzip = head.headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip");
    if let Some(traceparent) = head.headers.get("traceparent") {
        state.traceparents().push(String::from_utf8_lossy(traceparent.as_bytes()).into_owned());
    }
    let (status, answer) = match (&head.method, segments.as_slice()) {
        (&Method::GET | &Method::HEAD, [""]) => (200, greeting()),
        (&Method::POST | &Method::PUT, ["_bulk"]) => {
            return bulk(&state, None, body, is_gzip, head.uri.query()).await;
        }
        (&Method::POST | &Method::PUT, [index, "_bulk"]) => {
            return bulk(&state, Some(index), body, is_gzip, head.uri.query()).await;
        }
        (&Method::GET, ["_cluster", "health"]) => (200, health()),
        (&Method::POST, ["_refresh"] | [_, "_refresh"]) => {
            (200, json!({"_shards": {"total": 1, "successful": 1, "failed": 0}}))
        }
        (&Method::GET | &Method::POST, ["_count"]) => (200, count(&state, None)),
        (&Method::GET | &Method::POST, [index, "_count"]) => (200, count(&state, Some(index))),
        (method, ["_index_template", name]) => template(&state, method, "index_template", name, &body),
        (method, ["_component_template", name]) => {
            template(&state, method, "component_template", name, &body)
        }
        (method, _) => {
            let reason = format!("no handler found for uri [/{path}] and method [{method}]");
            (400, json!({"error": reason}))
        }
    };
    Ok(json_answer(status, &answer))
}

async fn bulk(state: &State, index: Option<&str>, body: Bytes, is_gzip: bool, query: Option<&str>) -> Answer {
    add(&state.tally.requests, 1);
    add(&state.tally.bytes, body.len());
    let Some(body) = (if is_gzip { inflate(&body) } else { Some(body) }) else {
        return Ok(json_answer(400, &error(400, "zip_exception", "Not in GZIP format")));
    };
    let fault = state.faults().of_request();
    match fault {
        Some(RequestFault::Slow(time)) => tokio::time::sleep(time).await,
        Some(RequestFault::CutBeforeWrite) => return Err(Cut),
        Some(RequestFault::Hang) => return std::future::pending().await,
        Some(RequestFault::TooLargeAbove(limit) | RequestFault::TooManyRequestsAbove(limit))
            if body.len() <= limit => {}
        Some(fault) => {
            if let Some((status, answer)) = fault.answer() {
                return Ok(json_answer(status, &answer));
            }
        }
        None => {}
    }
    if state.is_sink {
        return Ok(raw_answer(200, bulk::count_only(state, &body)));
    }
    let (status, answer) = bulk::execute(state, index, &body);
    if fault == Some(RequestFault::CutAfterWrite) {
        return Err(Cut);
    }
    Ok(json_answer(status, &filtered(answer, query)))
}

fn filtered(answer: Value, query: Option<&str>) -> Value {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    match pairs.into_iter().find(|(name, _)| *name == "filter_path") {
        // Clients encode commas and stars; no other character of a path needs it.
        Some((_, paths)) => {
            filter(answer, &paths.replace("%2C", ",").replace("%2c", ",").replace("%2A", "*"))
        }
        None => answer,
    }
}

fn inflate(body: &[u8]) -> Option<Bytes> {
    let mut inflated = Vec::new();
    let _bytes = MultiGzDecoder::new(body).read_to_end(&mut inflated).ok()?;
    Some(inflated.into())
}

fn greeting() -> Value {
    json!({
        "name": "fake", "cluster_name": "fake", "cluster_uuid": "9fETw5lUSgWtSqB0jWefIw",
        "version": {
            "number": "9.5.3", "build_flavor": "default", "build_type": "tar", "build_snapshot": false,
            "lucene_version": "10.5.1", "minimum_wire_compatibility_version": "8.19.0",
            "minimum_index_compatibility_version": "8.0.0"
        },
        "tagline": "You Know, for Search"
    })
}

fn health() -> Value {
    json!({
        "cluster_name": "fake", "status": "green", "timed_out": false, "number_of_nodes": 1,
        "number_of_data_nodes": 1, "active_primary_shards": 1, "active_shards": 1, "unassigned_shards": 0
    })
}

fn count(state: &State, index: Option<&str>) -> Value {
    let documents = state.documents();
    let count: usize =
        documents.iter().filter(|(name, _)| index.is_none_or(|i| i == *name)).map(|(_, ids)| ids.len()).sum();
    json!({"count": count, "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0}})
}

/// Index and component templates: kept as they are put, given back in the list that Elasticsearch wraps them in.
fn template(state: &State, method: &Method, kind: &str, name: &str, body: &[u8]) -> (u16, Value) {
    let key = format!("{kind}/{name}");
    let mut resources = state.resources();
    match *method {
        Method::PUT | Method::POST => match serde_json::from_slice(body) {
            Ok(template) => {
                let _before = resources.insert(key, template);
                (200, json!({"acknowledged": true}))
            }
            Err(e) => (400, error(400, "x_content_parse_exception", &e.to_string())),
        },
        Method::GET | Method::HEAD => match resources.get(&key) {
            Some(template) => (200, json!({format!("{kind}s"): [{"name": name, kind: template}]})),
            None => {
                let reason = format!("{} matching [{name}] not found", kind.replace('_', " "));
                (404, error(404, "resource_not_found_exception", &reason))
            }
        },
        Method::DELETE => {
            let _before = resources.remove(&key);
            (200, json!({"acknowledged": true}))
        }
        _ => (405, json!({"error": format!("incorrect HTTP method [{method}]"), "status": 405})),
    }
}

fn json_answer(status: u16, value: &Value) -> Response<Full<Bytes>> {
    let body = if value.is_null() { Bytes::new() } else { Bytes::from(value.to_string()) };
    raw_answer(status, body)
}

fn raw_answer(status: u16, body: Bytes) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    let _before = headers.insert("x-elastic-product", HeaderValue::from_static("Elasticsearch"));
    let _before = headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
