//! Who may send, and as whom.

use forebay_ingest::tokens::issue;
use forebay_record::Tenant;

use crate::harness::{answer, eventually, started};

/// Scenario: tokens of two tenants, a wrong one, none, a disabled one, and a claim to be somebody else.
/// Guarantees: the tenant is that of the token; everything else is 401 or 403, and nothing of it is sent.
#[tokio::test]
async fn the_token_decides_the_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.yaml");
    let tenant = |name: &str| Tenant::new(name).unwrap();
    let acme = issue(&path, &tenant("acme"), "one", None).unwrap();
    let umbrella = issue(&path, &tenant("umbrella"), "two", None).unwrap();
    let off = issue(&path, &tenant("acme"), "three", None).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "    disabled: true\n").unwrap();
    let ingest = started(|settings| settings.ingest.token_file = Some(path.clone())).await;

    let as_one =
        |token: &str, body: &'static str| answer(ingest.request("?stream=s", body).bearer_auth(token));
    assert_eq!(as_one(&acme.token, "{\"a\":1}").await.status, 200);
    assert_eq!(as_one(&umbrella.token, "{\"a\":2}").await.status, 200);
    let wrong = as_one("fbt_wrong", "{\"a\":3}").await;
    assert_eq!((wrong.status, wrong.reason()), (401, "the token is not known"));
    let none = answer(ingest.request("", "{\"a\":4}")).await;
    assert_eq!((none.status, none.reason()), (401, "the request has no token"));
    let basic = answer(ingest.request("", "{\"a\":5}").basic_auth("acme", Some(&acme.token))).await;
    assert_eq!(basic.status, 401);
    let disabled = as_one(&off.token, "{\"a\":6}").await;
    assert_eq!((disabled.status, disabled.reason()), (403, "the token has been disabled"));
    let request =
        ingest.request("", "{\"a\":7}").bearer_auth(&acme.token).header("x-forebay-tenant", "umbrella");
    assert_eq!(answer(request).await.status, 403);

    let tenants: Vec<String> = ingest.stop().await.into_iter().map(|event| event.tenant).collect();
    assert_eq!(tenants, ["acme", "umbrella"]);
}

/// Scenario: a token is made while ingest runs, then the file breaks.
/// Guarantees: the new token works without a restart, and goes on working.
#[tokio::test]
async fn tokens_are_re_read_while_running() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.yaml");
    let first = issue(&path, &Tenant::new("acme").unwrap(), "one", None).unwrap();
    let ingest = started(|settings| settings.ingest.token_file = Some(path.clone())).await;
    let second = issue(&path, &Tenant::new("acme").unwrap(), "two", None).unwrap();
    let status = |token: String| {
        let request = ingest.request("", "{}").bearer_auth(token);
        async move { answer(request).await.status }
    };
    eventually("the new token is taken", async || status(second.token.clone()).await == 200).await;
    std::fs::write(&path, "tokens: [").unwrap();
    assert_eq!(status(first.token.clone()).await, 200);
    let _stored = ingest.stop().await;
}

/// Scenario: no tokens are set up, and a web page that is open on this machine sends events.
/// Guarantees: 403, while programs on this machine may send.
#[tokio::test]
async fn web_pages_may_not_send_without_a_token() {
    let ingest = started(|_| {}).await;
    let page = answer(ingest.request("", "{}").header("origin", "http://example.com")).await;
    assert_eq!((page.status, page.error()), (403, "forbidden"));
    assert_eq!(answer(ingest.request("", "{}")).await.status, 200);
    assert_eq!(ingest.stop().await.len(), 1);
}
