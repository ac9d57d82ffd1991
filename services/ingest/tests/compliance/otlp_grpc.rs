//! OTLP logs by gRPC, a request a call.

use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_wire::protobuf::{push_bytes, push_text};

use crate::call::Client;
use crate::driver::{Door, Driver, Heard, Oversized, Waiting};
use crate::grpc::{connect, failed};

const EXPORT: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

/// A connection.
pub(crate) struct OtlpGrpc(Client);

/// A field that holds a message.
fn message(number: u32, write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let (mut inner, mut out) = (Vec::new(), Vec::new());
    write(&mut inner);
    push_bytes(&mut out, number, &inner);
    out
}

impl Driver for OtlpGrpc {
    const PROTOCOL: &'static str = "otlp";
    const WAY: &'static str = "otlp-grpc";
    const LISTENER: Option<ListenerProtocol> = None;
    const WAITING: Waiting = Waiting::Told;
    const OVERSIZED: Oversized = Oversized::Refused;

    async fn connect(door: &Door) -> Self {
        Self(connect(door).await)
    }

    async fn send(&mut self, events: &[String]) -> Heard {
        // ExportLogsServiceRequest.resource_logs.scope_logs.log_records.body.string_value
        let records = |out: &mut Vec<u8>| {
            for text in events {
                let body = message(5, |out| push_text(out, 1, text));
                out.extend(message(2, |out| out.extend(body)));
            }
        };
        let request = message(1, |out| out.extend(message(2, records)));
        let Some(ended) = self.0.try_call(EXPORT, &request).await else { return Heard::Closed };
        match ended.code {
            // An answer with a partial success is not empty.
            0 if ended.messages[0].is_empty() => Heard::Success,
            0 => Heard::Partly(String::from_utf8_lossy(&ended.messages[0]).into_owned()),
            _ => failed(ended),
        }
    }
}
