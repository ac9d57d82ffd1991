//! Credentials that aren't good, or no longer, on every protocol.

use std::time::Duration;

use forebay_ingest::tokens::{Wanted, WantedSecret, create, revoke};
use forebay_proto::v1;
use forebay_record::Tenant;
use forebay_security::victim::{Victim, credential};
use forebay_testkit::eventually;
use tokio::time::timeout;

use crate::call::Client;
use crate::driver::{Driver, Heard, Waiting};
use crate::missile::Missile;
use crate::protocols::{Attack, Hostile, NAMES, door, each};

const PATIENCE: Duration = Duration::from_secs(20);

/// Connects and sends; whether it went wrong as it should. A protocol without answers can't say so: there Kafka tells.
async fn is_refused<D: Driver>(victim: &Victim, who: &str, token: &str, text: &str) -> bool {
    let mut client = D::connect(&door::<D>(victim, who, token)).await;
    match timeout(PATIENCE, client.send(&[text.to_owned()])).await.expect("an answer or an end") {
        Heard::Refused(_) | Heard::Closed => true,
        Heard::Success => D::WAITING == Waiting::Unanswered,
        Heard::Partly(_) | Heard::Later => false,
    }
}

struct Wrong<'a> {
    victim: &'a Victim,
    tokens: Vec<String>,
}

impl Attack for Wrong<'_> {
    async fn on<D: Hostile>(&mut self) {
        let Self { victim, tokens } = self;
        if D::LISTENER.is_none() {
            for token in tokens {
                assert!(is_refused::<D>(victim, "", token, "a wrong one").await, "{}: {token}", D::PROTOCOL);
            }
            return;
        }
        for who in ["nobody", "expired", "disabled"] {
            assert!(is_refused::<D>(victim, who, "", "a wrong one").await, "{}: {who}", D::PROTOCOL);
            if let Ok(udp) = victim.door(&format!("{}_udp_{who}", D::PROTOCOL)) {
                let door = door::<D>(victim, who, "");
                for message in [
                    "<14>1 - host app - - - a wrong one",
                    "{\"version\":\"1.1\",\"short_message\":\"a wrong one\"}",
                ] {
                    let datagrams = Missile::Datagrams(vec![message.as_bytes().to_vec()]);
                    let _unanswered = datagrams.launch(&door, Some(&udp.to_string())).await;
                }
            }
        }
    }
}

/// Scenario: no credential, a wrong, a cut, a longer, an expired, a disabled one, one that may only look; listeners of which
/// nobody says whose they are, or whose credential has expired or is disabled; on each protocol, over UDP too.
/// Guarantees: nobody is let in, and nothing of them is in Kafka.
#[tokio::test]
async fn no_protocol_takes_a_wrong_credential() {
    let mut victim = Victim::start().await.unwrap();
    let file = victim.credentials();
    let reader = Wanted {
        tenant: &Tenant::new("honest").unwrap(),
        name: "reader",
        secret: WantedSecret::Token,
        expires: None,
        roles: vec!["read".to_owned()],
        may_choose: Vec::new(),
        from: Vec::new(),
    };
    let reads = create(&file, &reader).unwrap().token;
    let elsewhere =
        Wanted { name: "elsewhere", roles: Vec::new(), from: vec!["192.0.2.0/24".to_owned()], ..reader };
    let elsewhere = create(&file, &elsewhere).unwrap().token;
    let expired = credential(&file, "honest", "expired").unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text + "    expires: \"2020-01-01T00:00:00Z\"\n").unwrap();
    let disabled = credential(&file, "honest", "disabled").unwrap();
    revoke(&file, "disabled").unwrap();
    let good = credential(&file, "honest", "good").unwrap();
    let known = async || victim.post().bearer_auth(&good).body("").send().await.unwrap().status() == 400;
    eventually("the file is read again", Duration::from_secs(30), known).await.unwrap();

    let cut = good[..good.len() - 1].to_owned();
    let tokens = vec![
        String::new(),
        "fbt_wrong".to_owned(),
        cut,
        format!("{good}x"),
        good.to_uppercase(),
        expired,
        disabled,
        reads,
        elsewhere,
    ];
    each(&mut Wrong { victim: &victim, tokens }).await;
    // What was written to a connection that is closed is gone by the time that this one has been served.
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
    assert!(victim.refused_connections("no_tenant").await.unwrap() > 0.0);
}

struct Revoked<'a> {
    victim: &'a Victim,
    tokens: Vec<(&'static str, String)>,
}

impl Attack for Revoked<'_> {
    async fn on<D: Hostile>(&mut self) {
        let file = self.victim.credentials();
        let (_, token) = self.tokens.iter().find(|(name, _)| *name == D::PROTOCOL).unwrap();
        let mut client = D::connect(&door::<D>(self.victim, "mallory", token)).await;
        let before = [format!("before, by {}", D::PROTOCOL)];
        assert_eq!(timeout(PATIENCE, client.send(&before)).await.unwrap(), Heard::Success, "{}", D::PROTOCOL);
        let arrived = async || self.victim.stored().unwrap().iter().any(|one| one.body.contains(&before[0]));
        eventually("what came before is taken", PATIENCE, arrived).await.unwrap();

        let name =
            if D::LISTENER.is_some() { format!("{}_mallory", D::PROTOCOL) } else { D::PROTOCOL.to_owned() };
        revoke(&file, &name).unwrap();
        // On the connection that is open; what is sent until the file is read again may still be taken.
        let refused = async || {
            let heard = timeout(PATIENCE, client.send(&["meanwhile".to_owned()])).await;
            matches!(heard.expect("an answer or an end"), Heard::Refused(_) | Heard::Closed)
        };
        let ended = eventually("the open connection is refused", Duration::from_secs(30), refused).await;
        ended.unwrap_or_else(|error| panic!("{}: {error:#}", D::PROTOCOL));
        for _again in 0..3 {
            let heard = timeout(PATIENCE, client.send(&["afterwards".to_owned()])).await.unwrap();
            assert!(matches!(heard, Heard::Refused(_) | Heard::Closed), "{}: {heard:?}", D::PROTOCOL);
            assert!(is_refused::<D>(self.victim, "mallory", token, "afterwards").await, "{}", D::PROTOCOL);
        }
    }
}

/// Scenario: on each protocol somebody is connected and sends; then his credential is revoked.
/// Guarantees: the open connection is refused or ended within seconds, a new one isn't let in, and nothing of what either sends
/// afterwards is in Kafka.
#[tokio::test]
async fn every_protocol_lets_go_of_who_is_revoked() {
    let mut victim = Victim::start().await.unwrap();
    let file = victim.credentials();
    let token = |name: &&'static str| (*name, credential(&file, "mallory", name).unwrap());
    let tokens: Vec<(&str, String)> = NAMES.iter().map(token).collect();
    let last = tokens.last().unwrap().1.clone();
    let known = async || victim.post().bearer_auth(&last).body("").send().await.unwrap().status() == 400;
    eventually("the file is read again", Duration::from_secs(30), known).await.unwrap();
    each(&mut Revoked { victim: &victim, tokens }).await;
    victim.unharmed().await.unwrap();
    for one in victim.stored().unwrap() {
        assert!(!one.body.contains("afterwards"), "{one:?}");
        assert_eq!(one.tenant == "honest", one.body.contains("an honest line"), "{one:?}");
    }
}

/// Scenario: a stream of gRPC is open, and its credential is revoked.
/// Guarantees: it ends, and doesn't begin again.
#[tokio::test]
async fn a_stream_of_grpc_ends_when_it_is_revoked() {
    const STREAM: &str = "/forebay.v1.Ingest/Stream";
    let mut victim = Victim::start().await.unwrap();
    let file = victim.credentials();
    let token = credential(&file, "mallory", "mallory").unwrap();
    let known = async || victim.post().bearer_auth(&token).body("").send().await.unwrap().status() == 400;
    eventually("the file is read again", Duration::from_secs(30), known).await.unwrap();
    let client = Client::connect(victim.address, Some(&token)).await;
    let mut stream = client.stream(STREAM).await;
    let _window: v1::StreamResponse = stream.next().await.unwrap();
    revoke(&file, "mallory").unwrap();
    // It is told to come again, which it may try.
    while stream.next::<v1::StreamResponse>().await.is_some() {}
    assert_eq!(stream.ended().code, 14);
    let again = client.stream(STREAM).await;
    assert_eq!(again.ended().code, 7, "permission denied");
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
}
