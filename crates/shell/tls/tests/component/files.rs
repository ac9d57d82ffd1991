//! Files that are wrong, each in its way.

use std::time::SystemTime;

use forebay_settings::sections::ClientCertificates;
use forebay_tls::ServerTls;
use rcgen::{ExtendedKeyUsagePurpose, KeyPair};

use crate::authority::{Authority, DAY};
use crate::harness::Files;

/// The problems with files, without their folder.
fn problems(files: &Files) -> Vec<String> {
    let folder = format!("{}/", files.folder.path().display());
    match ServerTls::check(&files.settings) {
        Ok(_) => Vec::new(),
        Err(error) => error.to_string().lines().map(|line| line.replace(&folder, "")).collect(),
    }
}

fn warnings(files: &Files) -> Vec<String> {
    ServerTls::check(&files.settings).unwrap().iter().map(|warning| warning.what.clone()).collect()
}

/// Guarantees: each file is named with what is wrong, and what to do; no message has a key in it.
#[test]
fn what_is_wrong_is_said() {
    let authority = Authority::new("ca");
    let good = authority.server(|_| {});
    let between = authority.intermediate("between");
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let old_style =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let other_key = KeyPair::generate().unwrap().serialize_pem();
    let expired = authority.server(|params| params.not_after = (SystemTime::now() - DAY).into());
    let early = authority.server(|params| params.not_before = (SystemTime::now() + DAY).into());
    let clients_own =
        authority.server(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    let (behind, chain) = (authority.pem() + &good.certificate, between.pem());
    let unreadable = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let two_keys = format!("{}{other_key}", good.key);
    let cases: [(&str, &str, &str); 16] = [
        ("", &good.key, "server.pem: there is no certificate in it; put"),
        (
            &good.key,
            &good.key,
            "server.pem: there is a private key in it and no certificate; are the two files swapped?",
        ),
        ("0\u{5}", &good.key, "server.pem: it is DER, not PEM; convert it: `openssl x509"),
        (unreadable, &good.key, "server.pem: the first certificate in it can't be read"),
        ("-----BEGIN CERTIFICATE-----\nAAAA", &good.key, "server.pem: it is no valid PEM"),
        (&good.certificate, "", "server.key: there is no private key in it; put"),
        (&good.certificate, &good.certificate, "server.key: there is a certificate in it and no private key"),
        (&good.certificate, encrypted, "server.key: the private key is encrypted; decrypt it: `openssl pkey"),
        (&good.certificate, old_style, "server.key: the private key is encrypted"),
        (&good.certificate, &two_keys, "server.key: there are 2 private keys in it"),
        (
            &good.certificate,
            &other_key,
            "server.key: the private key is not the one of the certificate in server.pem",
        ),
        (
            &behind,
            &good.key,
            "server.pem: the second certificate in it is the one of the key; put that one first",
        ),
        (&chain, &good.key, "server.pem: the first certificate in it is an authority's"),
        (&expired.certificate, &expired.key, "server.pem: the certificate expired at 20"),
        (&early.certificate, &early.key, "server.pem: the certificate isn't valid before 20"),
        (&clients_own.certificate, &clients_own.key, "server.pem: the certificate isn't meant for servers"),
    ];
    let files = Files::new(&good);
    for (certificate, key, expected) in cases {
        let _paths = (files.write("server.pem", certificate), files.write("server.key", key));
        let problems = problems(&files);
        assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{expected}: {problems:?}");
        let secret = |key: &str| key.lines().nth(1).is_some_and(|line| problems.concat().contains(line));
        assert!(![&good.key, &other_key].into_iter().any(|key| secret(key)));
        assert!(ServerTls::load(&files.settings, &[]).is_err());
    }
    files.put(&good);
    assert_eq!(problems(&files), Vec::<String>::new());
}

/// Guarantees: all that is wrong is said at once, and nothing is opened that could hang.
#[test]
fn all_at_once() {
    let authority = Authority::new("ca");
    let leaf = authority.server(|_| {});
    let mut files =
        Files::new(&leaf).asking(ClientCertificates::Required, &[&authority]).with_revocations("no list");
    files.settings.certificate_file = Some(files.folder.path().join("not-there.pem"));
    files.settings.key_file = Some(files.folder.path().to_path_buf());
    let _path = files.write("clients.pem", &leaf.certificate);
    let problems = problems(&files);
    assert_eq!(problems.len(), 5, "{problems:#?}");
    assert!(problems[0].starts_with("not-there.pem: it can't be read: No such file"), "{problems:?}");
    assert!(problems[1].contains("it is no regular file"), "{problems:?}");
    assert!(
        problems[2].starts_with("clients.pem: the first certificate in it, of ``, is not an authority's")
    );
    assert!(problems[3].starts_with("clients.pem: there is no authority in it that can be used"));
    assert!(problems[4].starts_with("clients.crl: there is no list of revocations in it"), "{problems:?}");
}

/// Guarantees: what is merely doubtful is said, and lets the files be used.
#[test]
fn what_is_doubtful_is_said() {
    let authority = Authority::new("ca");
    let leaf = authority.server(|_| {});
    let files = Files::new(&leaf);
    assert_eq!(warnings(&files), Vec::<String>::new());
    let other = Authority::new("other");
    let _path = files.write("server.pem", leaf.certificate.clone() + &other.pem());
    assert!(warnings(&files)[0].contains("signed by `CN=ca`, and the next one is of `CN=other`"));
    files.put(&authority.server(|params| params.subject_alt_names.clear()));
    assert!(warnings(&files)[0].contains("no alternative names"));

    let old = Authority::until("old", SystemTime::now() - DAY);
    let files = Files::new(&leaf).asking(ClientCertificates::Required, &[&authority, &old]);
    assert!(warnings(&files)[0].contains("the authority `CN=old` expired at"));
    let files = Files::new(&leaf).asking(ClientCertificates::Required, &[&old]);
    assert!(
        ServerTls::check(&files.settings)
            .unwrap_err()
            .to_string()
            .contains("no authority in it that can be used")
    );
}
