//! Secrets of each kind in random text, and random text made of pieces that detectors care about.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::net::Ipv6Addr;
use std::sync::LazyLock;

use forebay_mask::{MaskConfig, Masker, Mode};
use proptest::prelude::*;

static MASK: LazyLock<Masker> = LazyLock::new(|| Masker::new(&MaskConfig::default()).unwrap());
static DROP: LazyLock<Masker> =
    LazyLock::new(|| Masker::new(&MaskConfig { mode: Mode::Drop, ..MaskConfig::default() }).unwrap());

fn mask(masker: &Masker, text: &str) -> String {
    let mut out = String::new();
    let tally = masker.mask(text, &mut masker.cache(), &mut out);
    assert_eq!(masker.finds(text, &mut masker.cache()), !tally.is_empty());
    if tally.is_empty() { text.to_owned() } else { out }
}

/// A number with its Luhn digit.
fn card(mut digits: Vec<u8>, separator: &str) -> String {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(*digit) * if place % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    digits.push(u8::try_from((10 - sum % 10) % 10).unwrap());
    let groups: Vec<String> =
        digits.chunks(4).map(|group| group.iter().map(|digit| char::from(b'0' + digit)).collect()).collect();
    groups.join(separator)
}

/// An IBAN with its check digits.
fn iban(country: &str, rest: &str) -> String {
    let number: String =
        format!("{rest}{country}00").chars().map(|char| char.to_digit(36).unwrap().to_string()).collect();
    let modulo = number.chars().fold(0, |sum, digit| (sum * 10 + digit.to_digit(10).unwrap()) % 97);
    format!("{country}{:02}{rest}", 98 - modulo)
}

fn secret() -> impl Strategy<Value = String> {
    let visa = (prop::collection::vec(0..10_u8, 14), prop::sample::select(vec!["", " ", "-"]));
    prop_oneof![
        "[a-z][a-z0-9._+]{0,20}[a-z0-9](@|%40)[a-z][a-z0-9]{1,12}\\.(com|de|museum|co\\.uk)",
        "(1[0-9]{2}|2[0-4][0-9]|[1-9][0-9])(\\.[1-9][0-9]?){3}",
        any::<[u8; 16]>().prop_map(|bytes| Ipv6Addr::from(bytes).to_string()),
        visa.prop_map(|(mut digits, separator)| {
            digits.insert(0, 4);
            card(digits, separator)
        }),
        "[0-9]{18}".prop_map(|rest| iban("DE", &rest)),
        "[A-Z]{4}[0-9]{14}".prop_map(|rest| iban("GB", &rest)),
        "\\+49 ?1[5-7][0-9] ?[0-9]{8}",
        "\\([2-9][0-9]{2}\\) [2-9][0-9]{2}-[0-9]{4}",
        "[1-5][0-9]{2}-[1-9][0-9]-[1-9][0-9]{3}",
        "eyJ[A-Za-z0-9_-]{20,40}\\.eyJ[A-Za-z0-9_-]{10,40}\\.[A-Za-z0-9_-]{20,43}",
        "(ghp|gho)_[A-Za-z0-9]{36}",
        "AKIA[A-Z2-7]{16}",
        "sk_live_[A-Za-z0-9]{24}",
        "xoxb-[0-9]{11}-[0-9]{11}-[A-Za-z0-9]{24}",
        "-----BEGIN RSA PRIVATE KEY-----\n[A-Za-z0-9+/]{64}\n[A-Za-z0-9+/]{10}==\n-----END RSA PRIVATE KEY-----",
    ]
}

/// What introduces a secret, the secret (any text without what would end it), and what ends it.
fn introduced() -> impl Strategy<Value = (String, String, String)> {
    let part = |text: &str| text.to_owned();
    prop_oneof![
        ("[ -!#-\\[\\]-~é]{6,40}").prop_map(move |secret| (part("\"password\":\""), secret, part("\""))),
        ("[!#-&(-+.-:=?-\\[^-_a-z]{6,30}").prop_map(move |secret| (
            part("password="),
            format!("Q{secret}q"),
            part(" ")
        )),
        ("[!#-&(-+.-:=?-\\[^-_a-z]{6,30}").prop_map(move |secret| (
            part("API_KEY: "),
            format!("Q{secret}q"),
            part("\n")
        )),
        ("[A-Za-z0-9%!:,-]{6,30}").prop_map(move |secret| (
            part("postgres://app:"),
            secret,
            part("@db.example/")
        )),
        ("[A-Za-z0-9._~-]{16,80}").prop_map(move |secret| (
            part("Authorization: Bearer "),
            secret,
            part("\r\n")
        )),
        ("[A-Za-z0-9]{6,30}").prop_map(move |secret| (part("{\\\"token\\\": \\\""), secret, part("\\\"}"))),
    ]
}

/// What stands on both sides; nothing for the ends of the text.
fn edge() -> impl Strategy<Value = (&'static str, &'static str)> {
    let edges = vec![(" ", " "), ("\n", "\n"), ("\"", "\""), ("<", ">"), (" (", ")"), ("ip=", ";"), ("", "")];
    prop::sample::select(edges)
}

/// Words that have nothing to do with it.
fn filler() -> impl Strategy<Value = String> {
    let words = vec![
        "request",
        "completed",
        "in",
        "12",
        "ms",
        "v1.2.3",
        "2026-07-28T08:12:34Z",
        "größer",
        "日本",
        "(x)",
        "a::b",
        "0x1f",
        "level=info",
        "\"n\":7,",
        "aa:bb:cc:dd:ee:ff",
        "550e8400-e29b-41d4-a716-446655440000",
        "foo@v1.2.3",
    ];
    prop::collection::vec(prop::sample::select(words), 0..6).prop_map(|words| words.join(" "))
}

/// Text of pieces that mean something to one detector or another.
fn soup() -> impl Strategy<Value = String> {
    let pieces = vec![
        "password",
        "=",
        ":",
        ": ",
        " ",
        "  ",
        "\"",
        "\\\"",
        "'",
        "{",
        "}",
        "[",
        "]",
        ",",
        ";",
        "&",
        "token",
        "secret",
        "key",
        "a@b.de",
        "@",
        "%40",
        ".",
        "-",
        "--",
        "4111111111111111",
        "4111 1111",
        "1.2.3.4",
        "1.2",
        "::1",
        ":",
        "fe80",
        "+4917012345678",
        "+1",
        "212-555-0123",
        "123-45-6789",
        "DE89370400440532013000",
        "eyJhbGciOiJIUzI1NiJ9",
        ".eyJzdWIiOiIxIn0",
        "Bearer ",
        "Basic ",
        "authorization",
        "dXNlcjpwYXNzd29yZA==",
        "http://u:",
        "://",
        "/",
        "@h",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "\n",
        "\\n",
        "é",
        "日",
        "x",
        "0",
        "12",
        "[email]",
        "[key_value]",
        "null",
        "***",
        "sk_live_abcdefghijklmnop1234",
        "<password>",
        "</",
        ">",
        "%3D",
        "%22",
        "hunter2",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_secret_is_gone_and_all_around_it_stays(
        before in filler(),
        secret in secret(),
        after in filler(),
        edge in edge(),
    ) {
        // At the ends of the text, or with an edge.
        let (before, after) = if edge.0.is_empty() { (String::new(), String::new()) } else { (before, after) };
        let (head, tail) = (format!("{before}{}", edge.0), format!("{}{after}", edge.1));
        let text = format!("{head}{secret}{tail}");
        let masked = mask(&MASK, &text);
        prop_assert!(!masked.contains(&secret), "{text} became {masked}");
        prop_assert!(masked.starts_with(&head) && masked.ends_with(&tail), "{text} became {masked}");
        let marker = &masked[head.len()..masked.len() - tail.len()];
        prop_assert!(marker.starts_with('[') && marker.ends_with(']') && marker.len() < 20, "{text} became {masked}");
    }

    #[test]
    fn an_introduced_secret_is_gone_and_all_around_it_stays(
        before in filler(),
        (start, secret, end) in introduced(),
        after in filler(),
    ) {
        prop_assume!(!secret.chars().all(|char| char == '*'));
        let (head, tail) = (format!("{before} {start}"), format!("{end}{after}"));
        let text = format!("{head}{secret}{tail}");
        let masked = mask(&MASK, &text);
        prop_assert!(!masked.contains(&secret), "{text} became {masked}");
        prop_assert!(masked.starts_with(&head) && masked.ends_with(&tail), "{text} became {masked}");
    }

    #[test]
    fn masking_again_changes_nothing(text in soup()) {
        let once = mask(&MASK, &text);
        prop_assert_eq!(mask(&MASK, &once), once.clone(), "{}", text);
    }

    #[test]
    fn dropping_again_changes_nothing(text in soup()) {
        let once = mask(&DROP, &text);
        prop_assert_eq!(mask(&DROP, &once), once.clone(), "{}", text);
    }

    #[test]
    fn any_text_is_survived(text in any::<String>(), bytes in any::<Vec<u8>>()) {
        let _masked = mask(&MASK, &text);
        let _found = MASK.finds(&bytes, &mut MASK.cache());
    }
}
