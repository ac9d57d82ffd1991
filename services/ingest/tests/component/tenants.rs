//! Who may send, and as whom.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use forebay_operators::tokens::{Wanted, WantedSecret, create, issue, revoke};
use forebay_record::Tenant;
use futures_util::future::join_all;

use crate::harness::{answer, eventually, started};

/// Scenario: tokens of two tenants, a wrong one, none, a disabled one, and a claim to be somebody else.
/// Guarantees: the tenant is that of the token; everything else is 401 or 403, and nothing of it is sent.
#[tokio::test]
async fn the_token_decides_the_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let tenant = |name: &str| Tenant::new(name).unwrap();
    let acme = issue(&path, &tenant("acme"), "one", None).unwrap();
    let umbrella = issue(&path, &tenant("umbrella"), "two", None).unwrap();
    let off = issue(&path, &tenant("acme"), "three", None).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "    disabled: true\n").unwrap();
    let ingest = started(|settings| settings.ingest.access_file = Some(path.clone())).await;

    let as_one =
        |token: &str, body: &'static str| answer(ingest.request("?stream=s", body).bearer_auth(token));
    assert_eq!(as_one(&acme.token, "{\"a\":1}").await.status, 200);
    assert_eq!(as_one(&umbrella.token, "{\"a\":2}").await.status, 200);
    let wrong = as_one("fbt_wrong", "{\"a\":3}").await;
    assert_eq!((wrong.status, wrong.reason()), (401, "the credential is not known"));
    let none = answer(ingest.request("", "{\"a\":4}")).await;
    assert_eq!((none.status, none.reason()), (401, "the request has no token"));
    let basic = answer(ingest.request("?stream=s", "{\"a\":5}").basic_auth("acme", Some(&acme.token))).await;
    assert_eq!(basic.status, 200, "a client that knows basic authentication only");
    let disabled = as_one(&off.token, "{\"a\":6}").await;
    assert_eq!((disabled.status, disabled.reason()), (403, "the credential has been disabled"));
    let request =
        ingest.request("", "{\"a\":7}").bearer_auth(&acme.token).header("x-forebay-tenant", "umbrella");
    assert_eq!(answer(request).await.status, 403);

    let tenants: Vec<String> = ingest.stop().await.into_iter().map(|event| event.tenant).collect();
    assert_eq!(tenants, ["acme", "umbrella", "acme"]);
}

/// Scenario: a token is made while ingest runs, then the file breaks.
/// Guarantees: the new token works without a restart, and goes on working.
#[tokio::test]
async fn tokens_are_re_read_while_running() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let first = issue(&path, &Tenant::new("acme").unwrap(), "one", None).unwrap();
    let ingest = started(|settings| settings.ingest.access_file = Some(path.clone())).await;
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

/// Scenario: a token in every form that HTTP clients know, one that may choose its tenant, and heads that can be read in two ways.
/// Guarantees: each finds its tenant; a tenant is chosen only by who may; what is ambiguous is refused.
#[tokio::test]
async fn every_header_finds_its_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let token = issue(&path, &Tenant::new("acme").unwrap(), "one", None).unwrap().token;
    let free = Wanted {
        tenant: &Tenant::new("umbrella").unwrap(),
        name: "free",
        secret: WantedSecret::Uuid,
        expires: None,
        roles: Vec::new(),
        may_choose: vec!["acme".to_owned()],
        from: vec!["127.0.0.0/8".to_owned()],
    };
    let free = create(&path, &free).unwrap().token;
    let ingest = started(|settings| settings.ingest.access_file = Some(path.clone())).await;
    let status = |headers: &[(&'static str, String)]| {
        let mut request = ingest.request("?stream=s", "{}");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        async move { answer(request).await.status }
    };
    let api_key = STANDARD.encode(format!("any:{token}"));
    for (name, value) in [
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("Splunk {token}")),
        ("authorization", format!("ApiKey {api_key}")),
        ("x-log-key", token.clone()),
        ("x-amz-firehose-access-key", token.clone()),
    ] {
        assert_eq!(status(&[(name, value.clone())]).await, 200, "{name}: {value}");
    }
    let bearer = |token: &str| ("authorization", format!("Bearer {token}"));
    let wanted = |tenant: &str| ("x-forebay-tenant", tenant.to_owned());
    assert_eq!(status(&[bearer(&free), wanted("acme")]).await, 200);
    assert_eq!(status(&[bearer(&free), wanted("hooli")]).await, 403);
    assert_eq!(status(&[bearer(&free), wanted("acme"), wanted("umbrella")]).await, 400);
    assert_eq!(status(&[bearer(&token), wanted("umbrella")]).await, 403);
    assert_eq!(status(&[bearer(&token), bearer(&free)]).await, 401);
    let tenants: Vec<String> = ingest.stop().await.into_iter().map(|event| event.tenant).collect();
    assert_eq!(tenants, ["acme"; 6]);
}

/// Scenario: a user with a password sends from many connections at once; somebody else guesses.
/// Guarantees: the user is let in from the first request on; who guesses is told nothing, and after a few tries to wait, which neither the
/// user is made to, nor another one behind the same address who has never sent before.
#[tokio::test]
async fn a_password_is_checked_once_and_guesses_have_to_wait() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let ann = Wanted {
        tenant: &Tenant::new("acme").unwrap(),
        name: "ann",
        secret: WantedSecret::Password { user: "ann", password: None },
        expires: None,
        roles: Vec::new(),
        may_choose: Vec::new(),
        from: Vec::new(),
    };
    let password = create(&path, &ann).unwrap().token;
    let ingest = started(|settings| settings.ingest.access_file = Some(path.clone())).await;
    let send = |user: &'static str, password: String| {
        answer(ingest.request("?stream=s", "{}").basic_auth(user, Some(password)))
    };
    let many = join_all((0..50).map(|_| send("ann", password.clone()))).await;
    assert!(many.iter().all(|answer| answer.status == 200), "{many:?}");

    for user in ["ann", "nobody"] {
        let mut refused = Vec::new();
        for guess in 0..12 {
            let answer = send(user, format!("guess {guess}")).await;
            refused.push((answer.status, answer.error().to_owned()));
        }
        assert!(refused[..9].iter().all(|one| *one == (401, "unauthorized".to_owned())), "{refused:?}");
        let last = answer(ingest.request("", "{}").basic_auth(user, Some("guess"))).await;
        assert_eq!((last.status, last.error()), (429, "too_many_attempts"), "{refused:?}");
        assert!(last.retry_after >= Some(1));
    }
    assert_eq!(send("ann", password.clone()).await.status, 200);
    let bob = create(
        &path,
        &Wanted {
            name: "bob",
            secret: WantedSecret::Password { user: "bob", password: None },
            ..ann.clone()
        },
    );
    let bob = bob.unwrap().token;
    eventually("a new user behind the same address", async || send("bob", bob.clone()).await.status == 200)
        .await;

    revoke(&path, "ann").unwrap();
    eventually("revoked", async || send("ann", password.clone()).await.status == 403).await;
    let _stored = ingest.stop().await;
}

/// Scenario: senders that show nothing, from a network that the file knows; then it no longer does.
/// Guarantees: they are the network's tenant, and may not be another; web pages aren't let in so; then nobody is.
#[tokio::test]
async fn a_network_can_stand_for_a_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let credential = "credentials:\n  - {name: lan, tenant: acme, network: 127.0.0.0/8, listener: http}\n";
    std::fs::write(&path, credential).unwrap();
    let ingest = started(|settings| settings.ingest.access_file = Some(path.clone())).await;
    assert_eq!(answer(ingest.request("", "{}")).await.status, 200);
    let other = ingest.request("", "{}").header("x-forebay-tenant", "umbrella");
    assert_eq!(answer(other).await.status, 403);
    assert_eq!(answer(ingest.request("", "{}").header("origin", "http://x")).await.status, 403);
    assert_eq!(answer(ingest.request("", "{}").bearer_auth("wrong")).await.status, 401);
    std::fs::write(&path, credential.replace("listener: http", "listener: other")).unwrap();
    eventually("nobody", async || answer(ingest.request("", "{}")).await.status == 401).await;
    let tenants: HashSet<String> = ingest.stop().await.into_iter().map(|event| event.tenant).collect();
    assert_eq!(tenants, HashSet::from(["acme".to_owned()]));
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
