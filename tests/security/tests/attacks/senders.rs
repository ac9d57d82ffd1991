//! Credentials that aren't good, or no longer, on every protocol.

use std::path::Path;
use std::pin::Pin;

use forebay_operators::tokens::{Wanted, WantedSecret, create, revoke};
use forebay_proto::v1;
use forebay_record::Tenant;
use forebay_security::doors;
use forebay_security::victim::{PATIENCE, Victim, credential};
use forebay_settings::Period;
use forebay_testkit::eventually;
use futures_util::future::join_all;
use tokio::sync::Barrier;
use tokio::time::timeout;

use crate::call::Client;
use crate::driver::{Driver, Heard, Waiting};
use crate::missile::Missile;
use crate::protocols::{Attack, Hostile, NAMES, door, each};

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

/// Adds credentials that aren't good to the access file, and a good one. Gives their tokens, the good one's last.
fn wrong_ones(file: &Path) -> anyhow::Result<[String; 5]> {
    let reader = Wanted {
        tenant: &Tenant::new("honest")?,
        name: "reader",
        secret: WantedSecret::Token,
        expires: None,
        roles: vec!["read".to_owned()],
        may_choose: Vec::new(),
        from: Vec::new(),
    };
    let reads = create(file, &reader)?.token;
    let elsewhere =
        Wanted { name: "elsewhere", roles: Vec::new(), from: vec!["192.0.2.0/24".to_owned()], ..reader };
    let elsewhere = create(file, &elsewhere)?.token;
    let expired = credential(file, "honest", "expired")?;
    let text = std::fs::read_to_string(file)?;
    std::fs::write(file, text + "    expires: \"2020-01-01T00:00:00Z\"\n")?;
    let disabled = credential(file, "honest", "disabled")?;
    revoke(file, "disabled")?;
    Ok([expired, disabled, reads, elsewhere, credential(file, "honest", "good")?])
}

/// Scenario: no credential, a wrong, a cut, a longer, an expired, a disabled one, one that may only look; listeners of which
/// nobody says whose they are, or whose credential has expired or is disabled; on each protocol, over UDP too.
/// Guarantees: nobody is let in, and nothing of them is in Kafka.
#[tokio::test]
async fn no_protocol_takes_a_wrong_credential() {
    let mut issued = <[String; 5]>::default();
    let mut victim = Victim::start_with(|_, folder| {
        issued = wrong_ones(&folder.join("access.yaml"))?;
        Ok(())
    })
    .await
    .unwrap();
    let [expired, disabled, reads, elsewhere, good] = issued;
    let known = victim.post().bearer_auth(&good).body("").send().await.unwrap();
    assert_eq!(known.status(), 400, "the good one is let in");

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

/// Somebody of each protocol whose credential is revoked while he is connected.
struct Revoked<'a> {
    victim: &'a Victim,
    tokens: &'a [(&'static str, String)],
    /// All are connected, and have sent.
    before: &'a Barrier,
    /// All are revoked.
    after: &'a Barrier,
    all: Vec<Pin<Box<dyn Future<Output = ()> + 'a>>>,
}

impl Attack for Revoked<'_> {
    async fn on<D: Hostile>(&mut self) {
        let (_, token) = self.tokens.iter().find(|(name, _)| *name == D::PROTOCOL).unwrap();
        self.all.push(Box::pin(revoked::<D>(self.victim, token, self.before, self.after)));
    }
}

fn text_before(protocol: &str) -> String {
    format!("before, by {protocol}.")
}

/// What somebody sends on a connection that was there before others' credentials were revoked.
fn text_of_others(protocol: &str) -> String {
    format!("an honest line after it, by {protocol}.")
}

async fn revoked<D: Hostile>(victim: &Victim, token: &str, before: &Barrier, after: &Barrier) {
    let mut client = D::connect(&door::<D>(victim, "mallory", token)).await;
    let heard = timeout(PATIENCE, client.send(&[text_before(D::PROTOCOL)])).await.unwrap();
    assert_eq!(heard, Heard::Success, "{}", D::PROTOCOL);
    let mut other = D::connect(&door::<D>(victim, "honest", &victim.token)).await;
    let heard = timeout(PATIENCE, other.send(&["an honest line before".to_owned()])).await.unwrap();
    assert_eq!(heard, Heard::Success, "{}", D::PROTOCOL);
    let _last = before.wait().await;
    let _last = after.wait().await;
    // On the connection that is open; what is sent until the file is read again may still be taken.
    let refused = async || {
        let heard = timeout(PATIENCE, client.send(&["meanwhile".to_owned()])).await;
        matches!(heard.expect("an answer or an end"), Heard::Refused(_) | Heard::Closed)
    };
    let ended = eventually("the open connection is refused", PATIENCE, refused).await;
    ended.unwrap_or_else(|error| panic!("{}: {error:#}", D::PROTOCOL));
    for _again in 0..3 {
        let heard = timeout(PATIENCE, client.send(&["afterwards".to_owned()])).await.unwrap();
        assert!(matches!(heard, Heard::Refused(_) | Heard::Closed), "{}: {heard:?}", D::PROTOCOL);
        assert!(is_refused::<D>(victim, "mallory", token, "afterwards").await, "{}", D::PROTOCOL);
    }
    let heard = timeout(PATIENCE, other.send(&[text_of_others(D::PROTOCOL)])).await.unwrap();
    assert_eq!(
        heard,
        Heard::Success,
        "{} is revoked, and the connection of somebody else ended",
        D::PROTOCOL
    );
}

/// Revokes all of mallory's at once: whoever is closed is revoked by then.
fn revoke_all(file: &Path) {
    let next = file.with_extension("next");
    let _len = std::fs::copy(file, &next).unwrap();
    let has_listener = |name: &&&str| doors::PROTOCOLS.iter().any(|(listener, ..)| *listener == **name);
    let listeners = NAMES.iter().filter(has_listener).map(|name| format!("{name}_mallory"));
    for name in NAMES.iter().map(|&name| name.to_owned()).chain(listeners) {
        revoke(&next, &name).unwrap();
    }
    std::fs::rename(next, file).unwrap();
}

/// Lets all of them in, revokes them, and waits until each has come to nothing.
async fn let_in_and_revoke(victim: &Victim, tokens: &[(&'static str, String)]) {
    let (before, after) = (Barrier::new(NAMES.len() + 1), Barrier::new(NAMES.len() + 1));
    let all = Vec::new();
    let mut revoked = Revoked { victim, tokens, before: &before, after: &after, all };
    each(&mut revoked).await;
    let revoking = async {
        let _last = before.wait().await;
        let arrived = async || {
            let stored = victim.stored().unwrap();
            NAMES.iter().all(|name| stored.iter().any(|one| one.body.contains(&text_before(name))))
        };
        eventually("what came before is taken", PATIENCE, arrived).await.unwrap();
        revoke_all(&victim.credentials());
        let _last = after.wait().await;
    };
    let _all_done = tokio::join!(revoking, join_all(revoked.all));
    let arrived = async || {
        let stored = victim.stored().unwrap();
        NAMES.iter().all(|name| stored.iter().any(|one| one.body.contains(&text_of_others(name))))
    };
    eventually("what others send on their open connections is taken", PATIENCE, arrived).await.unwrap();
}

/// Scenario: on each protocol somebody is connected and sends, and so is somebody else; then the credential of the first is revoked.
/// Guarantees: the open connection is refused or ended within seconds, a new one isn't let in, and nothing of what either sends
/// afterwards is in Kafka. Nobody else notices: what he sends on his open connection arrives.
#[tokio::test]
async fn every_protocol_lets_go_of_who_is_revoked() {
    let mut tokens = Vec::new();
    let mut victim = Victim::start_with(|settings, folder| {
        // Nobody's connection ends for being idle meanwhile.
        settings.ingest.read_timeout = Period::from_secs(120);
        for name in NAMES {
            tokens.push((*name, credential(&folder.join("access.yaml"), "mallory", name)?));
        }
        Ok(())
    })
    .await
    .unwrap();
    let_in_and_revoke(&victim, &tokens).await;
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
    let (mut victim, token) = Victim::start_for_mallory().await.unwrap();
    let client = Client::connect(victim.address, Some(&token)).await;
    let mut stream = client.stream(STREAM).await;
    let _window: v1::StreamResponse = stream.next().await.unwrap();
    revoke(&victim.credentials(), "mallory").unwrap();
    // It is told to come again, which it may try.
    while stream.next::<v1::StreamResponse>().await.is_some() {}
    assert_eq!(stream.ended().code, 14);
    let again = client.stream(STREAM).await;
    assert_eq!(again.ended().code, 7, "permission denied");
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
}
