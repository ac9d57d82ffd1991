//! OTLP over gRPC (<https://opentelemetry.io/docs/specs/otlp/>): an export of log records with a body, a severity, a time and an
//! attribute for each other member of the line.

use anyhow::{Result, ensure};
use jiff::Timestamp;
use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, TE};
use serde_json::Value;

use tokio::time::sleep;

use super::{AGAIN, Queue, members};

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const LENGTH: u8 = 2;

/// One `ExportLogsServiceRequest` in its gRPC frame.
pub(super) fn message(lines: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut scope_logs = Vec::new();
    let mut scope = Vec::new();
    field(&mut scope, 1, b"bench");
    field(&mut scope_logs, 1, &scope);
    for line in lines {
        field(&mut scope_logs, 2, &record(line)?);
    }
    let mut resource = Vec::new();
    field(&mut resource, 1, &attribute("service.name", &Value::from("bench")));
    let mut resource_logs = Vec::new();
    field(&mut resource_logs, 1, &resource);
    field(&mut resource_logs, 2, &scope_logs);
    let mut request = Vec::new();
    field(&mut request, 1, &resource_logs);
    let mut framed = vec![0];
    framed.extend_from_slice(&u32::try_from(request.len())?.to_be_bytes());
    framed.extend_from_slice(&request);
    Ok(framed)
}

/// A `LogRecord`.
fn record(line: &[u8]) -> Result<Vec<u8>> {
    let mut record = Vec::new();
    for (name, value) in members(line)? {
        match name.as_str() {
            "timestamp" => {
                let time: Timestamp = value.as_str().unwrap_or_default().parse()?;
                record.push(1 << 3 | FIXED64);
                record.extend_from_slice(&u64::try_from(time.as_nanosecond())?.to_le_bytes());
            }
            "level" => {
                record.extend_from_slice(&[2 << 3 | VARINT, 9]);
                field(&mut record, 3, value.as_str().unwrap_or_default().as_bytes());
            }
            "message" => field(&mut record, 5, &any(&value)),
            _ => field(&mut record, 6, &attribute(&name, &value)),
        }
    }
    Ok(record)
}

fn attribute(name: &str, value: &Value) -> Vec<u8> {
    let mut pair = Vec::new();
    field(&mut pair, 1, name.as_bytes());
    field(&mut pair, 2, &any(value));
    pair
}

/// An `AnyValue`.
fn any(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) => {
                out.push(3 << 3 | VARINT);
                varint(&mut out, whole.cast_unsigned());
            }
            None => {
                out.push(4 << 3 | FIXED64);
                out.extend_from_slice(&number.as_f64().unwrap_or_default().to_le_bytes());
            }
        },
        Value::String(text) => field(&mut out, 1, text.as_bytes()),
        other => field(&mut out, 1, other.to_string().as_bytes()),
    }
    out
}

fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | LENGTH);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

pub(super) async fn send(address: &str, queue: &mut Queue) -> Result<()> {
    let client = Client::builder().http2_prior_knowledge().tcp_nodelay(true).build()?;
    let url = format!("http://{address}/opentelemetry.proto.collector.logs.v1.LogsService/Export");
    while let Some(load) = queue.take() {
        let answer = loop {
            let request = client.post(&url).header(CONTENT_TYPE, "application/grpc").header(TE, "trailers");
            let answer = request.body(load.bytes.clone()).send().await?;
            // `RESOURCE_EXHAUSTED` and `UNAVAILABLE`: what Kafka doesn't take in time comes again.
            if !answer.headers().get("grpc-status").is_some_and(|status| status == "8" || status == "14") {
                break answer;
            }
            sleep(AGAIN).await;
        };
        // A refusal has its status in the head. A success ends with a message, which is empty unless records were refused.
        let head = answer.headers().get("grpc-status").cloned();
        let status = answer.status();
        let message = answer.bytes().await?;
        let taken = status.is_success() && head.is_none() && &message[..] == b"\0\0\0\0\0";
        ensure!(taken, "{status}, grpc-status {head:?}, {} bytes", message.len());
    }
    Ok(())
}
