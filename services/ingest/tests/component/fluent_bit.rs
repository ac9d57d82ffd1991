//! Every body that Fluent Bit's `http` output sends.

use crate::harness::{answer, started};

/// `[[EventTime 2024-11-22T03:52:32.000000007Z, {}], {"log": "x"}]`, as Fluent Bit 3 packs it.
const ENTRY: &[u8] = b"\x92\x92\xd7\x00\x67\x40\x00\x00\x00\x00\x00\x07\x80\x81\xa3log\xa1x";

/// Scenario: the same two records in each of the formats, with the content types that its versions say, compressed or not.
/// Guarantees: two events each time; in `msgpack` their time goes along, in the others it stands in them.
#[tokio::test]
async fn every_format_is_understood() {
    let ingest = started(|_| {}).await;
    let (one, two) = (r#"{"date":1732247552.25,"log":"x"}"#, r#"{"date":1732247552.5,"log":"y"}"#);
    let array = format!("[{one},{two}]");
    let stream = format!("{one}{two}");
    let lines = format!("{one}\n{two}\n");
    for (content_type, body) in [
        ("application/json", &array),
        ("application/json", &stream),
        ("application/json", &lines),
        ("application/x-ndjson", &lines),
    ] {
        let request = ingest.request("?stream=s", body.clone()).header("content-type", content_type);
        let answer = answer(request).await;
        assert_eq!((answer.status, answer.counts()), (200, (2, 0)), "{content_type} {body}");
    }
    let packed = [ENTRY, ENTRY].concat();
    let snappy = snap::raw::Encoder::new().compress_vec(&packed).unwrap();
    for (encoding, body) in [("identity", packed), ("snappy", snappy)] {
        let request = ingest.request("?stream=s&attr.tag=app", body).header("content-encoding", encoding);
        let answer = answer(request.header("content-type", "application/msgpack")).await;
        assert_eq!((answer.status, answer.counts()), (200, (2, 0)), "{encoding}");
    }
    let stored = ingest.stop().await;
    assert_eq!(stored.len(), 4 * 2 + 2 * 2);
    assert!(stored.iter().all(|event| event.format == "json"));
    let (text, packed) = stored.split_at(8);
    assert!(text.chunks(2).all(|pair| pair[0].body == one.as_bytes() && pair[1].body == two.as_bytes()));
    for event in packed {
        assert_eq!(
            (event.body.as_slice(), event.observed_at),
            (&br#"{"log":"x"}"#[..], 1_732_247_552_000_000_007)
        );
        assert_eq!(event.attributes, [("tag".to_owned(), "app".to_owned())]);
    }
}

/// Scenario: a record that is no map, MessagePack that ends early, none at all, ids in a member.
/// Guarantees: bad records are named, broken bodies are refused as a whole.
#[tokio::test]
async fn bad_entries_are_named() {
    let ingest = started(|_| {}).await;
    let send = |query: &str, body: &[u8]| {
        answer(ingest.request(query, body.to_vec()).header("content-type", "application/msgpack"))
    };
    let mixed = send("", &[ENTRY, b"\x92\x01\xa1x", ENTRY].concat()).await;
    assert_eq!((mixed.status, mixed.counts(), mixed.lines()), (200, (2, 1), vec![(2, "not_an_object")]));
    let broken = send("", &[ENTRY, b"\x92\x01"].concat()).await;
    assert_eq!((broken.status, broken.error()), (400, "malformed_body"));
    assert_eq!(broken.body["error"]["line"], 2);
    assert_eq!(send("", b"").await.error(), "empty_body");
    assert_eq!(send("?id_field=log", ENTRY).await.counts(), (1, 0));
    let stored = ingest.stop().await;
    assert!(stored.len() == 3 && stored.iter().any(|event| event.id == "x"));
}
