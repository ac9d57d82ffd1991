//! What is thrown at a listener, byte by byte, with no library between that would mend it.

use std::io::Write;
use std::sync::LazyLock;

use forebay_security::victim::{PATIENCE, exchange};
use reqwest::{Client, ClientBuilder};
use tokio::net::UdpSocket;

use crate::driver::Door;

/// One connection a request: what became of the last one is nothing to the next one.
static HTTP1: LazyLock<Client> = LazyLock::new(|| client(|builder| builder));
static HTTP2: LazyLock<Client> = LazyLock::new(|| client(ClientBuilder::http2_prior_knowledge));

fn client(change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    change(Client::builder().timeout(PATIENCE).pool_max_idle_per_host(0)).build().unwrap()
}

/// Something to send.
pub(crate) enum Missile {
    /// A POST with these headers, by HTTP/1.1, or by HTTP/2 where `is_grpc`.
    Post { path: String, headers: Vec<(&'static str, String)>, body: Vec<u8>, is_grpc: bool },
    /// Bytes on a connection of their own, and its end.
    Bytes(Vec<u8>),
    /// Datagrams, to a listener beside the one of connections.
    Datagrams(Vec<Vec<u8>>),
}

impl Missile {
    /// A POST with the credential in `Authorization: Bearer`.
    pub(crate) fn post(door: &Door, path: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("authorization", format!("Bearer {}", door.token))];
        Self::Post { path: path.to_owned(), headers, body: body.into(), is_grpc: false }
    }

    /// The same with one more header.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Post { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }

    /// A call of gRPC, of these bytes as they are.
    pub(crate) fn call(door: &Door, path: &str, body: Vec<u8>) -> Self {
        let headers = vec![
            ("authorization", format!("Bearer {}", door.token)),
            ("content-type", "application/grpc".to_owned()),
            ("te", "trailers".to_owned()),
        ];
        Self::Post { path: path.to_owned(), headers, body, is_grpc: true }
    }

    /// Sends it, and gives what was answered: of HTTP the status, the headers and the body.
    pub(crate) async fn launch(self, door: &Door, datagrams: Option<&str>) -> String {
        match self {
            Self::Post { path, headers, body, is_grpc } => {
                let client = if is_grpc { &HTTP2 } else { &HTTP1 };
                let mut request = client.post(format!("http://{}{path}", door.address));
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                match request.body(body).send().await {
                    Ok(answer) => {
                        let head = format!("{} {:?}", answer.status().as_u16(), answer.headers());
                        format!("{head} {}", answer.text().await.unwrap_or_default())
                    }
                    Err(error) if error.is_timeout() => panic!("{path} never answered"),
                    Err(_) => String::new(),
                }
            }
            Self::Bytes(bytes) => exchange(door.address.parse().unwrap(), &bytes, true).await.unwrap(),
            Self::Datagrams(all) => {
                let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                for datagram in all {
                    let _may_be_refused = socket.send_to(&datagram, datagrams.unwrap()).await;
                }
                String::new()
            }
        }
    }
}

/// The head of a request to become a WebSocket, with more headers, and these frames behind it.
pub(crate) fn websocket(door: &Door, query: &str, headers: &str, frames: &[u8]) -> Missile {
    let head = format!(
        "GET /v1/stream{query} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nauthorization: Bearer {}\r\n{headers}\r\n",
        door.token
    );
    Missile::Bytes([head.as_bytes(), frames].concat())
}

/// A frame of a client (RFC 6455, section 5.2). Its mask is zero, so that it is readable.
pub(crate) fn ws_frame(first: u8, announced: u64, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0xff];
    frame.extend(announced.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// Text in MessagePack (`str 32`).
pub(crate) fn msgpack_text(text: &str) -> Vec<u8> {
    [&[0xdb][..], &u32::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat()
}

/// A frame of Lumberjack 2: a sequence number and JSON.
pub(crate) fn lumberjack_frame(number: u32, json: &str) -> Vec<u8> {
    let len = u32::try_from(json.len()).unwrap();
    [b"2J", &number.to_be_bytes()[..], &len.to_be_bytes(), json.as_bytes()].concat()
}

/// A frame of RELP.
pub(crate) fn relp_frame(number: u32, command: &str, data: &str) -> String {
    format!("{number} {command} {} {data}\n", data.len())
}

/// So many mebibytes of zeros in gzip, as a row of members (RFC 1952, section 2.2).
pub(crate) fn gzip_bomb(mebibytes: usize) -> Vec<u8> {
    static MEMBER: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
        encoder.finish().unwrap()
    });
    MEMBER.repeat(mebibytes)
}

/// 32 mebibytes of zeros in zstd (RFC 8878).
pub(crate) fn zstd_bomb() -> &'static [u8] {
    static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| zstd::encode_all(&vec![0; 32 << 20][..], 3).unwrap());
    &BOMB
}

/// So many mebibytes of zeros in zlib (RFC 1950).
pub(crate) fn zlib_bomb(mebibytes: usize) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&vec![0; mebibytes << 20]).unwrap();
    encoder.finish().unwrap()
}
