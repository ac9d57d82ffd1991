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
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

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
    let (_long, long) = file(&"x".repeat(1 << 20));
    let by = |token: &str| vec!["--token-file".to_owned(), token.to_owned(), path.clone()];
    let (_two, two) = file("two words\n");
    let refused = send(address, by(&two)).await;
    assert!(refused.code == 2 && refused.err.contains("holds no token"), "{}", refused.err);
    let sent = send(address, by(&long)).await;
    assert_eq!((sent.code, server.got().len()), (1, 1));
    assert!(sent.err.contains("401: the token is not known (lines 1 to 1"), "{}", sent.err);
    assert!(sent.err.contains("-> give a valid token with --token-file"), "{}", sent.err);
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

/// A server with a certificate that nobody signed, an authority's or not; and the file of it.
async fn tls_server(is_authority: bool) -> (SocketAddr, tempfile::NamedTempFile, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    if is_authority {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    }
    let certificate = params.self_signed(&key).unwrap();
    let (kept, path) = file(&certificate.pem());
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let _server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _refused = acceptor.accept(stream).await;
        }
    });
    (address, kept, path)
}

/// Scenario: ingest's certificate is of an unknown authority, or an authority's own; then TLS is spoken to as plain HTTP.
/// Guarantees: that is told at once, although it may be tried for an hour, with what to do about it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_tls_is_told_at_once() {
    let (_lines, lines) = file("one\n");
    let send = async |url: String, more: Vec<String>| {
        let lines = lines.clone();
        let sent = spawn_blocking(move || {
            let more: Vec<&str> = more.iter().map(String::as_str).collect();
            run(&[&["send", "--retry-for", "3600", "--url", &url, &lines], &more[..]].concat())
        });
        sent.await.unwrap()
    };
    let (address, _kept, _) = tls_server(false).await;
    let unknown = send(format!("https://{address}/v1/ingest"), Vec::new()).await;
    assert_eq!(unknown.code, 1, "{}", unknown.err);
    assert!(unknown.err.contains("-> name its authority with --ca-file"), "{}", unknown.err);
    let plain = send(format!("http://{address}/v1/ingest"), Vec::new()).await;
    assert!(plain.code == 1 && plain.err.contains("try https://"), "{} {}", plain.code, plain.err);
    let (address, _kept, certificate) = tls_server(true).await;
    let ca_file = vec!["--ca-file".to_owned(), certificate];
    let authority = send(format!("https://{address}/v1/ingest"), ca_file).await;
    assert_eq!(authority.code, 1, "{}", authority.err);
    assert!(authority.err.contains("is an authority's, and not a server's"), "{}", authority.err);
}
