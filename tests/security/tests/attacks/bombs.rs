//! Bodies and heads that are small to send and large to take.

use std::io::Read;

use forebay_security::victim::Victim;

use crate::missile::gzip_bomb;

/// Scenario: compressed zeros, compressed twice, deep nesting, millions of events, a length of exabytes, a body that never
/// ends; with a credential that is good.
/// Guarantees: each is refused as a whole or piece by piece, within the memory of the limits, and nothing else is harmed.
#[tokio::test]
async fn large_bodies_are_refused_in_little_memory() {
    let mut victim = Victim::start().await.unwrap();
    let zstd = zstd::encode_all(std::io::repeat(0).take(512 << 20), 3).unwrap();
    let gzip = gzip_bomb(2_000);
    let deep = "[".repeat(2_000_000);
    let deep_object = "{\"a\":".repeat(700_000);
    let many = "{}\n".repeat(1_300_000);
    let long_line = format!("{{\"message\":\"{}\"}}", "x".repeat(3_000_000));
    let bodies: [(&str, Vec<u8>, &[u16]); 8] = [
        ("zstd", zstd, &[413]),
        ("gzip", gzip, &[413]),
        ("gzip, gzip", gzip_bomb(1), &[415]),
        ("br", vec![0; 1_000], &[415]),
        ("identity", deep.into_bytes(), &[200, 400, 413]),
        ("identity", deep_object.into_bytes(), &[200, 400, 413]),
        ("identity", many.into_bytes(), &[413]),
        ("identity", long_line.into_bytes(), &[200, 400, 413]),
    ];
    for (encoding, body, expected) in bodies {
        for kind in ["application/json", "application/x-ndjson"] {
            let request = victim.post().bearer_auth(&victim.token).header("content-encoding", encoding);
            let answer = request.header("content-type", kind).body(body.clone()).send().await;
            let answer = answer
                .unwrap_or_else(|error| panic!("{encoding}, {} bytes as {kind}: {error:?}", body.len()));
            let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
            assert!(expected.contains(&status), "{encoding}: {status} {text}");
            assert!(status != 200 || text.contains("\"accepted\":0"), "{encoding}: {text}");
            assert!(text.len() < 100_000, "an answer is small, however much is wrong");
        }
    }
    let head = format!("POST /v1/ingest HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n", victim.token);
    let huge =
        victim.raw(format!("{head}content-length: 9223372036854775807\r\n\r\n").as_bytes()).await.unwrap();
    assert!(huge.starts_with("HTTP/1.1 413"), "{huge}");
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000)).repeat(100);
    let endless =
        victim.raw(format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}").as_bytes()).await.unwrap();
    assert!(endless.starts_with("HTTP/1.1 413"), "{endless}");
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
}

/// Scenario: heads that are long, have many fields, or long addresses; without a credential.
/// Guarantees: each is refused, and who sends them gets an answer or the end.
#[tokio::test]
async fn large_heads_are_refused() {
    let mut victim = Victim::start().await.unwrap();
    let heads = [
        format!("POST /v1/ingest HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(4 << 20)),
        format!("POST /v1/ingest HTTP/1.1\r\nhost: x\r\n{}\r\n", "x: y\r\n".repeat(100_000)),
        format!("POST /{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(4 << 20)),
        format!("POST /v1/ingest?{} HTTP/1.1\r\nhost: x\r\n\r\n", "a=b&".repeat(500_000)),
        "x".repeat(4 << 20),
        "\r\n".repeat(2 << 20),
    ];
    for head in &heads {
        let answered = victim.raw(head.as_bytes()).await.unwrap();
        assert!(answered.is_empty() || answered.starts_with("HTTP/1.1 4"), "{answered}");
    }
    // As many at once as one address may: what each holds is small.
    let half = format!("POST /v1/ingest HTTP/1.1\r\nhost: x\r\nx: {}", "y".repeat(200_000));
    let _all = futures_util::future::join_all((0..1_000).map(|_| victim.raw(half.as_bytes()))).await;
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
}
