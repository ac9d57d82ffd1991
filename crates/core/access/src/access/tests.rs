use std::time::Duration;

use super::*;
use crate::guesses::Marker;
use crate::read::read;

/// A hash that is made in no time; the password is `pw`.
fn cheap() -> String {
    use argon2::password_hash::{PasswordHasher, SaltString};
    let params = argon2::Params::new(8, 1, 1, None).unwrap();
    let argon = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    argon.hash_password(b"pw", &SaltString::encode_b64(&[7; 16]).unwrap()).unwrap().to_string()
}

fn access() -> Access {
    let hash = |token: &str| TokenHash::of(token.as_bytes()).to_text();
    let text = format!(
        "
tenants: {{acme: , umbrella: , hooli: }}
credentials:
  - {{name: web, tenant: acme, token: \"{web}\", key_id: web-1}}
  - {{name: off, tenant: acme, token: \"{off}\", disabled: true}}
  - {{name: old, tenant: acme, token: \"{old}\", expires: 2026-01-01T00:00:00Z}}
  - {{name: near, tenant: acme, token: \"{near}\", from: [10.0.0.0/8, 192.0.2.1]}}
  - {{name: reader, tenant: acme, token: \"{reader}\", roles: [read, admin]}}
  - {{name: some, tenant: acme, token: \"{some}\", may_choose: [umbrella]}}
  - {{name: all, tenant: acme, token: \"{all}\", may_choose: [\"*\"]}}
  - {{name: ann, tenant: acme, password: {{user: ann, argon2id: \"{cheap}\"}}}}
  - {{name: bob, tenant: acme, password: {{user: bob, argon2id: \"{cheap}\"}}, disabled: true}}
  - {{name: edge, tenant: umbrella, certificate: {{dns: Edge.Example}}}}
  - {{name: spiffe, tenant: hooli, certificate: {{uri: \"spiffe://x/y\"}}}}
  - {{name: cn, tenant: acme, certificate: {{subject: \"CN=edge,O=Acme\"}}}}
  - {{name: hose, tenant: umbrella, access_key: {{id: AKID, secret: wJalrXUtn}}}}
  - {{name: keyhose, tenant: umbrella, token: \"{id}\"}}
  - {{name: lan, tenant: acme, network: 10.0.0.0/8}}
  - {{name: rack, tenant: umbrella, network: 10.7.0.0/16}}
  - {{name: rack syslog, tenant: hooli, network: 10.7.0.0/16, listener: syslog}}
  - {{name: syslog, tenant: hooli, listener: syslog}}
",
        web = hash("fbt_web"),
        off = hash("fbt_off"),
        old = hash("fbt_old"),
        near = hash("fbt_near"),
        reader = hash("fbt_reader"),
        some = hash("fbt_some"),
        all = hash("fbt_all"),
        id = hash("a-long-random-id"),
        cheap = cheap(),
    );
    read(&text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn caller(address: &str) -> Caller<'static> {
    Caller { address: address.parse().ok(), listener: "http" }
}

fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn name(answer: Result<Answer, Denial>) -> Result<String, Denial> {
    match answer? {
        Answer::Granted(grant) => Ok(grant.name.to_string()),
        Answer::Password(_) => Ok("(password)".to_owned()),
    }
}

fn ask(claim: Claim<'_>) -> Result<String, Denial> {
    name(access().check(&claim, &caller("10.1.1.1"), Role::Send, noon()))
}

#[test]
fn a_token_opens_its_door_whatever_carries_it() {
    assert_eq!(ask(Claim::Token(b"fbt_web")).as_deref(), Ok("web"));
    assert_eq!(ask(Claim::ApiKey { id: "web-1", key: b"fbt_web" }).as_deref(), Ok("web"));
    assert_eq!(ask(Claim::ApiKey { id: "web-2", key: b"fbt_web" }), Err(Denial::Unknown));
    assert_eq!(ask(Claim::ApiKey { id: "anything", key: b"fbt_some" }).as_deref(), Ok("some"));
    assert_eq!(ask(Claim::Basic { user: "whoever", password: b"fbt_web" }).as_deref(), Ok("web"));
    for wrong in [&b""[..], b"fbt_we", b"fbt_webb", &[b'x'; 5_000]] {
        assert_eq!(ask(Claim::Token(wrong)), Err(Denial::Unknown));
    }
}

#[test]
fn a_door_can_be_shut() {
    assert_eq!(ask(Claim::Token(b"fbt_off")), Err(Denial::Disabled));
    assert_eq!(ask(Claim::Token(b"fbt_old")), Err(Denial::Expired));
    assert_eq!(ask(Claim::Token(b"fbt_reader")), Err(Denial::Role("send")));
    let access = access();
    let near =
        |caller: Caller<'_>| name(access.check(&Claim::Token(b"fbt_near"), &caller, Role::Send, noon()));
    assert!(near(caller("10.200.0.1")).is_ok() && near(caller("::ffff:192.0.2.1")).is_ok());
    assert_eq!(near(caller("192.0.2.2")), Err(Denial::Address));
    assert_eq!(near(Caller { address: None, listener: "unix" }), Err(Denial::Address));
    let admin = access.check(&Claim::Token(b"fbt_reader"), &caller("::1"), Role::Admin, noon());
    assert_eq!(name(admin).as_deref(), Ok("reader"));
}

/// Guarantees: a tenant is the credential's, unless it may choose; then it is one of those that it may choose.
#[test]
fn a_tenant_can_not_be_claimed_by_who_may_not_choose() {
    let access = access();
    let choose = |token: &[u8], named| {
        let Ok(Answer::Granted(grant)) =
            access.check(&Claim::Token(token), &caller("10.1.1.1"), Role::Send, noon())
        else {
            panic!("not granted")
        };
        access.choose(&grant, named).map(|tenant| tenant.to_string())
    };
    assert_eq!(choose(b"fbt_web", None).as_deref(), Ok("acme"));
    assert_eq!(choose(b"fbt_web", Some("acme")).as_deref(), Ok("acme"));
    assert_eq!(choose(b"fbt_web", Some("umbrella")), Err(Denial::Tenant));
    assert_eq!(choose(b"fbt_some", Some("umbrella")).as_deref(), Ok("umbrella"));
    assert_eq!(choose(b"fbt_some", Some("hooli")), Err(Denial::Tenant));
    assert_eq!(choose(b"fbt_all", Some("hooli")).as_deref(), Ok("hooli"));
    assert_eq!(choose(b"fbt_all", Some("nobody")), Err(Denial::NoSuchTenant));
    assert_eq!(choose(b"fbt_all", Some("../x")), Err(Denial::NoSuchTenant));
}

/// Guarantees: whether a user exists, or is shut out, is told only to who has his password.
#[test]
fn a_password_is_checked_before_anything_is_told() {
    let access = access();
    let challenge = |user| {
        let claim = Claim::Basic { user, password: b"pw" };
        match access.check(&claim, &caller("10.1.1.1"), Role::Send, noon()) {
            Ok(Answer::Password(challenge)) => challenge,
            other => panic!("{other:?}"),
        }
    };
    let (ann, bob, nobody) = (challenge("ann"), challenge("bob"), challenge("nobody"));
    assert!(ann.verify(b"pw") && !ann.verify(b"wp") && bob.verify(b"pw"));
    let marker = Marker::new([3; 32]);
    let mark = marker.of_password(&ann, b"pw");
    assert!(mark == marker.of_password(&challenge("ann"), b"pw") && mark != marker.of_password(&bob, b"pw"));
    assert_eq!(ann.passed().unwrap().name.as_ref(), "ann");
    assert_eq!(bob.passed(), Err(Denial::Disabled));
    assert_eq!(nobody.passed(), Err(Denial::Unknown));
}

#[test]
fn a_certificate_is_found_by_a_name_in_it() {
    let names =
        PeerNames { dns: vec!["other".to_owned(), "edge.EXAMPLE".to_owned()], ..PeerNames::default() };
    assert_eq!(ask(Claim::Certificate(&names)).as_deref(), Ok("edge"));
    let names = PeerNames { uris: vec!["spiffe://x/y".to_owned()], ..names };
    assert_eq!(ask(Claim::Certificate(&names)).as_deref(), Ok("spiffe"));
    let names = PeerNames { subject: "CN=edge,O=Acme".to_owned(), ..PeerNames::default() };
    assert_eq!(ask(Claim::Certificate(&names)).as_deref(), Ok("cn"));
    let names = PeerNames { common_name: Some("Edge.Example".to_owned()), ..PeerNames::default() };
    assert_eq!(ask(Claim::Certificate(&names)), Err(Denial::Unknown), "a common name is no DNS name");
}

/// Guarantees: an id that signs has to be signed with; an id alone counts only where it is the secret.
#[test]
fn an_access_key_has_to_be_proved() {
    let right = |secret: &[u8]| secret == b"wJalrXUtn";
    let signed = |id, proves| ask(Claim::AccessKey { id, proves });
    assert_eq!(signed("AKID", Some(&right)).as_deref(), Ok("hose"));
    assert_eq!(signed("AKID", Some(&|_| false)), Err(Denial::Unknown));
    assert_eq!(signed("AKID", None), Err(Denial::Unknown));
    assert_eq!(signed("a-long-random-id", None).as_deref(), Ok("keyhose"));
    assert_eq!(signed("a-long-random-id", Some(&|_| false)).as_deref(), Ok("keyhose"));
    assert_eq!(signed("another", Some(&|_| true)), Err(Denial::Unknown));
}

#[test]
fn who_shows_nothing_is_known_by_his_place() {
    let access = access();
    let at = |address: &str, listener| {
        let caller = Caller { address: address.parse().ok(), listener };
        name(access.check(&Claim::Nothing, &caller, Role::Send, noon()))
    };
    assert_eq!(at("10.1.1.1", "http").as_deref(), Ok("lan"));
    assert_eq!(at("10.7.1.1", "http").as_deref(), Ok("rack"));
    assert_eq!(at("10.7.1.1", "syslog").as_deref(), Ok("rack syslog"));
    assert_eq!(at("10.1.1.1", "syslog").as_deref(), Ok("lan"), "a network says more than a listener");
    assert_eq!(at("192.0.2.1", "syslog").as_deref(), Ok("syslog"));
    assert_eq!(at("(none)", "syslog").as_deref(), Ok("syslog"));
    assert_eq!(at("192.0.2.1", "http"), Err(Denial::Unknown));
}

/// Scenario: somebody was let in by one of two credentials; then other versions of the file are in force, or his time is over.
/// Guarantees: he stays whatever happens to the other one, and no longer when his own is gone, switched off, written otherwise, or over.
#[test]
fn who_was_let_in_stays_as_long_as_his_own_credential() {
    let of = |credentials: &[&str]| read(&format!("credentials:\n{}", credentials.concat())).unwrap();
    let his = "  - {name: a, tenant: acme, listener: a, expires: 2026-12-01T00:00:00Z}\n";
    let (other, more) =
        ("  - {name: b, tenant: acme, listener: b}\n", "  - {name: c, tenant: umbrella, listener: c}\n");
    let at = |listener| Caller { address: None, listener };
    let stamp =
        |access: &Access, listener| match access.check(&Claim::Nothing, &at(listener), Role::Send, noon()) {
            Ok(Answer::Granted(grant)) => grant.stamp,
            answer => panic!("{answer:?}"),
        };
    let before = of(&[his, other]);
    let (mine, others) = (stamp(&before, "a"), stamp(&before, "b"));
    let off = other.replace("listener: b", "listener: b, disabled: true");
    for newer in [&[his, other][..], &[other, his], &[his, other, more], &[his], &[his, off.as_str()]] {
        let newer = of(newer);
        assert!(newer.keeps(mine, noon()), "{newer:?}");
        assert_eq!(newer.keeps(others, noon()), newer.list().any(|one| one.name == "b" && !one.disabled));
    }
    for taken in [
        String::new(),
        his.replace("listener: a", "listener: a, disabled: true"),
        his.replace("acme", "umbrella"),
        his.replace("listener: a", "listener: z"),
        his.replace("listener: a", "listener: a, roles: [read]"),
        his.replace("2026-12-01", "2027-12-01"),
    ] {
        assert!(!of(&[taken.as_str(), other]).keeps(mine, noon()), "{taken}");
        assert!(of(&[taken.as_str(), other]).keeps(others, noon()), "{taken}");
    }
    let end: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    assert!(before.keeps(mine, end - Duration::from_secs(1)));
    assert!(!before.keeps(mine, end) && before.keeps(others, end));
}

#[test]
fn a_shared_key_belongs_to_a_host_or_a_user() {
    let access = read(
        "credentials:
  - {name: any, tenant: acme, forward: {shared_key: key-of-all}}
  - {name: host, tenant: umbrella, forward: {shared_key: key-of-host, hostname: h1}}
  - {name: user, tenant: hooli, forward: {shared_key: key-of-all, user: ann, password: pw}}
",
    )
    .unwrap();
    assert_eq!(access.asks_forward(), (true, true));
    let ask = |hostname, user, key: &[u8], password: &[u8]| {
        let (proves_key, proves_password) = (|known: &[u8]| known == key, |known: &[u8]| known == password);
        let shown = Forward { hostname, user, proves_key: &proves_key, proves_password: &proves_password };
        let found = access.forward(&shown, &caller("10.1.1.1"), noon())?;
        assert_eq!(found.1.expose(), key);
        Ok::<_, Denial>(found.0.name.to_string())
    };
    assert_eq!(ask("h2", "", b"key-of-all", b"").as_deref(), Ok("any"));
    assert_eq!(ask("h1", "", b"key-of-host", b"").as_deref(), Ok("host"));
    assert_eq!(ask("h2", "", b"key-of-host", b""), Err(Denial::Unknown));
    assert_eq!(ask("h2", "ann", b"key-of-all", b"pw").as_deref(), Ok("user"));
    assert_eq!(ask("h2", "", b"", b""), Err(Denial::Unknown));
    let nothing = |_: &[u8]| false;
    let is_named = |hostname, user| {
        access.names_forward(&Forward { hostname, user, proves_key: &nothing, proves_password: &nothing })
    };
    assert!(is_named("h1", "") && is_named("h2", "ann"));
    assert!(
        !is_named("h2", "") && !is_named("h1", "bob") && !is_named("ann", ""),
        "who shows a user goes by that"
    );
}
