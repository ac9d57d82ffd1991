//! What is counted of requests by HTTP. In a process of its own, since metrics are the whole process's.

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
    use forebay_operators::tokens::issue;
    use forebay_record::Tenant;
    use forebay_telemetry::Scrape;
    use forebay_testkit::prometheus::sum;

    use crate::call::Client;
    use crate::harness::{eventually, started};

    const SEND: &str = "/forebay.v1.Ingest/Send";
    const EXPORT: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

    /// A protocol's name, its path, and a body that nothing can be taken of.
    const POSTS: [(&str, &str, &str); 8] = [
        ("http", "/v1/ingest", "[1"),
        ("bulk", "/_bulk", "x\n"),
        ("events", "/events", "[1"),
        ("gelf", "/gelf", "[1"),
        ("hec", "/services/collector", "x"),
        ("loki", "/loki/api/v1/push", "x"),
        ("otlp", "/v1/logs", "x"),
        ("firehose", "/firehose", "x"),
    ];

    /// Scenario: on each protocol by HTTP a request without a credential and one whose body is broken; calls of gRPC, whose refusals have
    /// the status 200, and the head of a WebSocket; then paths and methods that there aren't.
    /// Guarantees: each refusal is counted once, under its protocol and kind, each request once; a 401 says what to show.
    #[tokio::test]
    async fn every_refusal_is_counted_once() {
        let scrape = Scrape::install().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        let token = issue(&path, &Tenant::new("acme").unwrap(), "one", None).unwrap().token;
        let ingest = started(|settings| settings.ingest.access_file = Some(path)).await;
        let url = |path: &str| format!("http://{}{path}", ingest.address);
        let requests_counted = || sum(&scrape.render(), "forebay_ingest_requests_total", &[]);
        let batches = |protocol: &str, outcome: &str| {
            let words = [format!("protocol=\"{protocol}\""), format!("outcome=\"{outcome}")];
            sum(&scrape.render(), "forebay_ingest_batches_total", &[&words[0], &words[1]])
        };
        let all = |protocol: &str| batches(protocol, "");

        for (protocol, path, broken) in POSTS {
            let request = || ingest.client.post(url(path)).header("content-type", "application/json");
            let nobody = request().body(broken).send().await.unwrap();
            assert_eq!(nobody.status(), 401, "{protocol}");
            let shown: Vec<_> = nobody.headers().get_all("www-authenticate").iter().collect();
            assert!(
                shown.iter().any(|one| one.to_str().unwrap().starts_with("Bearer ")),
                "{protocol}: {shown:?}"
            );
            assert_eq!((batches(protocol, "unauthorized"), all(protocol)), (1.0, 1.0), "{protocol}");

            let bad = request().bearer_auth(&token).body(broken).send().await.unwrap();
            assert_eq!(bad.status(), 400, "{protocol}");
            assert_eq!((batches(protocol, "malformed_body"), all(protocol)), (1.0, 2.0), "{protocol}");
        }

        let client = Client::connect(ingest.address, None).await;
        for (protocol, path, before) in [("grpc", SEND, 0.0), ("otlp", EXPORT, 1.0)] {
            assert_eq!(client.call(path, b"").await.code, 16, "{protocol}");
            assert_eq!(batches(protocol, "unauthorized"), before + 1.0, "{protocol}");
        }
        let head = ingest.client.get(url("/v1/stream")).send().await.unwrap();
        assert_eq!((head.status().as_u16(), batches("websocket", "unauthorized")), (401, 1.0));

        assert_eq!(client.call("/forebay.v1.Ingest/Sned", b"").await.code, 12);
        assert_eq!(ingest.client.get(url("/nothing")).send().await.unwrap().status(), 404);
        assert_eq!(ingest.client.delete(url("/_bulk")).send().await.unwrap().status(), 405);
        let requests = 2.0 * POSTS.len() as f64 + 6.0;
        // A request is counted when its answer is made, which may be read before that is told.
        eventually("all requests are counted", async || requests_counted() >= requests).await;
        assert_eq!(requests_counted(), requests);
        let _stored = ingest.stop().await;
    }
}
