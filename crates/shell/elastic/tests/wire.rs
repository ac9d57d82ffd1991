//! What goes over the wire, and what may come back: on a server that answers with bytes written by hand.

use std::sync::Arc;

use anyhow::{Context, Result};
use forebay_bulk::{BulkBuilder, BulkRequest};
use forebay_elastic::ElasticStore;
use forebay_settings::sections::SearchSettings;
use forebay_store::{ItemOutcome, RequestFailure, Store};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

const ROOT: &str = r#"{"version":{"number":"9.5.3"}}"#;
const CREATED: &str = r#"{"errors":false,"items":[{"create":{"status":201}}]}"#;

/// Answers every request of one connection after the other with the same bytes; what it was sent comes out of the
/// channel, the headers in lower case.
struct Wire {
    port: u16,
    requests: mpsc::Receiver<String>,
}

impl Wire {
    async fn answering(answer: String, tls: Option<TlsAcceptor>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (sender, requests) = mpsc::channel(16);
        let _task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _gone = match &tls {
                    None => exchange(stream, &answer, &sender).await,
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => exchange(stream, &answer, &sender).await,
                        Err(error) => Err(error.into()),
                    },
                };
            }
        });
        Ok(Self { port, requests })
    }

    fn settings(&self) -> SearchSettings {
        SearchSettings { url: format!("http://127.0.0.1:{}", self.port), ..SearchSettings::default() }
    }
}

/// One request, one answer, and the end of the connection.
async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: &str,
    sender: &mpsc::Sender<String>,
) -> Result<()> {
    let mut request = Vec::new();
    loop {
        let mut part = [0; 4096];
        let len = stream.read(&mut part).await?;
        request.extend_from_slice(&part[..len]);
        if len == 0 || is_whole(&request) {
            break;
        }
    }
    sender.send(String::from_utf8_lossy(&request).into_owned()).await?;
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(())
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    request.len() >= head.len() + 4 + length.unwrap_or(0)
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn one() -> Result<BulkRequest> {
    let mut builder = BulkBuilder::new();
    builder.push("forebay-acme-2026.11.21", "a", b"{}", 0)?;
    Ok(builder.finish())
}

/// Scenario: a bulk request with an API key. Guarantees: method, path, filter, headers and body as the servers want them.
#[tokio::test]
async fn a_bulk_request() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let key = folder.path().join("key");
    std::fs::write(&key, "c2VjcmV0\n")?;
    let mut wire = Wire::answering(ok(CREATED), None).await?;
    let store = ElasticStore::connect(&SearchSettings { api_key_file: Some(key), ..wire.settings() })?;
    assert_eq!(store.write(&one()?).await?.outcomes, [ItemOutcome::Indexed]);
    let request = wire.requests.recv().await.context("a request")?;
    let (head, body) = request.split_once("\r\n\r\n").context("a head")?;
    assert!(head.starts_with("POST /_bulk?filter_path=errors%2Citems.*.status%2Citems.*.error%2C"), "{head}");
    for header in
        ["content-type: application/x-ndjson", "accept-encoding: identity", "authorization: apikey c2vjcmv0"]
    {
        assert!(head.to_lowercase().lines().any(|line| line == header), "{header} in {head}");
    }
    assert_eq!(body, "{\"create\":{\"_index\":\"forebay-acme-2026.11.21\",\"_id\":\"a\"}}\n{}\n");
    Ok(())
}

/// Scenario: the password's file is replaced between two requests. Guarantees: the second has the new password.
#[tokio::test]
async fn a_password_that_is_rotated() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("password");
    std::fs::write(&file, "old")?;
    let mut wire = Wire::answering(ok(ROOT), None).await?;
    let settings = SearchSettings {
        username: Some("indexer".to_owned()),
        password_file: Some(file.clone()),
        ..wire.settings()
    };
    let store = ElasticStore::connect(&settings)?;
    for (password, header) in [("old", "Basic aW5kZXhlcjpvbGQ="), ("the new", "Basic aW5kZXhlcjp0aGUgbmV3")] {
        std::fs::write(&file, password)?;
        let _info = store.ping().await?;
        let request = wire.requests.recv().await.context("a request")?;
        assert!(request.contains(header), "{header} in {request}");
    }
    Ok(())
}

/// Scenario: answers that end too early, are longer than anything sensible, are not HTTP, or not a bulk answer's.
/// Guarantees: never success; each is a failure after which the request may be sent again.
#[tokio::test]
async fn answers_that_are_none() -> Result<()> {
    for answer in [
        String::new(),
        "SSH-2.0-OpenSSH_9.2\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{CREATED}"),
        format!("HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n{CREATED}"),
    ] {
        let wire = Wire::answering(answer.clone(), None).await?;
        let failure = ElasticStore::connect(&wire.settings())?.write(&one()?).await;
        assert!(matches!(failure, Err(RequestFailure::Unreachable { .. })), "{answer}: {failure:?}");
    }
    for body in ["<html>Welcome</html>", "{}", ROOT, r#"{"errors":false,"items":[]}"#] {
        let wire = Wire::answering(ok(body), None).await?;
        let failure = ElasticStore::connect(&wire.settings())?.write(&one()?).await;
        assert!(matches!(failure, Err(RequestFailure::Answer(_))), "{body}: {failure:?}");
    }
    Ok(())
}

/// Scenario: a server that asks to be left alone for a while. Guarantees: the caller learns for how long.
#[tokio::test]
async fn a_wish_to_wait() -> Result<()> {
    let wire =
        Wire::answering("HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n".to_owned(), None)
            .await?;
    let failure = ElasticStore::connect(&wire.settings())?.write(&one()?).await;
    let Err(RequestFailure::Busy { status: 503, retry_after, .. }) = failure else { panic!("{failure:?}") };
    assert_eq!(retry_after.map(|wait| wait.as_secs()), Some(7));
    Ok(())
}

/// Scenario: a cluster whose certificate a private authority has signed.
/// Guarantees: it is trusted with the authority's file, and refused without, in words that name the certificate.
#[tokio::test]
async fn a_private_authority() -> Result<()> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &authority)?;
    // Named, since a build of the whole workspace has two providers and rustls won't choose.
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )?;
    let wire = Wire::answering(ok(CREATED), Some(TlsAcceptor::from(Arc::new(config)))).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority.pem())?;
    let settings =
        SearchSettings { url: format!("https://localhost:{}", wire.port), ..SearchSettings::default() };

    let stranger = ElasticStore::connect(&settings)?.write(&one()?).await;
    let Err(RequestFailure::Unreachable { reason }) = stranger else { panic!("{stranger:?}") };
    assert!(reason.contains("certificate"), "{reason}");
    let store = ElasticStore::connect(&SearchSettings { ca_file: Some(file), ..settings })?;
    assert_eq!(store.write(&one()?).await?.outcomes, [ItemOutcome::Indexed]);
    Ok(())
}

/// A server with a limit of 1,000 bytes: it resets the connection of whoever sends more, before an answer is read.
async fn resetting(limits: &'static str) -> Result<SearchSettings> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let _task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 64];
            if stream.read(&mut head).await.is_ok_and(|read| head[..read].starts_with(b"GET /_nodes/http")) {
                let _gone = stream.write_all(ok(limits).as_bytes()).await;
            }
            // What is still to be read makes the end of the stream a reset.
        }
    });
    Ok(SearchSettings { url, ..SearchSettings::default() })
}

/// Scenario: the connection is reset while a body is on its way, as when a server refuses a long one without reading it.
/// Guarantees: it is too large if the server's own limit says so, else the server is unreachable; the least limit of
/// several nodes counts.
#[tokio::test]
async fn a_body_that_was_cut_off_is_held_against_the_limit() -> Result<()> {
    for (limits, too_large) in [
        (
            r#"{"nodes":{"a":{"http":{"max_content_length_in_bytes":104857600}},"b":{"http":{"max_content_length_in_bytes":1000}}}}"#,
            true,
        ),
        (r#"{"nodes":{"a":{"http":{"max_content_length_in_bytes":104857600}}}}"#, false),
        (r#"{"error":"not yours to see"}"#, false),
    ] {
        let store = ElasticStore::connect(&resetting(limits).await?)?;
        let mut builder = BulkBuilder::new();
        builder.push("forebay-acme-2026.11.21", "id", &vec![b'x'; 8_000_000], 0)?;
        match store.write(&builder.finish()).await {
            Err(RequestFailure::TooLarge) => assert!(too_large, "{limits}"),
            Err(RequestFailure::Unreachable { reason }) => assert!(!too_large, "{limits}: {reason}"),
            other => panic!("{limits}: {other:?}"),
        }
    }
    Ok(())
}
