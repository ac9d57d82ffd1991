//! `forebay send` against a server that answers as it is told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::task::spawn_blocking;

use crate::support::{Ran, run};

/// What the server got: key, content type, body.
type Got = (String, String, String);

/// A server with a list of answers; afterwards it takes everything.
#[derive(Clone, Default)]
struct Server {
    answers: Arc<Mutex<VecDeque<(u16, &'static str)>>>,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Server {
    async fn start(answers: &[(u16, &'static str)]) -> (Self, SocketAddr) {
        let server =
            Self { answers: Arc::new(Mutex::new(answers.iter().copied().collect())), got: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/v1/ingest", post(ingest)).with_state(server.clone());
        let _server = tokio::spawn(axum::serve(listener, router).into_future());
        (server, address)
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn ingest(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let lines = body.lines().count();
    server.got.lock().unwrap().push((header("idempotency-key"), header("content-type"), body));
    let scripted = server.answers.lock().unwrap().pop_front();
    match scripted {
        Some((status, answer)) => {
            (StatusCode::from_u16(status).unwrap(), [("retry-after", "0")], answer).into_response()
        }
        None => format!(r#"{{"accepted":{lines},"rejected":0,"errors":[]}}"#).into_response(),
    }
}

async fn send(address: SocketAddr, more: Vec<String>) -> Ran {
    spawn_blocking(move || {
        let url = format!("http://{address}/v1/ingest");
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        run(&[&["send", "--url", &url], &more[..]].concat())
    })
    .await
    .unwrap()
}

fn file(content: &str) -> (tempfile::NamedTempFile, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    (file, path)
}

const BUSY: &str =
    r#"{"error":{"type":"in_flight_full","reason":"too many events are on their way","hint":""}}"#;

/// Scenario: ingest answers 429, then 503, then takes it; a second run of the same file.
/// Guarantees: every try of a batch carries one key, and so does the second run; `--new` carries others.
#[tokio::test]
async fn a_refused_batch_is_sent_again_under_the_same_key() {
    let (server, address) = Server::start(&[(429, BUSY), (503, BUSY)]).await;
    let (_file, path) = file("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
    let arguments = vec!["--batch".to_owned(), "2".to_owned(), path];
    let sent = send(address, arguments.clone()).await;
    assert_eq!((sent.code, sent.out.as_str()), (0, ""), "{}", sent.err);
    assert!(sent.err.contains("3 events accepted, 0 rejected"), "{}", sent.err);
    assert!(sent.err.contains("429: too many events are on their way"), "{}", sent.err);
    let first = server.got();
    assert_eq!(first.len(), 4);
    assert!(first[0] == first[1] && first[1] == first[2], "{first:?}");
    assert_eq!((first[3].1.as_str(), first[3].2.as_str()), ("application/x-ndjson", "{\"a\":3}\n"));

    assert_eq!(send(address, arguments.clone()).await.code, 0);
    assert_eq!(server.got()[4..], first[2..]);
    assert_eq!(send(address, [arguments, vec!["--new".to_owned()]].concat()).await.code, 0);
    assert_ne!(server.got()[6].0, first[2].0);
}

/// Scenario: ingest rejects some lines. Guarantees: the rest is sent, the lines are named by their number in the file,
/// and the exit code says that not all is well.
#[tokio::test]
async fn rejected_lines_are_named() {
    let answer = r#"{"accepted":1,"rejected":1,"errors":[{"line":2,"reason":"not JSON","error":"json"}]}"#;
    let (_server, address) = Server::start(&[(200, r#"{"accepted":2}"#), (200, answer)]).await;
    let (_file, path) = file("one\ntwo\nthree\nfour\nfive\n");
    let sent = send(address, vec!["--batch".to_owned(), "2".to_owned(), path]).await;
    assert_eq!(sent.code, 1);
    assert!(sent.err.contains("line 4 was rejected: not JSON"), "{}", sent.err);
    assert!(sent.err.contains("4 events accepted, 1 rejected"), "{}", sent.err);
}

#[tokio::test]
async fn a_refusal_for_good_is_not_repeated() {
    let answer =
        r#"{"error":{"type":"unauthorized","reason":"the token is not known","hint":"ask for one"}}"#;
    let (server, address) = Server::start(&[(401, answer)]).await;
    let (_file, path) = file("one\n");
    let sent = send(address, vec![path]).await;
    assert_eq!((sent.code, server.got().len()), (1, 1));
    assert!(sent.err.contains("401: the token is not known (lines 1 to 1"), "{}", sent.err);
    assert!(sent.err.contains("-> ask for one"), "{}", sent.err);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let port = forebay_testkit::free_port().unwrap();
    let (_file, path) = file("one\n");
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let sent = send(address, vec!["--retry-for".to_owned(), "0".to_owned(), path]).await;
    assert_eq!(sent.code, 69);
    assert!(sent.err.contains("Connection refused"), "{}", sent.err);
}
