//! Syslog over TCP: RFC 5424 messages, a line each (RFC 6587, section 3.4.2). As long as the lines of the other protocols: what
//! doesn't go into the header is cut off the message's end.

use anyhow::Result;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Queue, members};
use crate::lines::request_id;

pub(super) fn lines(lines: &[Vec<u8>], start: u64) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for (line, n) in lines.iter().zip(start..) {
        let members = members(line)?;
        let text = |name: &str| members.get(name).and_then(|value| value.as_str()).unwrap_or("-");
        let from = out.len();
        let head = format!(
            "<134>1 {} {} {} 4711 {} - ",
            text("timestamp"),
            text("host"),
            text("service"),
            request_id(n)
        );
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(line);
        out.truncate(from + line.len());
        out.push(b'\n');
    }
    Ok(out)
}

pub(super) async fn send(stream: &mut TcpStream, queue: &mut Queue) -> Result<()> {
    while let Some(load) = queue.take() {
        stream.write_all(&load.bytes).await?;
    }
    stream.shutdown().await?;
    Ok(())
}
