//! What goes on for long, when credentials change meanwhile.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use forebay_operators::tokens::{issue, revoke};
use forebay_proto::v1;
use forebay_record::Tenant;
use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_settings::{Period, Settings};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use v1::stream_response::Message as Said;

use crate::call::{Client, Ended, Stream};
use crate::doors::connect_from;
use crate::harness::{Ingest, eventually, started};
use crate::syslog::{arrived, over_tcp};

const STREAM: &str = "/forebay.v1.Ingest/Stream";
const ENDED: &str = "the credential was changed or revoked, or has expired";

fn token_of(path: &Path, tenant: &str) -> String {
    issue(path, &Tenant::new(tenant).unwrap(), tenant, None).unwrap().token
}

/// With a token of `acme`, and one of `bolt`.
async fn with_tokens(path: &Path) -> (Ingest, String, String) {
    let (acme, bolt) = (token_of(path, "acme"), token_of(path, "bolt"));
    let change = |settings: &mut Settings| {
        settings.ingest.access_file = Some(path.to_owned());
        // Nobody is asked meanwhile whether he is there.
        settings.ingest.read_timeout = Period::from_secs(60);
    };
    (started(change).await, acme, bolt)
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

/// Waits until a revoked credential opens nothing more: from then on the changed file is in force.
async fn until_refused(ingest: &Ingest, token: &str) {
    eventually("the file is read again", async || {
        ingest.request("", "").bearer_auth(token).send().await.unwrap().status() == 403
    })
    .await;
}

/// Scenario: streams on one connection; a credential of another tenant is revoked, then the streams' own.
/// Guarantees: the first goes unnoticed; then they end, and are told why. The connection stays as good as new: a stream is refused as the
/// credential is, and health is as it was.
#[tokio::test]
async fn a_connection_outlives_what_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let (ingest, token, other) = with_tokens(&path).await;
    let client = Client::connect(ingest.address, Some(&token)).await;
    let mut stream = opened(&client).await;
    revoke(&path, "bolt").unwrap();
    until_refused(&ingest, &other).await;
    let event = v1::Event { body: Bytes::from_static(b"one"), ..v1::Event::default() };
    let batch = v1::SendRequest { events: vec![event], ..v1::SendRequest::default() };
    stream.send(&v1::StreamRequest { sequence: 1, batch: Some(batch) }).await;
    let said = stream.next::<v1::StreamResponse>().await.unwrap().message;
    assert!(matches!(&said, Some(Said::Ack(ack)) if ack.sequence == 1), "{said:?}");
    revoke(&path, "acme").unwrap();
    let ended = end_of(&mut stream).await;
    assert_eq!((ended.code, ended.message.as_str()), (14, ENDED));

    let mut refused = client.stream(STREAM).await;
    assert_eq!(end_of(&mut refused).await.code, 7);
    assert_eq!(client.call("/grpc.health.v1.Health/Check", b"").await.messages, [&b"\x08\x01"[..]]);
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: a credential of another tenant is revoked while two WebSockets are open, then that of one of them; then the process stops.
/// Guarantees: each is told what happened to it, and nothing else.
#[tokio::test]
async fn a_websocket_is_told_why_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let (ingest, token, bolt) = with_tokens(&path).await;
    let cord = token_of(&path, "cord");
    let connected = async |token: &str| {
        let mut request = format!("ws://{}/v1/stream", ingest.address).into_client_request().unwrap();
        let shown = format!("Bearer {token}").parse().unwrap();
        let _before = request.headers_mut().insert("authorization", shown);
        let stream = TcpStream::connect(ingest.address).await.unwrap();
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        assert!(matches!(socket.next().await, Some(Ok(Message::Text(_)))));
        socket
    };
    let known = async || ingest.request("", "").bearer_auth(&cord).send().await.unwrap().status() == 400;
    eventually("the file is read again", known).await;
    let mut stays = connected(&token).await;
    let mut goes = connected(&cord).await;
    revoke(&path, "bolt").unwrap();
    until_refused(&ingest, &bolt).await;
    revoke(&path, "cord").unwrap();
    assert_eq!(closed(&mut goes).await, (1012, ENDED.to_owned()));
    ingest.shutdown.cancel();
    assert_eq!(
        closed(&mut stays).await,
        (1012, "the server is stopping, or no longer trusts the client's certificate".to_owned())
    );
    let _stored = ingest.stop().await;
}

/// The code and the reason that a WebSocket is closed with.
async fn closed(socket: &mut WebSocketStream<TcpStream>) -> (u16, String) {
    let closed = async {
        loop {
            if let Message::Close(frame) = socket.next().await.unwrap().unwrap() {
                let frame = frame.unwrap();
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), closed).await.unwrap()
}

/// Scenario: on a listener of lines two addresses have a credential each; one of them is revoked, later the other is changed.
/// Guarantees: a connection ends with its own credential, and with no other.
#[tokio::test]
async fn a_connection_ends_with_its_own_credential() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let acme = "  - {name: acme, tenant: acme, network: 127.0.0.2/32}\n";
    let bolt = "  - {name: bolt, tenant: bolt, network: 127.0.0.3/32}\n";
    std::fs::write(&path, format!("credentials:\n{acme}{bolt}")).unwrap();
    let (ingest, address) =
        over_tcp(ListenerProtocol::Lines, |settings| settings.ingest.access_file = Some(path.clone())).await;
    let mut stays = connect_from([127, 0, 0, 2], address).await;
    let mut goes = connect_from([127, 0, 0, 3], address).await;
    stays.write_all(b"one\n").await.unwrap();
    goes.write_all(b"two\n").await.unwrap();
    arrived(&ingest, 2).await;
    revoke(&path, "bolt").unwrap();
    until_ended(&mut goes).await;
    stays.write_all(b"three\n").await.unwrap();
    arrived(&ingest, 3).await;
    // Its events would be those of another tenant.
    std::fs::write(&path, format!("credentials:\n{}", acme.replace("tenant: acme", "tenant: bolt"))).unwrap();
    until_ended(&mut stays).await;
    let stored = ingest.stop().await;
    assert!(stored.iter().all(|event| (event.tenant == "bolt") == (event.body == b"two")), "{stored:?}");
}

/// Reads until the other side ends the connection.
async fn until_ended(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest);
    let _or_reset = tokio::time::timeout(Duration::from_secs(20), read).await.expect("it never ended");
}
