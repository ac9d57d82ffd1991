//! A client of gRPC that is no more than its frames, so that a test sees what a library would hide.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use forebay_wire::grpc::{Messages, framed};
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// A connection.
pub(crate) struct Client {
    sender: SendRequest<Body>,
    token: Option<String>,
}

/// What a call ended with.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) messages: Vec<Bytes>,
    pub(crate) code: u32,
    pub(crate) message: String,
    pub(crate) details: Vec<u8>,
}

/// A call that goes on.
pub(crate) struct Stream {
    pub(crate) requests: mpsc::Sender<Result<Frame<Bytes>, std::convert::Infallible>>,
    answers: Incoming,
    messages: Messages,
    trailers: HashMap<String, String>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr, token: Option<&str>) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        let _until_dropped = tokio::spawn(connection);
        Self { sender, token: token.map(str::to_owned) }
    }

    async fn send(&self, path: &str, headers: &[(&str, &str)], body: Body) -> hyper::Response<Incoming> {
        self.try_send(path, headers, body).await.unwrap()
    }

    async fn try_send(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> hyper::Result<hyper::Response<Incoming>> {
        let mut request = hyper::Request::post(format!("http://forebay{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.sender.clone().send_request(request.body(body).unwrap()).await
    }

    /// A call of one message; none when the connection ends before its answer.
    pub(crate) async fn try_call(&self, path: &str, message: &[u8]) -> Option<Ended> {
        let response = self.try_send(path, &[], Body::from(framed(message))).await.ok()?;
        read_whole(response).await
    }

    /// A call of one message.
    pub(crate) async fn call(&self, path: &str, message: &[u8]) -> Ended {
        self.try_call(path, message).await.unwrap()
    }

    /// A call of these bytes.
    pub(crate) async fn raw(&self, path: &str, headers: &[(&str, &str)], body: Bytes) -> Ended {
        read_whole(self.send(path, headers, Body::from(body)).await).await.unwrap()
    }

    /// A call in two directions.
    pub(crate) async fn stream(&self, path: &str) -> Stream {
        self.stream_with(path, &[]).await
    }

    /// The same with further headers.
    pub(crate) async fn stream_with(&self, path: &str, headers: &[(&str, &str)]) -> Stream {
        let (requests, mut frames) = mpsc::channel(64);
        let body = futures_util::stream::poll_fn(move |context| frames.poll_recv(context));
        let body = Body::new(http_body_util::StreamBody::new(body));
        Stream::new(requests, self.send(path, headers, body).await)
    }

    /// A call of one message that is answered by many.
    pub(crate) async fn watch(&self, path: &str, message: &[u8]) -> Stream {
        let (requests, _closed) = mpsc::channel(1);
        Stream::new(requests, self.send(path, &[], Body::from(framed(message))).await)
    }
}

impl Stream {
    fn new(
        requests: mpsc::Sender<Result<Frame<Bytes>, std::convert::Infallible>>,
        response: hyper::Response<Incoming>,
    ) -> Self {
        let trailers = texts(response.headers());
        Self { requests, answers: response.into_body(), messages: Messages::new(1 << 20), trailers }
    }

    /// Says that nothing more is sent.
    pub(crate) fn close(&mut self) {
        self.requests = mpsc::channel(1).0;
    }

    pub(crate) async fn send(&self, message: &impl Message) {
        self.requests.send(Ok(Frame::data(framed(&message.encode_to_vec())))).await.unwrap();
    }

    /// The next answer; none at the end.
    pub(crate) async fn next<M: Message + Default>(&mut self) -> Option<M> {
        let reading = async {
            loop {
                if let Some(message) = self.messages.read().unwrap() {
                    return Some(M::decode(message.bytes).unwrap());
                }
                match self.answers.frame().await? {
                    Ok(frame) => match frame.into_data() {
                        Ok(data) => self.messages.push(&data),
                        Err(frame) => self.trailers.extend(texts(frame.trailers_ref().unwrap())),
                    },
                    Err(_) => return None,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reading).await.unwrap()
    }

    /// What it has ended with.
    pub(crate) fn ended(&self) -> Ended {
        ended(Vec::new(), &self.trailers)
    }
}

/// What a call of one message ended with; none when its answer is cut off.
async fn read_whole(response: hyper::Response<Incoming>) -> Option<Ended> {
    assert_eq!(response.status(), 200);
    let mut trailers = texts(response.headers());
    let body = response.into_body().collect().await.ok()?;
    trailers.extend(body.trailers().map(texts).unwrap_or_default());
    let mut messages = Messages::new(1 << 20);
    messages.push(&body.to_bytes());
    let mut found = Vec::new();
    while let Some(message) = messages.read().unwrap() {
        found.push(message.bytes);
    }
    Some(ended(found, &trailers))
}

fn texts(headers: &hyper::HeaderMap) -> HashMap<String, String> {
    headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

fn ended(messages: Vec<Bytes>, trailers: &HashMap<String, String>) -> Ended {
    let text = |name: &str| trailers.get(name).cloned().unwrap_or_default();
    let code = trailers["grpc-status"].parse().unwrap();
    let details = STANDARD_NO_PAD.decode(text("grpc-status-details-bin")).unwrap();
    Ended { messages, code, message: text("grpc-message"), details }
}
