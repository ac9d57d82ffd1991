//! What is answered to good and bad bodies, and what of them is in Kafka afterwards.

use std::io::Write;

use forebay_settings::ByteSize;

use crate::harness::{answer, started};

/// Scenario: three good lines, sent with everything that a request can say.
/// Guarantees: each is in Kafka, byte for byte, in order, with ids that ascend and all that was said.
#[tokio::test]
async fn events_arrive_as_they_were_sent() {
    let ingest = started(|_| {}).await;
    let body = "{\"n\" : 1}\r\n\n{\"n\":\"\u{fc}\\u00fc\"}\n{\"n\":3}";
    let query = "?stream=web-1&source=edge&observed_at=7&attr.host=web-1";
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = ingest.request(query, body).header("content-type", "application/x-ndjson");
    let answer = answer(request.header("traceparent", trace)).await;
    assert_eq!((answer.status, answer.counts()), (200, (3, 0)));
    let stored = ingest.stop().await;
    let bodies: Vec<&str> = stored.iter().map(|event| std::str::from_utf8(&event.body).unwrap()).collect();
    assert_eq!(bodies, ["{\"n\" : 1}", "{\"n\":\"\u{fc}\\u00fc\"}", "{\"n\":3}"]);
    assert!(stored.is_sorted_by(|one, next| one.id < next.id && one.partition == next.partition));
    for event in stored {
        assert_eq!(
            (event.tenant.as_str(), event.source.as_str(), event.format.as_str()),
            ("default", "edge", "json")
        );
        assert_eq!((event.key.as_str(), event.stream.as_str()), ("web-1", "web-1"));
        assert_eq!((event.observed_at, event.traceparent.as_str()), (7, trace));
        assert_eq!(event.attributes, [("host".to_owned(), "web-1".to_owned())]);
        assert!(event.received_at > 1_700_000_000_000_000_000);
    }
}

/// Scenario: each form of body, each with its content type and without one.
/// Guarantees: all are understood.
#[tokio::test]
async fn every_form_of_body_is_understood() {
    let ingest = started(|_| {}).await;
    let (object, array) = ("{\n \"a\": 1\n}\n", "[{\"a\":1}, {\"a\":2}]");
    let (lines, text) = ("{\"a\":1}\n{\"a\":2}\n", "one\ntwo\n");
    for (content_type, body, count) in [
        ("application/json", object, 1),
        ("application/json", array, 2),
        ("application/json", lines, 2),
        ("application/x-ndjson", lines, 2),
        ("text/plain", text, 2),
        // What `curl -d` says.
        ("application/x-www-form-urlencoded", object, 1),
        ("application/x-www-form-urlencoded", array, 2),
        ("application/x-www-form-urlencoded", lines, 2),
        ("application/x-www-form-urlencoded", text, 2),
    ] {
        let answer = answer(ingest.request("", body).header("content-type", content_type)).await;
        assert_eq!((answer.status, answer.counts()), (200, (count, 0)), "{content_type} {body}");
    }
    for body in [object, array, lines, text] {
        assert_eq!(answer(ingest.request("", body)).await.status, 200, "{body}");
    }
    let stored = ingest.stop().await;
    assert_eq!(stored.len(), 16 + 7);
    assert!(stored.iter().all(|event| (event.format == "json") == event.body.starts_with(b"{")));
}

/// Scenario: one bad line of every kind among good ones; then the same, all or nothing.
/// Guarantees: the good ones are in Kafka once, the bad ones are named; with `atomic`, nothing is sent.
#[tokio::test]
async fn a_bad_line_harms_its_neighbours_only_when_asked_to() {
    let ingest = started(|settings| settings.ingest.max_event = ByteSize::kib(64)).await;
    let mut body = b"{\"a\":1}\n{\"a\":\n{\"a\":\"\xff\"}\n{\"a\":\"\0\"}\n7\n".to_vec();
    body.extend_from_slice("[".repeat(10_000).as_bytes());
    body.extend_from_slice(format!("\n{{\"a\":\"{}\"}}\n", "x".repeat(10_000_000)).as_bytes());
    body.extend_from_slice(b"{\"a\":2}");

    let atomic = ingest.ndjson("?atomic=true", body.clone()).await;
    assert_eq!((atomic.status, atomic.counts()), (400, (0, 6)));
    assert_eq!(ingest.stored(), []);

    let answer = ingest.ndjson("", body).await;
    assert_eq!((answer.status, answer.counts()), (200, (2, 6)));
    let expected = [
        (2, "invalid_json"),
        (3, "invalid_utf8"),
        (4, "invalid_json"),
        (5, "not_an_object"),
        (6, "too_deep"),
        (7, "too_large"),
    ];
    assert_eq!(answer.lines(), expected);
    let bodies: Vec<Vec<u8>> = ingest.stop().await.into_iter().map(|event| event.body).collect();
    assert_eq!(bodies, [b"{\"a\":1}", b"{\"a\":2}"]);
}

/// Scenario: text of any bytes, broken UTF-8 and NUL among them. Guarantees: taken as it came.
#[tokio::test]
async fn text_may_hold_any_bytes() {
    let ingest = started(|_| {}).await;
    let request =
        ingest.request("?format=nginx", &b"caf\xe9 \0\r\n"[..]).header("content-type", "text/plain");
    assert_eq!(answer(request).await.counts(), (1, 0));
    let stored = ingest.stop().await;
    assert_eq!((stored[0].body.as_slice(), stored[0].format.as_str()), (&b"caf\xe9 \0"[..], "nginx"));
}

/// Scenario: bodies that can't be taken at all.
/// Guarantees: the right status, name and place; nothing is sent.
#[tokio::test]
async fn a_body_that_can_not_be_taken_is_refused_as_a_whole() {
    // Before there is a connection, which is closed when nothing comes for as long as this takes.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b'\n'; 32 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    let ingest = started(|settings| {
        settings.ingest.max_body = ByteSize::kib(64);
        settings.ingest.max_inflated_body = ByteSize::kib(256);
        settings.ingest.max_events = 10;
    })
    .await;
    let all_bad = ingest.ndjson("", "nope\n").await;
    assert_eq!((all_bad.status, all_bad.counts(), all_bad.lines()), (400, (0, 1), vec![(1, "invalid_json")]));

    let json =
        |body: &'static str| answer(ingest.request("", body).header("content-type", "application/json"));
    let broken = json("[{\"a\":1},{\"a\" 2}]").await;
    assert_eq!((broken.status, broken.error()), (400, "malformed_body"));
    assert_eq!(broken.body["error"]["line"], 2);
    assert_eq!(broken.reason(), "element 2 of the array: expected `:` at byte 14");
    let nothing = json("[]").await;
    assert_eq!((nothing.status, nothing.counts()), (200, (0, 0)), "no events, and none is bad");
    let empty = json(" \n").await;
    assert_eq!((empty.status, empty.error()), (400, "empty_body"));

    let many = ingest.ndjson("", "{}\n".repeat(11)).await;
    assert_eq!((many.status, many.reason()), (413, "the body has more than 10 events"));
    let large = ingest.ndjson("", "x".repeat(65 * 1024)).await;
    assert_eq!((large.status, large.reason()), (413, "the body has more than 65536 bytes"));

    let bomb = ingest.request("", bomb).header("content-encoding", "gzip");
    let bomb = answer(bomb).await;
    assert_eq!((bomb.status, bomb.error()), (413, "too_large"));
    assert!(bomb.reason().contains("262144 bytes"), "{}", bomb.reason());
    let no_gzip = answer(ingest.request("", "{}").header("content-encoding", "gzip")).await;
    assert_eq!((no_gzip.status, no_gzip.error()), (400, "broken_compression"));

    for (name, value) in
        [("content-encoding", "br"), ("content-encoding", "gzip, zstd"), ("content-type", "text/xml")]
    {
        let refused = answer(ingest.request("", "{}").header(name, value)).await;
        assert_eq!((refused.status, refused.error()), (415, "unsupported"), "{value}");
    }
    let misspelt = ingest.ndjson("?atomc=true", "{}").await;
    assert_eq!((misspelt.status, misspelt.reason()), (400, "there is no parameter `atomc`"));
    let text = answer(ingest.request("?id_field=id", "text")).await;
    assert_eq!((text.status, text.error()), (400, "bad_request"));
    assert_eq!(ingest.stop().await, []);
}

/// Scenario: compressed bodies of every kind. Guarantees: they count as what they hold.
#[tokio::test]
async fn compressed_bodies_are_taken() {
    let ingest = started(|_| {}).await;
    let text = "{\"a\":1}\n".repeat(5000);
    let level = flate2::Compression::fast();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), level);
    let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), level);
    for writer in [&mut gzip as &mut dyn Write, &mut zlib, &mut raw] {
        writer.write_all(text.as_bytes()).unwrap();
    }
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    for (encoding, body) in [
        ("gzip", gzip.finish().unwrap()),
        ("deflate", zlib.finish().unwrap()),
        ("deflate", raw.finish().unwrap()),
        ("zstd", zstd),
    ] {
        let answer = answer(ingest.request("", body).header("content-encoding", encoding)).await;
        assert_eq!((answer.status, answer.counts()), (200, (5000, 0)), "{encoding}");
    }
    assert_eq!(ingest.stop().await.len(), 20_000);
}

#[tokio::test]
async fn other_paths_and_methods_say_where_to_go() {
    let ingest = started(|_| {}).await;
    let url = |path: &str| format!("http://{}{path}", ingest.address);
    let wrong_path = answer(ingest.client.post(url("/v1/nothing")).body("x")).await;
    assert_eq!((wrong_path.status, wrong_path.error()), (404, "not_found"));
    let hint = |answer: &crate::harness::Answer| answer.body["error"]["hint"].as_str().unwrap().to_owned();
    for (asked, meant) in [
        ("/v1/log", "`/v1/logs`"),
        ("/services/colector/event", "`/services/collector/event`"),
        ("/loki/api/push", "`/loki/api/v1/push`"),
        ("/x", "/v1/ingest, /v1/stream, /v1/logs, /_bulk"),
    ] {
        let there = hint(&answer(ingest.client.post(url(asked)).body("x")).await);
        assert!(there.contains(meant), "{asked}: {there}");
    }
    for (path, allowed) in [
        ("/v1/ingest", "POST"),
        ("/events", "POST"),
        ("/v1/logs", "POST"),
        ("/services/collector", "POST"),
        ("/services/collector/health", "GET,HEAD"),
        ("/v1/stream", "GET,HEAD"),
        ("/firehose", "POST"),
    ] {
        let request = ingest.client.delete(url(path));
        let headers = request.try_clone().unwrap().send().await.unwrap().headers().clone();
        assert_eq!(headers["allow"], allowed, "{path}");
        let wrong_method = answer(request).await;
        assert_eq!((wrong_method.status, wrong_method.error()), (405, "method_not_allowed"), "{path}");
    }
    let bulk = ingest.client.delete(url("/_bulk")).send().await.unwrap();
    assert_eq!(
        (bulk.status().as_u16(), &bulk.headers()["x-elastic-product"]),
        (405, &"Elasticsearch".parse().unwrap())
    );
}

/// Scenario: each path that the answer to a wrong one names, with a method that none takes.
/// Guarantees: it is there.
#[tokio::test]
async fn the_paths_that_are_named_are_there() {
    let ingest = started(|_| {}).await;
    let url = |path: &str| format!("http://{}{path}", ingest.address);
    let nowhere = answer(ingest.client.post(url("/x")).body("x")).await;
    let hint = nowhere.body["error"]["hint"].as_str().unwrap();
    let paths: Vec<&str> = hint.strip_prefix("events are sent to: ").unwrap().split(", ").collect();
    assert!(paths.len() > 10, "{hint}");
    for path in paths {
        let path = path.replace(['{', '}'], "");
        let answer = ingest.client.patch(url(&path)).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{path}");
    }
}

/// Scenario: a format whose name is misspelt, and one that only a rule may know.
/// Guarantees: the one is refused with what was meant, before anything of it is in Kafka; the other is taken.
#[tokio::test]
async fn a_misspelt_format_is_refused() {
    let ingest = started(|_| {}).await;
    let wrong = answer(ingest.request("?format=combind", "x").header("content-type", "text/plain")).await;
    assert_eq!((wrong.status, wrong.error()), (400, "bad_request"));
    assert!(wrong.reason().contains("did you mean `combined`?"), "{wrong:?}");
    let own = answer(ingest.request("?format=orders", "x").header("content-type", "text/plain")).await;
    assert_eq!(own.counts(), (1, 0));
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: ids in a member, ids by an `Idempotency-Key`, a request sent twice.
/// Guarantees: the same events have the same ids both times.
#[tokio::test]
async fn ids_of_the_client_are_kept() {
    let ingest = started(|_| {}).await;
    let body = "{\"id\":\"a\"}\n{\"id\":7}\n{\"x\":1}\n";
    let by_field = ingest.ndjson("?id_field=id&stream=s", body).await;
    assert_eq!((by_field.counts(), by_field.lines()), ((2, 1), vec![(3, "invalid_id")]));
    for _again in 0..2 {
        let request =
            ingest.request("?stream=s", "{\"a\":1}\nbad\n{\"a\":2}\n").header("idempotency-key", "batch-9");
        assert_eq!(answer(request.header("content-type", "application/x-ndjson")).await.counts(), (2, 1));
    }
    let long = ingest.request("", "{}").header("idempotency-key", "k".repeat(300));
    assert_eq!(answer(long).await.status, 400);
    let ids: Vec<String> = ingest.stop().await.into_iter().map(|event| event.id).collect();
    assert_eq!(ids, ["a", "7", "batch-9-0", "batch-9-2", "batch-9-0", "batch-9-2"]);
}
