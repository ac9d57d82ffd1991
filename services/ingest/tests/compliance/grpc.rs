//! `forebay.v1.Ingest`, a batch a call.

use bytes::Bytes;
use forebay_proto::v1;
use forebay_settings::sections::ingest::ListenerProtocol;
use prost::Message;

use crate::call::{Client, Ended};
use crate::driver::{Door, Driver, Heard, Oversized, Waiting};

/// Codes of gRPC (<https://grpc.github.io/grpc/core/md_doc_statuscodes.html>).
const RESOURCE_EXHAUSTED: u32 = 8;
const UNAVAILABLE: u32 = 14;

/// A connection.
pub(crate) struct Grpc(Client);

/// Connects, with the credential where there is one.
pub(crate) async fn connect(door: &Door) -> Client {
    let token = (!door.token.is_empty()).then_some(door.token.as_str());
    Client::connect(door.address.parse().unwrap(), token).await
}

/// What a client takes from a call that failed.
pub(crate) fn failed(ended: Ended) -> Heard {
    match ended.code {
        RESOURCE_EXHAUSTED | UNAVAILABLE => {
            assert!(!ended.details.is_empty(), "no RetryInfo: {}", ended.message);
            Heard::Later
        }
        _ => Heard::Refused(ended.message),
    }
}

impl Driver for Grpc {
    const PROTOCOL: &'static str = "grpc";
    const LISTENER: Option<ListenerProtocol> = None;
    const WAITING: Waiting = Waiting::Told;
    const OVERSIZED: Oversized = Oversized::Refused;

    async fn connect(door: &Door) -> Self {
        Self(connect(door).await)
    }

    async fn send(&mut self, events: &[String]) -> Heard {
        let event = |text: &String| v1::Event { body: Bytes::from(text.clone()), ..v1::Event::default() };
        let batch =
            v1::SendRequest { events: events.iter().map(event).collect(), ..v1::SendRequest::default() };
        let Some(ended) = self.0.try_call("/forebay.v1.Ingest/Send", &batch.encode_to_vec()).await else {
            return Heard::Closed;
        };
        match ended.code {
            0 => {
                let answer = v1::SendResponse::decode(ended.messages[0].clone()).unwrap();
                match answer.rejections.first() {
                    None => Heard::Success,
                    Some(rejection) => Heard::Partly(format!("{rejection:?}")),
                }
            }
            _ => failed(ended),
        }
    }
}
