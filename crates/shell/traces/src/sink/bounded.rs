//! The exporter's HTTP client: a collector's answer is foreign bytes and meets a limit.
//!
//! The client that `opentelemetry-http` makes of [`reqwest::Client`] reads an answer as a whole, however long it is: a
//! collector that never ends one would take all memory until the request's time is over.

use async_trait::async_trait;
use bytes::BytesMut;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::Client;

/// The longest answer that is read, in bytes. OTLP's is empty, or says in a sentence how many spans were refused.
const MAX_ANSWER: usize = 64 * 1024;

/// Sends requests, and reads no more than [`MAX_ANSWER`] of what comes back.
#[derive(Clone, Debug)]
pub(super) struct Bounded(Client);

// === impl Bounded ===

impl Bounded {
    pub(super) const fn new(client: Client) -> Self {
        Self(client)
    }
}

#[async_trait]
impl HttpClient for Bounded {
    /// Fails for statuses other than 2xx, whose answers aren't read, and for answers that are too long. The connection is closed
    /// then, and what is left of the answer with it.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut response = self.0.execute(request.try_into()?).await?.error_for_status()?;
        let mut answer = BytesMut::new();
        while let Some(chunk) = response.chunk().await? {
            if answer.len().saturating_add(chunk.len()) > MAX_ANSWER {
                return Err(format!("the answer is longer than {} KiB", MAX_ANSWER / 1024).into());
            }
            answer.extend_from_slice(&chunk);
        }
        let mut bounded = Response::builder().status(response.status()).body(answer.freeze())?;
        *bounded.headers_mut() = std::mem::take(response.headers_mut());
        Ok(bounded)
    }
}

#[cfg(test)]
mod tests {
    use forebay_settings::sections::telemetry::TracesSettings;
    use forebay_settings::units::Period;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::task::JoinHandle;

    use super::super::Sink;
    use super::*;

    /// A collector of one request, that answers with `head` and then with `blocks` chunks of 16 KiB (`None`: without an end).
    /// Its task ends when nobody listens to it any more.
    async fn collector(head: &'static str, blocks: Option<usize>) -> (String, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _request = stream.read(&mut request).await.unwrap();
            let head = format!("HTTP/1.1 {head}\r\ntransfer-encoding: chunked\r\n\r\n");
            let block = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
            let mut left = blocks;
            let mut alive = stream.write_all(head.as_bytes()).await.is_ok();
            while alive && left != Some(0) {
                alive = stream.write_all(block.as_bytes()).await.is_ok();
                left = left.map(|left| left - 1);
            }
            let _gone = stream.write_all(b"0\r\n\r\n").await;
        });
        (endpoint, serving)
    }

    async fn send(endpoint: String) -> Result<(), String> {
        let settings = TracesSettings {
            endpoint: Some(endpoint),
            timeout: Period::from_secs(30),
            ..TracesSettings::default()
        };
        Sink::new(&settings, "test").unwrap().unwrap().send(Vec::new()).await
    }

    /// Scenario: collectors that take the spans and never end their answer, whatever they call its encoding.
    /// Guarantees: it isn't waited for or kept: the request fails, and the collector is left.
    #[tokio::test]
    async fn an_answer_without_an_end_fails_at_its_limit() {
        for head in ["200 OK", "202 Accepted", "207 Multi-Status", "200 OK\r\ncontent-encoding: gzip"] {
            let (endpoint, serving) = collector(head, None).await;
            let outcome = send(endpoint).await;
            assert!(
                outcome.as_ref().is_err_and(|reason| reason.contains("longer than 64 KiB")),
                "{head}: {outcome:?}"
            );
            serving.await.unwrap();
        }
    }

    /// Guarantees: an answer of exactly the limit is one.
    #[tokio::test]
    async fn an_answer_within_the_limit_is_taken() {
        for blocks in [0, 1, MAX_ANSWER / 0x4000] {
            let (endpoint, serving) = collector("200 OK", Some(blocks)).await;
            assert_eq!(send(endpoint).await, Ok(()), "{blocks}");
            serving.await.unwrap();
        }
    }
}
