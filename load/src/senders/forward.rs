//! Fluent Forward (<https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1>): packed forward with a chunk, so
//! that each is acknowledged.

use anyhow::{Result, ensure};
use jiff::Timestamp;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Queue, members};

fn chunk_id(number: u64) -> String {
    format!("{number:016x}")
}

/// `[tag, entries, {"chunk": id, "size": n}]`.
pub(super) fn chunk(lines: &[Vec<u8>], number: u64) -> Result<Vec<u8>> {
    let mut entries = Vec::new();
    for line in lines {
        entry(&mut entries, line)?;
    }
    let mut out = vec![0x93];
    text(&mut out, "bench.app")?;
    out.push(0xc6);
    out.extend_from_slice(&u32::try_from(entries.len())?.to_be_bytes());
    out.extend_from_slice(&entries);
    out.push(0x82);
    text(&mut out, "chunk")?;
    text(&mut out, &chunk_id(number))?;
    text(&mut out, "size")?;
    out.push(0xcd);
    out.extend_from_slice(&u16::try_from(lines.len())?.to_be_bytes());
    Ok(out)
}

/// `[EventTime, record]`.
fn entry(out: &mut Vec<u8>, line: &[u8]) -> Result<()> {
    let mut record = members(line)?;
    let time: Timestamp =
        record.remove("timestamp").and_then(|time| time.as_str()?.parse().ok()).unwrap_or_default();
    out.extend_from_slice(&[0x92, 0xd7, 0x00]);
    out.extend_from_slice(&u32::try_from(time.as_second())?.to_be_bytes());
    out.extend_from_slice(&u32::try_from(time.subsec_nanosecond())?.to_be_bytes());
    ensure!(record.len() < 16, "a map of sixteen members needs another head");
    out.push(0x80 | u8::try_from(record.len())?);
    for (name, value) in record {
        text(out, &name)?;
        match value {
            Value::Number(number) => match number.as_u64() {
                Some(whole) => {
                    out.push(0xcf);
                    out.extend_from_slice(&whole.to_be_bytes());
                }
                None => {
                    out.push(0xcb);
                    out.extend_from_slice(&number.as_f64().unwrap_or_default().to_be_bytes());
                }
            },
            Value::String(value) => text(out, &value)?,
            other => text(out, &other.to_string())?,
        }
    }
    Ok(())
}

fn text(out: &mut Vec<u8>, text: &str) -> Result<()> {
    match u8::try_from(text.len())? {
        short @ 0..32 => out.push(0xa0 | short),
        long => out.extend_from_slice(&[0xd9, long]),
    }
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

pub(super) async fn send(stream: &mut TcpStream, queue: &mut Queue) -> Result<()> {
    while let Some(load) = queue.take() {
        stream.write_all(&load.bytes).await?;
        let mut expected = vec![0x81];
        text(&mut expected, "ack")?;
        text(&mut expected, &chunk_id(load.number))?;
        let mut answer = vec![0; expected.len()];
        let _read = stream.read_exact(&mut answer).await?;
        ensure!(answer == expected, "the acknowledgement of chunk {} is another", load.number);
    }
    Ok(())
}
