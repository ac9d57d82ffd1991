//! What goes on for long, when credentials change meanwhile.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use forebay_ingest::tokens::{issue, revoke};
use forebay_proto::v1;
use forebay_record::Tenant;
use futures_util::StreamExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use v1::stream_response::Message as Said;

use crate::call::{Client, Ended, Stream};
use crate::harness::{Ingest, started};

const STREAM: &str = "/forebay.v1.Ingest/Stream";
const CHANGED: &str = "credentials have changed, begin anew";

fn token_of(path: &Path, tenant: &str) -> String {
    issue(path, &Tenant::new(tenant).unwrap(), tenant, None).unwrap().token
}

async fn with_tokens(path: &Path) -> (Ingest, String) {
    let token = token_of(path, "acme");
    let _others = token_of(path, "bolt");
    (started(|settings| settings.ingest.access_file = Some(path.to_owned())).await, token)
}

/// A stream that has been let in.
async fn opened(client: &Client) -> Stream {
    let mut stream = client.stream(STREAM).await;
    let said = stream.next::<v1::StreamResponse>().await;
    assert!(matches!(said.and_then(|said| said.message), Some(Said::Window(_))));
    stream
}

/// What a stream to which nothing more is said ends with.
async fn end_of(stream: &mut Stream) -> Ended {
    assert_eq!(stream.next::<v1::StreamResponse>().await, None);
    stream.ended()
}

/// Scenario: streams on one connection; a credential of another tenant is revoked, then the streams' own.
/// Guarantees: they end both times, and are told why; the connection stays as good as new: after the first time a stream opens on it and is
/// served, after the second it is refused as the credential is, and health is as it was.
#[tokio::test]
async fn a_connection_outlives_what_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let (ingest, token) = with_tokens(&path).await;
    let client = Client::connect(ingest.address, Some(&token)).await;
    let mut stream = opened(&client).await;
    revoke(&path, "bolt").unwrap();
    let ended = end_of(&mut stream).await;
    assert_eq!((ended.code, ended.message.as_str()), (14, CHANGED));

    let mut stream = opened(&client).await;
    let event = v1::Event { body: Bytes::from_static(b"one"), ..v1::Event::default() };
    let batch = v1::SendRequest { events: vec![event], ..v1::SendRequest::default() };
    stream.send(&v1::StreamRequest { sequence: 1, batch: Some(batch) }).await;
    let said = stream.next::<v1::StreamResponse>().await.unwrap().message;
    assert!(matches!(&said, Some(Said::Ack(ack)) if ack.sequence == 1), "{said:?}");
    revoke(&path, "acme").unwrap();
    let ended = end_of(&mut stream).await;
    assert_eq!((ended.code, ended.message.as_str()), (14, CHANGED));

    let mut refused = client.stream(STREAM).await;
    assert_eq!(end_of(&mut refused).await.code, 7);
    assert_eq!(client.call("/grpc.health.v1.Health/Check", b"").await.messages, [&b"\x08\x01"[..]]);
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: a credential of another tenant is revoked while a WebSocket is open; then the process stops while another one is.
/// Guarantees: each is told what happened, and nothing else.
#[tokio::test]
async fn a_websocket_is_told_why_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let (ingest, token) = with_tokens(&path).await;
    let connected = async || {
        let mut request = format!("ws://{}/v1/stream", ingest.address).into_client_request().unwrap();
        let shown = format!("Bearer {token}").parse().unwrap();
        let _before = request.headers_mut().insert("authorization", shown);
        let stream = TcpStream::connect(ingest.address).await.unwrap();
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        assert!(matches!(socket.next().await, Some(Ok(Message::Text(_)))));
        socket
    };
    for (end, why) in [(Some("bolt"), CHANGED), (None, "the server is stopping")] {
        let mut socket = connected().await;
        match end {
            Some(name) => revoke(&path, name).unwrap(),
            None => ingest.shutdown.cancel(),
        }
        let closed = async {
            loop {
                if let Message::Close(frame) = socket.next().await.unwrap().unwrap() {
                    return frame.unwrap();
                }
            }
        };
        let frame = tokio::time::timeout(Duration::from_secs(20), closed).await.unwrap();
        assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1012, why));
    }
    let _stored = ingest.stop().await;
}
