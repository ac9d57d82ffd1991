//! What is counted of streams and calls that end before they have brought all. In a process of its own, since metrics are the whole
//! process's.

#[cfg(test)]
#[allow(dead_code, reason = "shared with the component tests")]
#[path = "component/call.rs"]
mod call;
#[cfg(test)]
#[allow(dead_code, reason = "shared with the component tests")]
#[path = "component/harness.rs"]
mod harness;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use forebay_proto::v1;
    use forebay_settings::Period;
    use forebay_telemetry::Scrape;
    use forebay_testkit::prometheus::{series, sum};
    use forebay_wire::grpc::framed;
    use futures_util::{SinkExt, StreamExt};
    use hyper::body::Frame;
    use prost::Message as _;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpStream;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;

    use crate::call::Client;
    use crate::harness::{Ingest, started};

    const SEND: &str = "/forebay.v1.Ingest/Send";
    const EXPORT: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    const STREAM: &str = "/forebay.v1.Ingest/Stream";

    type Socket = WebSocketStream<TcpStream>;

    async fn connect(ingest: &Ingest) -> Socket {
        let stream = TcpStream::connect(ingest.address).await.unwrap();
        let url = format!("ws://{}/v1/stream", ingest.address);
        let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
        assert!(matches!(socket.next().await, Some(Ok(Message::Text(_)))));
        socket
    }

    /// The close code that comes.
    async fn closed(mut socket: Socket) -> u16 {
        let closing = async {
            loop {
                if let Message::Close(frame) = socket.next().await.unwrap().unwrap() {
                    return frame.unwrap().code.into();
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), closing).await.unwrap()
    }

    /// Scenario: a WebSocket's message without its first line, and half a message; half a message on a stream of gRPC; calls whose deadline passes
    /// before their message has come, and before Kafka has it; a method that a path doesn't take.
    /// Guarantees: each is counted once, under its protocol and what was wrong, and who called is told which of the two it was.
    #[tokio::test]
    async fn each_end_is_counted_once() {
        let scrape = Scrape::install().unwrap();
        let ingest = started(|settings| settings.ingest.read_timeout = Period::from_secs(1)).await;
        let of = |protocol: &str, outcome: &str| {
            let words = [format!("protocol=\"{protocol}\""), format!("outcome=\"{outcome}\"")];
            sum(&scrape.render(), "forebay_ingest_batches_total", &[&words[0], &words[1]])
        };

        let mut odd = connect(&ingest).await;
        odd.send(Message::Text("{\"message\":\"no number\"}\n".into())).await.unwrap();
        assert_eq!((closed(odd).await, of("websocket", "malformed_body")), (1002, 1.0));

        let mut half = connect(&ingest).await;
        // A frame of 100 bytes, masked with zeros, and ten of them.
        half.get_mut().write_all(&[&[0x81, 0x80 | 100, 0, 0, 0, 0][..], &[b'x'; 10]].concat()).await.unwrap();
        assert_eq!((closed(half).await, of("websocket", "slow_body")), (1001, 1.0));

        let client = Client::connect(ingest.address, None).await;
        let mut stream = client.stream(STREAM).await;
        assert!(stream.next::<v1::StreamResponse>().await.is_some(), "the window");
        stream.requests.send(Ok(Frame::data(framed(&[0; 100]).slice(..50)))).await.unwrap();
        assert!(stream.next::<v1::StreamResponse>().await.is_none());
        assert_eq!((stream.ended().code, of("grpc", "slow_body")), (14, 1.0));

        for (protocol, path, before) in [("grpc", SEND, 1.0), ("otlp", EXPORT, 0.0)] {
            let call = client.stream_with(path, &[("grpc-timeout", "200m")]).await;
            let ended = call.ended();
            assert!(ended.code == 4 && ended.message.starts_with("slow_body: "), "{ended:?}");
            assert_eq!(of(protocol, "slow_body"), before + 1.0, "{protocol}");
        }
        ingest.cluster.round_trip(1, Duration::from_secs(5)).unwrap();
        let event = v1::Event { body: Bytes::from_static(b"one"), ..v1::Event::default() };
        let batch = v1::SendRequest { events: vec![event], ..v1::SendRequest::default() };
        let message = framed(&batch.encode_to_vec());
        let ended = client.raw(SEND, &[("grpc-timeout", "500m")], message).await;
        assert!(ended.code == 4 && ended.message.starts_with("kafka_timeout: "), "{ended:?}");
        assert_eq!(of("grpc", "kafka_timeout"), 1.0);
        ingest.cluster.round_trip(1, Duration::ZERO).unwrap();

        let url = format!("http://{}/loki/api/v1/push", ingest.address);
        assert_eq!(ingest.client.delete(url).send().await.unwrap().status(), 405);
        assert_eq!(of("loki", "method_not_allowed"), 1.0);

        let text = scrape.render();
        let counted: Vec<_> = series(&text, "forebay_ingest_batches_total").collect();
        assert_eq!(sum(&text, "forebay_ingest_batches_total", &[]), 7.0, "{counted:?}");
        let _stored = ingest.stop().await;
    }
}
