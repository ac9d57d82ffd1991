//! Credentials that are wrong, expired, revoked, used again; tenants that are claimed.

use forebay_testkit::eventually;

use forebay_security::victim::{PATIENCE, Victim, credential};

const LINE: &str = "{\"message\":\"of an attacker\",\"tenant\":\"honest\"}";

/// Scenario: no credential, many wrong ones, malformed ones, an expired, a disabled one, and one that is revoked while its
/// client is connected.
/// Guarantees: none is let in, each is told 401 or 403, and nothing of them is in Kafka.
#[tokio::test]
async fn no_wrong_credential_opens() {
    let mut victim = Victim::start().await.unwrap();
    let file = victim.credentials();
    let before = std::fs::read_to_string(&file).unwrap();
    let expired = credential(&file, "honest", "expired").unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text + "    expires: \"2020-01-01T00:00:00Z\"\n").unwrap();
    let disabled = credential(&file, "honest", "disabled").unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text + "    disabled: true\n").unwrap();
    let good = credential(&file, "honest", "good").unwrap();

    let status = async |value: String| {
        victim.post().header("authorization", value).body(LINE).send().await.unwrap().status().as_u16()
    };
    let (expired, disabled) = (format!("Bearer {expired}"), format!("Bearer {disabled}"));
    let known = async || status(expired.clone()).await == 403 && status(disabled.clone()).await == 403;
    eventually("the file is read again", PATIENCE, known).await.unwrap();

    assert_eq!(victim.post().body(LINE).send().await.unwrap().status(), 401);
    let longest = format!("Bearer {}", "x".repeat(20_000));
    for wrong in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic aG9uZXN0OmhvbmVzdA==",
        "Bearer ../access.yaml",
        "Bearer null",
        "Digest username=\"honest\"",
        &longest,
        &format!("Bearer {}", &good[..good.len() - 1]),
        &format!("Bearer {good}x"),
        &format!("Bearer {}", good.to_uppercase()),
        &format!("Bearer{good}"),
    ] {
        assert_eq!(status(wrong.to_owned()).await, 401, "{wrong}");
    }
    for guess in 0..1_000 {
        assert_eq!(status(format!("Bearer fbt_{guess:043}")).await, 401);
    }
    // Two at once: neither is taken, lest a proxy and this process take different ones.
    let twice = victim.post().header("authorization", "Bearer x").bearer_auth(&good).body(LINE);
    assert!(twice.send().await.unwrap().status().is_client_error());

    let good = format!("Bearer {good}");
    std::fs::write(&file, before).unwrap();
    let revoked = async || {
        // The same credential again and again on one connection, with nothing in it that could be kept.
        victim.post().header("authorization", &good).body("").send().await.unwrap().status() == 401
    };
    eventually("the revoked credential is refused", PATIENCE, revoked).await.unwrap();
    assert_eq!(status(good.clone()).await, 401);
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
}

/// Scenario: who has a credential of one tenant claims to be another: in a header, in the query, in the events.
/// Guarantees: the tenant is that of the credential, or the request is refused.
#[tokio::test]
async fn a_tenant_cannot_be_claimed() {
    let (mut victim, mallory) = Victim::start_for_mallory().await.unwrap();
    let send = |request: reqwest::RequestBuilder| request.bearer_auth(&mallory).body(LINE).send();
    for header in ["x-forebay-tenant", "x-scope-orgid", "x-tenant", "x-forwarded-user"] {
        let answer = send(victim.post().header(header, "honest")).await.unwrap();
        assert_eq!(answer.status() == 403, header == "x-forebay-tenant", "{header}");
    }
    for query in
        ["?tenant=honest", "?attributes.tenant=honest", "?stream=honest%00mallory", "?stream=honest%09x"]
    {
        let url = format!("http://{}/v1/ingest{query}", victim.address);
        let _taken_as_mallory_or_refused = send(reqwest::Client::new().post(url)).await.unwrap();
    }
    victim.unharmed().await.unwrap();
    for stored in victim.stored().unwrap() {
        assert_eq!(stored.tenant == "honest", stored.body.contains("an honest line"), "{stored:?}");
    }
}
