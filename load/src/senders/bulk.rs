//! `_bulk` (<https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk>): a `create` for each line.

use anyhow::{Result, ensure};
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;

use super::Queue;

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
        let request = client.post(&url).header(CONTENT_TYPE, "application/x-ndjson").body(load.bytes);
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success() && text.contains("\"errors\":false"), "{status}: {text}");
    }
    Ok(())
}
