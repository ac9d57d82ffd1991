//! `/v1/stream`: batches under numbers, each answered by its number.

use forebay_settings::sections::ingest::ListenerProtocol;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::driver::{Door, Driver, Heard, Oversized, Waiting};

/// A connection; none if it was refused.
pub(crate) struct Socket {
    socket: Option<WebSocketStream<TcpStream>>,
    next: u64,
}

impl Socket {
    async fn said(&mut self) -> Option<Value> {
        loop {
            match self.socket.as_mut()?.next().await {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }
}

impl Driver for Socket {
    const PROTOCOL: &'static str = "websocket";
    const LISTENER: Option<ListenerProtocol> = None;
    const WAITING: Waiting = Waiting::Told;
    const OVERSIZED: Oversized = Oversized::Refused;

    async fn connect(door: &Door) -> Self {
        let mut request = format!("ws://{}/v1/stream", door.address).into_client_request().unwrap();
        if !door.token.is_empty() {
            let bearer = format!("Bearer {}", door.token).parse().unwrap();
            let _before = request.headers_mut().insert("authorization", bearer);
        }
        let stream = TcpStream::connect(&door.address).await.unwrap();
        let socket = tokio_tungstenite::client_async(request, stream).await.ok().map(|(socket, _)| socket);
        let mut socket = Self { socket, next: 1 };
        let _hello = socket.said().await;
        socket
    }

    async fn send(&mut self, events: &[String]) -> Heard {
        let lines: Vec<String> = events.iter().map(|text| json!({"message": text}).to_string()).collect();
        let message = format!("{}\n{}", json!({"seq": self.next}), lines.join("\n"));
        let Some(socket) = self.socket.as_mut() else { return Heard::Closed };
        if socket.send(Message::Text(message.into())).await.is_err() {
            return Heard::Closed;
        }
        let Some(answer) = self.said().await else { return Heard::Closed };
        let number = self.next;
        self.next += 1;
        if answer["ack"] == number {
            return if answer["rejected"].as_u64().unwrap_or(0) == 0 {
                Heard::Success
            } else {
                Heard::Partly(answer["errors"].to_string())
            };
        }
        assert_eq!(answer["nack"], number, "{answer}");
        if answer["retry_after_ms"].is_u64() { Heard::Later } else { Heard::Refused(answer.to_string()) }
    }
}
