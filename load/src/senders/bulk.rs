//! `_bulk` (<https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk>): a `create` for each line.

use anyhow::{Result, ensure};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};
use tokio::time::sleep;

use super::{AGAIN, Queue};

pub(super) fn body(lines: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for line in lines {
        body.extend_from_slice(b"{\"create\":{}}\n");
        body.extend_from_slice(line);
        body.push(b'\n');
    }
    body
}

pub(super) async fn send(address: &str, queue: &mut Queue) -> Result<()> {
    let client = Client::builder().tcp_nodelay(true).build()?;
    let url = format!("http://{address}/logs/_bulk");
    while let Some(load) = queue.take() {
        loop {
            let request = client.post(&url).header(CONTENT_TYPE, "application/x-ndjson");
            let answer = request.body(load.bytes.clone()).send().await?;
            let (status, text) = (answer.status(), answer.text().await?);
            // What Kafka doesn't take in time comes again, as with every client.
            if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
                ensure!(status.is_success() && text.contains("\"errors\":false"), "{status}: {text}");
                break;
            }
            sleep(AGAIN).await;
        }
    }
    Ok(())
}
