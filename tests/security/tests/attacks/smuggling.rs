//! Requests that two parsers could read differently: a second one is hidden in the first
//! ([RFC 9112, section 11.2](https://www.rfc-editor.org/rfc/rfc9112#section-11.2)).

use forebay_security::victim::Victim;

/// Scenario: requests whose length is said twice, in words that parsers read differently, or in chunks that don't add up;
/// in each hides a request with a credential that is good.
/// Guarantees: the hidden request is never carried out, and the process lives.
#[tokio::test]
async fn a_hidden_request_is_not_carried_out() {
    let mut victim = Victim::start().await.unwrap();
    let with = |body: &str| {
        format!(
            "POST /v1/ingest HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
            victim.token,
            body.len()
        )
    };
    let open = victim.ask(with("{\"message\":\"an honest line\"}").as_bytes()).await.unwrap();
    assert!(open.starts_with("HTTP/1.1 200"), "what is not hidden is carried out: {open}");
    let hidden = with("{\"message\":\"smuggled\"}");
    let (len, in_hex) = (hidden.len(), format!("{:x}", hidden.len()));
    let headers = [
        "content-length: 5\r\ntransfer-encoding: chunked".to_owned(),
        "transfer-encoding: chunked\r\ncontent-length: 5".to_owned(),
        "content-length: 5\r\ncontent-length: 6".to_owned(),
        "content-length: 5, 6".to_owned(),
        "content-length: +5".to_owned(),
        "content-length: 0x5".to_owned(),
        "content-length: -1".to_owned(),
        "content-length: 18446744073709551621".to_owned(),
        "content-length : 5".to_owned(),
        "transfer-encoding: xchunked\r\ncontent-length: 5".to_owned(),
        "transfer-encoding : chunked\r\ncontent-length: 5".to_owned(),
        "transfer-encoding: chunked, identity\r\ncontent-length: 5".to_owned(),
        "transfer-encoding:\x0bchunked\r\ncontent-length: 5".to_owned(),
        "x: y\r\n transfer-encoding: chunked\r\ncontent-length: 5".to_owned(),
        "x: y\rcontent-length: 5".to_owned(),
        "x\0: y\r\ncontent-length: 5".to_owned(),
    ];
    for header in &headers {
        let request = format!("POST /v1/ingest HTTP/1.1\r\nhost: x\r\n{header}\r\n\r\n0\r\n\r\n{hidden}");
        let answered = victim.ask(request.as_bytes()).await.unwrap();
        assert!(!answered.contains("HTTP/1.1 200"), "{header:?}: {answered}");
        let request = format!(
            "POST /v1/ingest HTTP/1.1\r\nhost: x\r\n{header}\r\n\r\n{in_hex}\r\n{hidden}\r\n0\r\n\r\n"
        );
        let answered = victim.ask(request.as_bytes()).await.unwrap();
        assert!(!answered.contains("HTTP/1.1 200"), "{header:?}: {answered}");
    }
    for chunks in [
        format!("{in_hex}\n{hidden}\r\n0\r\n\r\n"),
        format!("0x{in_hex}\r\n{hidden}\r\n0\r\n\r\n"),
        format!("-{in_hex}\r\n{hidden}\r\n0\r\n\r\n"),
        format!("ffffffffffffffff{in_hex}\r\n{hidden}\r\n0\r\n\r\n"),
        format!("10000000000000000\r\n{hidden}"),
        format!("{in_hex};{}\r\n{hidden}\r\n0\r\n\r\n", "e".repeat(100_000)),
        format!("{in_hex}\r\n{hidden}XX0\r\n\r\n"),
        format!("{in_hex}\r\n{hidden}\r\n0\r\n{}", "t: y\r\n".repeat(20_000)),
    ] {
        let request =
            format!("POST /v1/ingest HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{chunks}");
        let answered = victim.ask(request.as_bytes()).await.unwrap();
        assert!(!answered.contains("HTTP/1.1 200"), "{answered}");
    }
    for head in [
        "POST /v1/ingest HTTP/1.1\r\nhost: x\r\nhost: y\r\ncontent-length: ",
        "POST http://elsewhere/v1/ingest HTTP/1.1\r\nhost: x\r\ncontent-length: ",
        "POST /v1/ingest HTTP/1.0\r\nconnection: keep-alive\r\ncontent-length: ",
        "CONNECT localhost:1 HTTP/1.1\r\nhost: x\r\ncontent-length: ",
        "PRI * HTTP/2.0\r\ncontent-length: ",
        "TRACE / HTTP/1.1\r\nhost: x\r\ncontent-length: ",
        "\r\n\r\n\r\nPOST /v1/../v1/ingest HTTP/1.1\r\nhost: x\r\ncontent-length: ",
    ] {
        // The hidden one is the body, and no request.
        let answered = victim.ask(format!("{head}{len}\r\n\r\n{hidden}").as_bytes()).await.unwrap();
        assert!(!answered.contains(" 200 "), "{head:?}: {answered}");
    }
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
}
