//! A client that keeps its connection: whole requests out, the status of each answer back. So bare that a thousand of them leave the
//! machine to what is measured.

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What an answer of ingest may take.
const MOST: usize = 64 * 1024;

/// A connection of HTTP/1.1.
#[derive(Debug)]
pub struct KeepAlive<S> {
    stream: S,
    said: Vec<u8>,
}

/// A request with a body of lines, as bytes on the wire.
#[must_use]
pub fn post(token: Option<&str>, body: &[u8]) -> Vec<u8> {
    let credential = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let mut request = format!(
        "POST /v1/ingest HTTP/1.1\r\nhost: bench\r\n{credential}content-type: application/x-ndjson\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

// === impl KeepAlive ===

impl<S: AsyncRead + AsyncWrite + Unpin> KeepAlive<S> {
    /// A connection that has said nothing yet.
    pub const fn new(stream: S) -> Self {
        Self { stream, said: Vec::new() }
    }

    /// Sends a request, and waits for its answer; the status.
    ///
    /// # Errors
    /// When the connection ends, or what comes is no answer with a length.
    pub async fn ask(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await.context("ingest takes no more")?;
        // TLS keeps back what the socket had no room for.
        self.stream.flush().await?;
        self.said.clear();
        loop {
            if let Some(status) = complete(&self.said)? {
                return Ok(status);
            }
            ensure!(self.said.len() < MOST, "an answer without end");
            ensure!(self.stream.read_buf(&mut self.said).await? > 0, "ingest ended the connection");
        }
    }
}

/// The status, once all of the answer is there.
fn complete(said: &[u8]) -> Result<Option<u16>> {
    let Some(end) = memchr::memmem::find(said, b"\r\n\r\n") else { return Ok(None) };
    let (head, body) = said.split_at(end + 4);
    let head = std::str::from_utf8(head).context("the answer's head is no text")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let Some(status) = status else { bail!("no status in {head:?}") };
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let Some(length) = length else { bail!("no length in {head:?}") };
    Ok((body.len() >= length).then_some(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_there_once_its_body_is() {
        let answer = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{}";
        for cut in 0..answer.len() {
            assert_eq!(complete(&answer[..cut]).expect("an answer"), None);
        }
        assert_eq!(complete(answer).expect("an answer"), Some(429));
        assert!(complete(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
