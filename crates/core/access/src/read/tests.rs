use super::*;
use crate::quota::Limits;
use crate::secret::TokenHash;

fn wrong(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn an_empty_file_lets_nobody_in() {
    for text in ["", "\n", "# nothing\n", "credentials: []\n", "credentials:\n"] {
        assert_eq!(read(text).unwrap().list().len(), 0, "{text:?}");
    }
}

#[test]
fn tenants_say_what_the_defaults_do_not() {
    let text = "
defaults: {events_per_second: 100, burst: 2s}
tenants:
  acme: {bytes_per_second: 20MiB, bytes_per_day: 5GB, weight: 3}
  umbrella:
  hooli: {events_per_second: 7, burst: 1m}
";
    let access = read(text).unwrap();
    let of = |name: &str| access.tenants()[&Tenant::new(name).unwrap()];
    let rest = Limits { events_per_second: Some(100), burst: Duration::from_secs(2), ..Limits::default() };
    let bytes = (Some(20 << 20), Some(5_000_000_000));
    assert_eq!(of("acme"), Limits { bytes_per_second: bytes.0, bytes_per_day: bytes.1, weight: 3, ..rest });
    assert_eq!(of("umbrella"), rest);
    assert_eq!((of("hooli").events_per_second, of("hooli").burst.as_secs()), (Some(7), 60));
}

#[test]
fn without_a_list_of_tenants_credentials_make_them() {
    let hash = TokenHash::of(b"x").to_text();
    let text = format!(
        "defaults: {{weight: 5}}\ncredentials:\n  - {{name: a, tenant: acme, may_choose: [hooli], token: \"{hash}\"}}\n"
    );
    let access = read(&text).unwrap();
    let names: Vec<&str> = access.tenants().keys().map(Tenant::as_str).collect();
    assert_eq!(names, ["acme", "hooli"]);
    assert!(access.tenants().values().all(|limits| limits.weight == 5));
}

/// Scenario: a file with a mistake of every kind.
/// Guarantees: all are told at once, each with its place and remedy, and no secret is.
#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let hash = TokenHash::of(b"x").to_text();
    let text = format!(
        "\
tenants:
  acme: {{events_per_second: 0, bytes_per_day: 5}}
  Umbrella: {{burst: 3 days}}
credentials:
  - {{name: a, tenant: amce, token: \"{hash}\", expires: tomorrow}}
  - {{name: a, tenant: acme, token: fbt_hush}}
  - {{name: b, tenant: acme}}
  - {{name: c, tenant: acme, network: 10.1.2.3/8}}
  - {{name: d, tenant: acme, listener: syslog, forward: {{shared_key: hush}}}}
  - {{name: e, tenant: acme, tokn: fbt_hush}}
  - {{name: f, tenant: acme, password: {{user: \"a:b\", argon2id: hush}}}}
  - {{name: g, tenant: acme, certificate: {{dns: a, uri: b}}, roles: [rule]}}
  - {{name: h, tenant: acme, access_key: {{id: AK, secret: hush}}}}
"
    );
    let told = wrong(&text);
    for part in [
        "2:29: tenants.acme.events_per_second: 0 is out of range",
        "3:3: `Umbrella` can't be a tenant's name",
        "5:5: `tenant`: there is no tenant `amce`; did you mean `acme`?",
        "5:5: `expires` must be a time",
        "6:5: the name `a` stands above already",
        "6:5: `token` must be `sha256:` and 64 hexadecimal digits",
        "7:5: nothing says how it is shown",
        "8:5: `network`: `10.1.2.3/8` has bits behind its prefix",
        "9:5: it has both `forward` and `listener`",
        "there is no key `tokn` here; did you mean `token`?",
        "11:5: `password.argon2id`: write the hash as",
        "11:5: `user` must not be empty or have a colon in it",
        "`rule` is not known here",
        "13:5: `access_key` needs an `id`",
    ] {
        assert!(told.contains(part), "{part}\n---\n{told}");
    }
    assert!(!told.contains("hush") && !told.contains(&hash), "{told}");
}

#[test]
fn what_belongs_to_one_belongs_to_no_other() {
    let hash = TokenHash::of(b"x").to_text();
    let two = |key: &str| {
        format!("credentials:\n  - {{name: a, tenant: acme, {key}}}\n  - {{name: b, tenant: acme, {key}}}\n")
    };
    for (key, told) in [
        (format!("token: \"{hash}\""), "the same token belongs to `a` above"),
        ("certificate: {dns: x}".to_owned(), "the same name in a certificate belongs to `a` above"),
        ("access_key: {id: x, secret: 12345678}".to_owned(), "it is the number"),
        ("access_key: {id: x, secret: long-enough}".to_owned(), "the same id of an access key"),
        ("network: 10.0.0.0/8".to_owned(), "the network 10.0.0.0/8 stands above already"),
        ("network: 10.0.0.0/8, listener: x".to_owned(), "the network 10.0.0.0/8 stands above already"),
        ("listener: x".to_owned(), "the same listener belongs to `a` above"),
    ] {
        assert!(wrong(&two(&key)).contains(told), "{key}: {}", wrong(&two(&key)));
    }
}

#[test]
fn shared_keys_that_everybody_may_try_are_few() {
    let mut text = "credentials:\n".to_owned();
    for n in 0..65 {
        text.push_str(&format!(
            "  - {{name: k{n}, tenant: acme, forward: {{shared_key: key-number-{n}}}}}\n"
        ));
    }
    assert!(
        wrong(&text).contains("66:5: there are more than 64 shared keys for anybody"),
        "{}",
        wrong(&text)
    );
    assert!(read(&text.replace("-64}", "-64, hostname: h}")).is_ok());
}
