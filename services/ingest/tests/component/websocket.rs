//! `/v1/stream` by WebSocket.

use std::time::Duration;

use forebay_operators::tokens::issue;
use forebay_record::Tenant;
use forebay_settings::Period;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::harness::{Ingest, eventually, started, started_with_little_memory};

type Socket = WebSocketStream<TcpStream>;

async fn connect(ingest: &Ingest, query: &str, token: Option<&str>) -> Result<Socket, Error> {
    let mut request = format!("ws://{}/v1/stream{query}", ingest.address).into_client_request()?;
    if let Some(token) = token {
        let _before =
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    let stream = TcpStream::connect(ingest.address).await?;
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;
    let hello = said(&mut socket).await;
    assert!(hello["window"].as_u64() > Some(0) && hello["max_message"].as_u64() > Some(0), "{hello}");
    Ok(socket)
}

async fn next(socket: &mut Socket) -> Message {
    tokio::time::timeout(Duration::from_secs(20), socket.next()).await.unwrap().unwrap().unwrap()
}

async fn said(socket: &mut Socket) -> Value {
    loop {
        match next(socket).await {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// The close code that comes.
async fn closed(socket: &mut Socket) -> u16 {
    farewell(socket).await.0
}

/// The same with its reason.
async fn farewell(socket: &mut Socket) -> (u16, String) {
    loop {
        if let Message::Close(frame) = next(socket).await {
            let frame = frame.unwrap();
            return (frame.code.into(), frame.reason.to_string());
        }
    }
}

async fn send(socket: &mut Socket, text: impl Into<String>) {
    socket.send(Message::Text(text.into().into())).await.unwrap();
}

/// Scenario: forty batches at once, text and binary, a bad line and a bad batch among them.
/// Guarantees: each is answered once by its number; the events are in Kafka as they came, under the key's ids.
#[tokio::test]
async fn every_batch_is_answered_by_its_number() {
    let ingest = started(|_| {}).await;
    let mut socket = connect(&ingest, "?stream=web-1&attr.host=h", None).await.unwrap();
    for n in 1..=40 {
        let body = format!("{{\"seq\":{n},\"key\":\"k{n}\"}}\n{{\"n\" : {n}}}\n{{\"n\":\n");
        match n {
            3 => {
                send(&mut socket, "{\"seq\":3,\"content_type\":\"application/json\"}\n[{\"a\":1},{\"a\" 2}]")
                    .await;
            }
            4 => socket.send(Message::Binary(body.into_bytes().into())).await.unwrap(),
            _ => send(&mut socket, body).await,
        }
    }
    let mut seen = Vec::new();
    while seen.len() < 40 {
        let answer = said(&mut socket).await;
        if answer["nack"] == 3 {
            assert_eq!(
                (&answer["error"]["type"], answer.get("retry_after_ms")),
                (&json!("malformed_body"), None)
            );
            seen.push(3);
        } else {
            assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(1), &json!(1)), "{answer}");
            assert_eq!(answer["errors"][0]["line"], 2);
            seen.push(answer["ack"].as_u64().unwrap());
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..=40).collect::<Vec<_>>());
    socket.close(None).await.unwrap();
    let stored = ingest.stop().await;
    assert_eq!(stored.len(), 39);
    for event in stored {
        let body = String::from_utf8(event.body).unwrap();
        let n = event.id.strip_prefix('k').unwrap().strip_suffix("-0").unwrap();
        assert_eq!(body, format!("{{\"n\" : {n}}}"));
        assert_eq!((event.source.as_str(), event.stream.as_str()), ("websocket", "web-1"));
        assert_eq!(event.attributes, [("host".to_owned(), "h".to_owned())]);
    }
}

/// Scenario: Kafka goes away and comes back. Guarantees: refused by number with a time to come again, then taken.
#[tokio::test]
async fn a_batch_is_put_off_while_kafka_is_away() {
    let ingest = started(|settings| {
        settings.ingest.ack_timeout = Period::from_secs(2);
        settings.ingest.max_latency = Period::from_secs(2);
        settings.kafka.delivery_timeout = Period::from_secs(2);
    })
    .await;
    let mut socket = connect(&ingest, "", None).await.unwrap();
    ingest.cluster.broker_down(1).unwrap();
    send(&mut socket, "{\"seq\":1}\n{\"a\":1}").await;
    let answer = said(&mut socket).await;
    assert!(answer["nack"] == 1 && answer["retry_after_ms"].as_u64() > Some(0), "{answer}");
    ingest.cluster.broker_up(1).unwrap();
    eventually("taken again", async || {
        send(&mut socket, "{\"seq\":2}\n{\"a\":2}").await;
        said(&mut socket).await["ack"] == 2
    })
    .await;
    let stored = ingest.stop().await;
    assert!(stored.iter().any(|event| event.body == b"{\"a\":2}"));
}

/// Scenario: no token, a wrong parameter; a message without its first line; one that is too large; silence; the stop.
/// Guarantees: refused at the door, or closed with the code that says why.
#[tokio::test]
async fn what_can_not_go_on_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.yaml");
    let token = issue(&file, &Tenant::new("acme").unwrap(), "test", None).unwrap().token;
    let ingest = started(|settings| {
        settings.ingest.access_file = Some(file);
        settings.ingest.read_timeout = Period::from_secs(1);
    })
    .await;
    let refused = |outcome: Result<Socket, Error>| match outcome {
        Err(Error::Http(response)) => response.status().as_u16(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(connect(&ingest, "", None).await), 401);
    assert_eq!(refused(connect(&ingest, "?atomc=1", Some(&token)).await), 400);

    let mut odd = connect(&ingest, "", Some(&token)).await.unwrap();
    send(&mut odd, "{\"message\":\"no number\"}\n").await;
    assert_eq!(closed(&mut odd).await, 1002);

    let mut large = connect(&ingest, "", Some(&token)).await.unwrap();
    let _cut_off = large.send(Message::Text("x".repeat(2 << 20).into())).await;
    let code = tokio::time::timeout(Duration::from_secs(20), large.next()).await.unwrap();
    assert!(!matches!(code, Some(Ok(Message::Text(_)))), "{code:?}");

    // Who answers pings stays; this client only looks at what has come, and answers none.
    let silent = connect(&ingest, "", Some(&token)).await.unwrap();
    eventually("closed after a ping", async || {
        let mut seen = [0; 16];
        let len = silent.get_ref().peek(&mut seen).await.unwrap();
        seen[..len].starts_with(&[0x89, 0, 0x88])
    })
    .await;
    let (mut silent, mut codes) = (silent, Vec::new());
    while let Some(Ok(message)) = silent.next().await {
        if let Message::Close(Some(frame)) = message {
            codes.push(u16::from(frame.code));
        }
    }
    assert_eq!(codes, [1001]);

    let mut stopped = connect(&ingest, "", Some(&token)).await.unwrap();
    send(&mut stopped, "{\"seq\":1}\n{\"a\":1}").await;
    assert_eq!(said(&mut stopped).await["ack"], 1);
    ingest.shutdown.cancel();
    assert_eq!(closed(&mut stopped).await, 1012);
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: a credential is revoked while its stream is open.
/// Guarantees: what was sent is answered, the stream is closed as at a restart, and who comes back with it isn't let in.
#[tokio::test]
async fn a_revoked_credential_ends_its_streams() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.yaml");
    let token = issue(&file, &Tenant::new("acme").unwrap(), "test", None).unwrap().token;
    let ingest = started(|settings| settings.ingest.access_file = Some(file.clone())).await;
    let mut socket = connect(&ingest, "", Some(&token)).await.unwrap();
    send(&mut socket, "{\"seq\":1}\n{\"a\":1}\n").await;
    let answered = said(&mut socket).await;
    forebay_operators::tokens::revoke(&file, "test").unwrap();
    assert_eq!(closed(&mut socket).await, 1012, "{answered}");
    match connect(&ingest, "", Some(&token)).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 403),
        other => panic!("{other:?}"),
    }
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: a batch waits for Kafka, and the next one for memory, which others have for as long as they like.
/// Guarantees: the first is acknowledged meanwhile, and the other as soon as there is room.
#[tokio::test]
async fn acknowledgements_go_on_while_a_batch_waits_for_room() {
    let ingest = started_with_little_memory().await;
    let mut socket = connect(&ingest, "", None).await.unwrap();
    let bodies = ingest.filled(None).await;
    ingest.cluster.broker_down(1).unwrap();
    send(&mut socket, "{\"seq\":1}\n{\"a\":1}\n").await;
    send(&mut socket, format!("{{\"seq\":2}}\n{{\"a\":\"{}\"}}\n", "x".repeat(200_000))).await;
    ingest.cluster.broker_up(1).unwrap();
    assert_eq!(said(&mut socket).await["ack"], 1);
    drop(bodies);
    assert_eq!(said(&mut socket).await["ack"], 2);
    assert_eq!(ingest.stop().await.len(), 2);
}

/// The beginning of a frame of a client: its first byte, what its length is said to be, and so much of it.
fn frame(first: u8, len: u64, sent: usize) -> Vec<u8> {
    // A mask of zeros leaves the bytes as they are.
    [&[first, 0xff][..], &len.to_be_bytes(), &[0; 4], &vec![b'x'; sent]].concat()
}

/// Scenario: messages come in half, and stay so.
/// Guarantees: what has come of them counts as memory, so that others are refused instead of taking more than there is; when they are
/// gone there is room again.
#[tokio::test]
async fn half_a_message_counts_as_memory() {
    let ingest = started_with_little_memory().await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let mut socket = connect(&ingest, "", None).await.unwrap();
        socket.get_mut().write_all(&frame(0x81, 900_000, 300_000)).await.unwrap();
        sockets.push(socket);
    }
    let body = format!("{{\"a\":\"{}\"}}", "x".repeat(200_000));
    eventually("the memory is full", async || {
        let answer = ingest.ndjson("", body.clone()).await;
        answer.status == 429 && answer.error() == "busy"
    })
    .await;
    drop(sockets);
    eventually("there is room again", async || ingest.ndjson("", body.clone()).await.status == 200).await;
}

/// Scenario: a client begins a message, and then only says that it is there.
/// Guarantees: it is sent away, since what it has begun keeps memory.
#[tokio::test]
async fn pongs_keep_no_message_that_does_not_end() {
    let ingest = started(|settings| settings.ingest.read_timeout = Period::from_secs(1)).await;
    let mut socket = connect(&ingest, "", None).await.unwrap();
    // A fragment: others may follow, and pongs between them.
    socket.get_mut().write_all(&frame(0x01, 1000, 1000)).await.unwrap();
    let closed = async {
        loop {
            let _gone = socket.get_mut().write_all(&[0x8a, 0x80, 0, 0, 0, 0]).await;
            let heard = tokio::time::timeout(Duration::from_millis(100), socket.next()).await;
            if let Ok(Some(Ok(Message::Close(frame)))) = heard {
                return u16::from(frame.unwrap().code);
            }
        }
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), closed).await, Ok(1001));
}

/// Scenario: a client answers every ping, and never sends a batch. Guarantees: it doesn't keep its place for ever.
#[tokio::test]
async fn who_only_answers_pings_is_sent_away() {
    let ingest = started(|settings| settings.ingest.read_timeout = Period::from_millis(500)).await;
    let mut socket = connect(&ingest, "", None).await.unwrap();
    let heard = tokio::time::timeout(Duration::from_secs(20), farewell(&mut socket)).await;
    assert_eq!(heard, Ok((1001, "no batch came for too long".to_owned())));
}

/// Scenario: a batch of a content type that isn't taken, then another batch.
/// Guarantees: the first is refused by its number, for good; the other is taken.
#[tokio::test]
async fn an_unknown_content_type_is_refused_by_its_number() {
    let ingest = started(|_| {}).await;
    let mut socket = connect(&ingest, "", None).await.unwrap();
    send(&mut socket, "{\"seq\":1,\"content_type\":\"text/xml\"}\n<a/>").await;
    let answer = said(&mut socket).await;
    assert_eq!((&answer["nack"], &answer["error"]["type"]), (&json!(1), &json!("unsupported")));
    assert!(answer.get("retry_after_ms").is_none(), "{answer}");
    send(&mut socket, "{\"seq\":2}\n{\"a\":1}").await;
    assert_eq!(said(&mut socket).await["ack"], 2);
    assert_eq!(ingest.stop().await.len(), 1);
}
