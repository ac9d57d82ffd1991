use super::*;

fn failure(status: u16, body: &str) -> RequestFailure {
    RequestFailure::from_response(status, None, body.as_bytes())
}

#[test]
fn a_server_that_is_busy_or_closed_to_us_is_tried_again() {
    for status in [401, 403, 408, 425, 429, 500, 502, 503, 504] {
        assert!(
            matches!(failure(status, ""), RequestFailure::Busy { status: s, .. } if s == status),
            "{status}"
        );
    }
    let blocked = r#"{"error":{"type":"cluster_block_exception","reason":"read-only"},"status":400}"#;
    assert!(matches!(failure(400, blocked), RequestFailure::Busy { reason, .. } if reason == "read-only"));
}

#[test]
fn a_wish_to_wait_is_kept() {
    let wait = Some(Duration::from_secs(7));
    let RequestFailure::Busy { retry_after, .. } = RequestFailure::from_response(503, wait, b"") else {
        panic!()
    };
    assert_eq!(retry_after, wait);
}

#[test]
fn too_large_is_told_apart_from_wrong() {
    assert!(matches!(failure(413, ""), RequestFailure::TooLarge));
    let wrong =
        r#"{"error":{"type":"x_content_parse_exception","reason":"[1:9] Unrecognized token"},"status":400}"#;
    let RequestFailure::Rejected { status, error_type, reason } = failure(400, wrong) else { panic!() };
    assert_eq!(
        (status, &*error_type, &*reason),
        (400, "x_content_parse_exception", "[1:9] Unrecognized token")
    );
}

/// Scenario: the address leads to another server, a proxy answers, or the server names no error.
/// Guarantees: no document is blamed for it.
#[test]
fn what_is_not_about_documents_waits_for_an_operator() {
    let absent = r#"{"error":{"type":"resource_not_found_exception","reason":"no such path"},"status":404}"#;
    for (status, body) in [
        (302, "<html>moved</html>"),
        (400, "<html>The plain HTTP request was sent to HTTPS port</html>"),
        (400, ""),
        (404, absent),
        (405, ""),
        (406, r#"{"error":"Content-Type header [text/plain] is not supported","status":406}"#),
        (422, "{}"),
    ] {
        assert!(matches!(failure(status, body), RequestFailure::Busy { .. }), "{status} {body}");
    }
}

#[test]
fn a_proxys_page_becomes_a_short_reason() {
    let page = format!("<html>\n  <h1>502 Bad Gateway</h1>\n{}</html>", " ".repeat(10_000));
    let message = failure(502, &page).to_string();
    assert_eq!(message, "the search server refused for now with status 502: <html> <h1>502 Bad Gateway</h1>");
}
