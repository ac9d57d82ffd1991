//! Tenants that are claimed, on every protocol.

use forebay_security::victim::{PATIENCE, Victim};
use forebay_testkit::eventually;

use crate::protocols::{Attack, Hostile, NAMES, door, each};

struct Lie<'a> {
    victim: &'a Victim,
    token: String,
}

impl Attack for Lie<'_> {
    async fn on<D: Hostile>(&mut self) {
        let door = door::<D>(self.victim, "mallory", &self.token);
        let datagrams = self.victim.door(&format!("{}_udp_mallory", D::PROTOCOL)).ok();
        let datagrams = datagrams.map(|address| address.to_string());
        for lie in D::lies(&door, &format!("a lie by {}", D::PROTOCOL)) {
            let _taken_as_mallory_or_refused = lie.launch(&door, datagrams.as_deref()).await;
        }
    }
}

/// Scenario: who has a credential of one tenant claims to be another, in every place where each protocol has room for a name:
/// headers, queries, indices, tags, labels, attributes, host names, structured data, ids of events that the other has sent.
/// Guarantees: every event is its sender's own tenant's, or isn't taken; the other's events stay as they are.
#[tokio::test]
async fn no_protocol_lets_a_tenant_be_claimed() {
    let (mut victim, token) = Victim::start_for_mallory().await.unwrap();
    let url = format!("http://{}/v1/ingest?id_field=id", victim.address);
    let own = reqwest::Client::new().post(url).bearer_auth(&victim.token);
    let own = own.body("{\"id\":\"shared\",\"message\":\"an honest line\"}").send().await.unwrap();
    assert_eq!(own.status(), 200);

    each(&mut Lie { victim: &victim, token }).await;
    // Datagrams and streams without answers arrive when they arrive: each protocol's lies are waited for.
    let named = |name: &&str| format!("a lie by {name}");
    let all = async || {
        let stored = victim.stored().unwrap();
        NAMES.iter().map(named).all(|lie| stored.iter().any(|one| one.body.contains(&lie)))
    };
    eventually("something of each protocol is taken", PATIENCE, all).await.unwrap();
    victim.unharmed().await.unwrap();
    let stored = victim.stored().unwrap();
    for one in &stored {
        let is_lie = NAMES.iter().map(named).any(|lie| one.body.contains(&lie));
        let expected = if one.body.contains("an honest line") { "honest" } else { "mallory" };
        assert_eq!(one.tenant, expected, "{one:?}");
        assert!(is_lie || one.body.contains("an honest line"), "{one:?}");
    }
    let shared: Vec<&str> =
        stored.iter().filter(|one| one.id == "shared").map(|one| one.tenant.as_str()).collect();
    assert!(shared.contains(&"honest") && shared.contains(&"mallory"), "the same id, each in its own tenant");
}
