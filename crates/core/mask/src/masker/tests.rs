use std::collections::BTreeMap;

use serde_json::json;

use super::{MaskCache, MaskConfig, MaskError, Masker};
use crate::config::{CustomDetector, HashKey, Mode};
use crate::detector::Detector;
use crate::tally::Tally;

fn masked(config: &MaskConfig, text: &str) -> (String, Tally) {
    let masker = Masker::new(config).unwrap();
    let mut out = String::new();
    let tally = masker.mask(text, &mut masker.cache(), &mut out);
    (out, tally)
}

/// Only these, so that the table is built quickly.
fn only(detectors: &[Detector], mode: Mode) -> MaskConfig {
    MaskConfig { detectors: detectors.to_vec(), mode, ..MaskConfig::default() }
}

fn custom(name: &str, pattern: &str) -> CustomDetector {
    CustomDetector { name: name.to_owned(), pattern: pattern.to_owned(), mode: None }
}

#[test]
fn each_mode_leaves_what_it_says() {
    let mut config = only(&[Detector::Card, Detector::Email], Mode::Mask);
    let text = "card 4111 1111 1111 1111 of jane@example.com";
    assert_eq!(masked(&config, text).0, "card [card] of [email]");
    config.mode = Mode::Drop;
    assert_eq!(masked(&config, text).0, "card  of ");
    config.modes = BTreeMap::from([(Detector::Card, Mode::KeepLast(4))]);
    assert_eq!(masked(&config, text).0, "card [card:*1111] of ");
    config.hash_key = Some(HashKey::new("0123456789abcdef").unwrap());
    config.mode = Mode::Hash;
    let (once, tally) = masked(&config, text);
    let hash =
        once.strip_prefix("card [card:*1111] of [email:").and_then(|rest| rest.strip_suffix(']')).unwrap();
    assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{once}");
    assert_eq!(masked(&config, text).0, once);
    assert_eq!((tally.of(Detector::Card), tally.of(Detector::Email), tally.total()), (1, 1, 2));
    config.hash_key = Some(HashKey::new("another key of sixteen").unwrap());
    assert_ne!(masked(&config, text).0, once);
}

#[test]
fn the_last_characters_are_never_more_than_half() {
    let config = only(&[Detector::KeyValue], Mode::KeepLast(10));
    assert_eq!(masked(&config, r#"password="abcd""#).0, r#"password="[key_value:*cd]""#);
    assert_eq!(masked(&config, "password=a").0, "password=[key_value:*]");
}

#[test]
fn nothing_is_written_where_nothing_is_found() {
    let masker = Masker::new(&only(&[Detector::Email], Mode::Mask)).unwrap();
    let mut out = "before ".to_owned();
    let mut cache = masker.cache();
    assert!(masker.mask("nothing here", &mut cache, &mut out).is_empty());
    assert_eq!(out, "before ");
    assert_eq!(masker.mask("a@b.de", &mut cache, &mut out).total(), 1);
    assert_eq!(out, "before [email]");
}

#[test]
fn json_stays_json() {
    let config = only(&[Detector::KeyValue], Mode::Mask);
    for mode in [Mode::Mask, Mode::Drop] {
        let config = MaskConfig { mode, ..config.clone() };
        let text = r#"{"password":12,"secret":true,"apiKey":["a",{"b":"c]"}],"m":"{\"token\":17,\"x\":\"y\"}","n":1}"#;
        let (out, tally) = masked(&config, text);
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(value["n"], 1, "{out}");
        let inner: serde_json::Value = serde_json::from_str(value["m"].as_str().unwrap()).unwrap();
        assert_eq!(inner["x"], "y", "{out}");
        assert_eq!(tally.total(), 3, "{out}");
    }
}

#[test]
fn a_dropped_word_is_not_replaced_by_the_next_one() {
    let config = only(&[Detector::KeyValue], Mode::Drop);
    assert_eq!(masked(&config, "password: hunter2 user: bob").0, "password: \"\" user: bob");
    assert_eq!(masked(&config, "password=hunter2 user=bob").0, "password= user=bob");
}

#[test]
fn what_comes_together_by_dropping_is_dropped_too() {
    let mut config = only(&[Detector::Ipv4], Mode::Drop);
    config.custom = vec![custom("x", "<[a-z]+>")];
    let (out, tally) = masked(&config, "at 192.0<x>.2.1 now");
    assert_eq!((out.as_str(), tally.of_custom(0), tally.of(Detector::Ipv4)), ("at  now", 1, 1));
}

#[test]
fn a_number_with_blanks_behind_a_name_is_masked_whole() {
    let config = only(&[Detector::KeyValue, Detector::Card, Detector::Iban, Detector::ApiKey], Mode::Mask);
    let (out, _tally) =
        masked(&config, "pin: 4111 1111 1111 1111 secret=DE89 3704 0044 0532 0130 00 pin=1 2");
    assert_eq!(out, "pin: [card] secret=[iban] pin=[key_value] 2");
}

#[test]
fn a_name_is_looked_at_too() {
    let config =
        only(&[Detector::KeyValue, Detector::Ipv4, Detector::Email, Detector::UrlPassword], Mode::Mask);
    let (out, _tally) = masked(&config, "password_10.0.0.1=abc http://jane@b.de:pw@h");
    assert_eq!(out, "password_[ipv4]=[key_value] http://[email]:[url_password]@h");
}

#[test]
fn an_address_covers_what_was_found_in_it() {
    let (out, tally) =
        masked(&only(&[Detector::Email, Detector::Card], Mode::Mask), "x john.4111111111111111@example.com");
    assert_eq!((out.as_str(), tally.total()), ("x [email]", 1));
}

#[test]
fn custom_expressions_are_found_with_all_else() {
    let mut config = only(&[Detector::Email], Mode::Mask);
    config.custom =
        vec![custom("customer", r"\bKD-[0-9]{6}\b"), custom("case_no", "case (?<secret>(?u:[a-zé])+[0-9]+)")];
    config.custom[1].mode = Some(Mode::KeepLast(1));
    let (out, tally) = masked(&config, "KD-123456 and case é12 of KD-654321 <a@b.de> KD-1234567");
    assert_eq!(out, "[customer] and case [case_no:*2] of [customer] <[email]> KD-1234567");
    assert_eq!((tally.of_custom(0), tally.of_custom(1), tally.of(Detector::Email)), (2, 1, 1));
}

#[test]
fn a_custom_match_has_whole_characters() {
    let mut config = only(&[], Mode::Mask);
    config.custom = vec![custom("x", "b.")];
    assert_eq!(masked(&config, "abéc").0, "a[x]c");
}

#[test]
fn overlapping_hits_become_one() {
    let mut config = only(&[Detector::Email], Mode::Mask);
    config.custom = vec![custom("x", "from [a-z]+")];
    assert_eq!(masked(&config, "mail from jane@example.com now").0, "mail [x] now");
}

#[test]
fn a_cache_of_another_masker_is_made_anew() {
    let mut config = only(&[], Mode::Mask);
    config.custom = vec![custom("x", "a+b")];
    let one = Masker::new(&config).unwrap();
    config.custom = vec![custom("x", "[0-9]{3}z|q"), custom("y", "w{1,50}")];
    let other = Masker::new(&config).unwrap();
    let mut cache = one.cache();
    assert!(one.finds("aab", &mut cache));
    assert!(other.finds("123z", &mut cache));
    assert!(!one.finds("123z", &mut cache));
}

#[test]
fn lanes_share_a_masker() {
    fn shared<T: Send + Sync>() {}
    fn moved<T: Send>() {}
    shared::<Masker>();
    moved::<MaskCache>();
    let masker = Masker::new(&only(&[Detector::Email], Mode::Mask)).unwrap();
    assert!(format!("{masker:?} {:?}", masker.cache()).len() < 1000);
}

#[test]
fn values_of_fields_are_masked_whole() {
    let mut config = only(&[Detector::KeyValue], Mode::Mask);
    config.secret_names = vec!["kunden_nr".to_owned()];
    let masker = Masker::new(&config).unwrap();
    assert!(
        masker.is_secret_name("kundenNr")
            && masker.is_secret_name("dbPassword")
            && !masker.is_secret_name("level")
    );
    let mut out = String::new();
    for value in ["hunter2", "1234", "true"] {
        assert!(masker.mask_value(value, &mut out), "{value}");
    }
    assert_eq!(out, "[key_value]".repeat(3));
    assert!(!masker.mask_value("null", &mut out) && !masker.mask_value("[key_value]", &mut out));
    assert!(masker.finds("kunden-nr=17", &mut masker.cache()));
    let off = Masker::new(&only(&[Detector::Email], Mode::Mask)).unwrap();
    assert!(!off.is_secret_name("password"));
}

#[test]
fn a_configuration_is_read_with_either_notation() {
    let config: MaskConfig = serde_json::from_value(json!({
        "except": ["ipv4", "us-ssn"],
        "modes": {"card": {"keep_last": 4}, "email": "hash", "api-key": "drop"},
        "hash-key": "0123456789abcdef",
        "secret_names": ["pin_hash"],
        "custom": [{"name": "customer", "pattern": "KD-[0-9]+", "mode": {"keep-last": 2}}],
    }))
    .unwrap();
    assert_eq!(config.modes.get(&Detector::ApiKey), Some(&Mode::Drop));
    assert_eq!(config.custom[0].mode, Some(Mode::KeepLast(2)));
    assert!(!config.on()[Detector::Ipv4.index()] && !config.on()[Detector::UsSsn.index()] && config.on()[0]);
    let debug = format!("{config:?}");
    assert!(!debug.contains("0123456789abcdef"), "{debug}");
}

#[test]
fn errors_say_what_is_wrong_where() {
    let refused = |config: serde_json::Value| {
        let config = match serde_json::from_value::<MaskConfig>(config) {
            Ok(config) => config,
            Err(error) => return error.to_string(),
        };
        Masker::new(&MaskConfig { detectors: vec![Detector::Email], ..config }).unwrap_err().to_string()
    };
    let custom = |pattern: &str| json!({"custom": [{"name": "order", "pattern": pattern}]});
    for (config, parts) in [
        (json!({"detectors": ["emial"]}), &["emial", "email"][..]),
        (json!({"detector": []}), &["detector", "detectors"]),
        (json!({"custom": [{"name": "a", "pattern": "b", "modus": 1}]}), &["modus"]),
        (json!({"hash_key": "short"}), &["5 bytes", "16"]),
        (json!({"mode": "hash"}), &["email", "hash_key"]),
        (custom("(["), &["order", "(["]),
        (custom("a*"), &["order", "empty"]),
        (custom(r"(?u:\bx)"), &["order", "(?-u:"]),
        (custom("(?:x{1000}){1000}"), &["order", "limit"]),
        (custom(&"x".repeat(5000)), &["order", "5000"]),
        (json!({"custom": [{"name": "e-mail", "pattern": "b"}]}), &["e-mail", "another name"]),
        (json!({"custom": [{"name": "email", "pattern": "b"}]}), &["email", "another name"]),
        (json!({"custom": [{"name": "a", "pattern": "b"}, {"name": "a", "pattern": "c"}]}), &["two", "`a`"]),
        (json!({"secret_names": ["__"]}), &["__"]),
    ] {
        let message = refused(config);
        for part in parts {
            assert!(message.contains(part), "{message} has no {part}");
        }
    }
    assert_eq!(HashKey::new("x").unwrap_err(), MaskError::ShortKey(1));
}
