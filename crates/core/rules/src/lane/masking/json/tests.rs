use proptest::prelude::*;

use super::*;

fn mask(yaml: &str) -> Mask {
    Mask::new(&serde_saphyr::from_str(yaml).unwrap(), None).unwrap()
}

fn of(yaml: &str, text: &str) -> Result<Option<String>, NoJson> {
    let mask = mask(yaml);
    masked(text, &mask, &mut Scratch::of(&mask.masker))
}

/// Guarantees: all that is no secret stays byte for byte: white space, the order of members, second members of the same name,
/// numbers that no type of ours holds, escapes; what is one is replaced in the place where it stands.
#[test]
fn what_is_no_secret_stays_as_it_was_sent() {
    let yaml = "detectors: [email, card, key_value]";
    for (text, expected) in [
        (
            "\u{FEFF} {\"a\" : 1,\t\"to\":\"jane@example.org\",\"a\":\"\\u00e9\\/\",\"n\":123456789012345678901234567890.10e+3,\"to\":\"joe@example.org\"}\r\n",
            "\u{FEFF} {\"a\" : 1,\t\"to\":\"[email]\",\"a\":\"\\u00e9\\/\",\"n\":123456789012345678901234567890.10e+3,\"to\":\"[email]\"}\r\n",
        ),
        (r#"[ "jane\u0040example.org \"x\"", 4111111111111111 ]"#, r#"[ "[email] \"x\"", "[card]" ]"#),
        (r#"[4.111111111111111e15,7]"#, r#"["[card]",7]"#),
        (
            r#"{"password":[1, true ,null,{"p":"hunter2"}],"x":[true,{}],"y":[]}"#,
            r#"{"password":["[secret]", "[secret]" ,null,{"p":"[secret]"}],"x":[true,{}],"y":[]}"#,
        ),
        (r#"{"jane\u0040example.org" : {"a":1}}"#, r#"{"[email]" : {"a":1}}"#),
        (r#""jane@example.org""#, r#""[email]""#),
        (r#"{"to":"\ud83d jane@example.org \ud83d\ude00"}"#, "{\"to\":\"\u{FFFD} [email] \u{1F600}\"}"),
    ] {
        let masked = of(yaml, text).unwrap().unwrap();
        let marker = masked.replace("[key_value]", "[secret]").replace("[password]", "[secret]");
        assert_eq!(marker, expected, "{text}");
    }
    assert_eq!(of(yaml, r#" {"a":[1,{"b":null}],"c":"é"} "#), Ok(None));
}

#[test]
fn what_is_no_json_is_said_to_be_none() {
    for text in [
        "", " ", "{", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "[1]]", "01", "\"\\x\"", "\"a\nb\"",
        "1 2", "tru",
    ] {
        assert_eq!(of("detectors: [email]", text), Err(NoJson), "{text}");
    }
}

/// Guarantees: what is nested as deep as it can be costs no more than its bytes.
#[test]
fn depth_is_no_matter() {
    let deep = 200_000;
    let text = format!("{}\"jane@example.org\"{}", "[".repeat(deep), "]".repeat(deep));
    let masked = of("detectors: [email]", &text).unwrap().unwrap();
    assert_eq!(masked, text.replace("jane@example.org", "[email]"));
}

fn tokens() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just(" "),
        Just("\"a\""),
        Just("\"jane@example.org\""),
        Just("-1.5e3"),
        Just("4111111111111111"),
        Just("null"),
        Just("true"),
        Just("\"\\u0041\\n\""),
        Just("\""),
        Just("é"),
    ];
    prop::collection::vec(token, 0..20).prop_map(|tokens| tokens.concat())
}

proptest! {
    /// Scenario: JSON of any shape, and what looks like it.
    /// Guarantees: it is told as serde_json tells it; JSON stays JSON of the same shape, and nothing is left to be found in it.
    #[test]
    fn json_stays_json(text in prop_oneof![tokens(), json()]) {
        let is_json = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        let masked = of("detectors: [email, card]", &text);
        prop_assert_eq!(masked.is_ok(), is_json, "{}", text);
        if let Ok(Some(masked)) = masked {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&masked).is_ok(), "{}", masked);
            prop_assert!(!masked.contains("jane") && !masked.contains("4111111111111111"), "{}", masked);
            prop_assert_eq!(of("detectors: [email, card]", &masked), Ok(None));
            prop_assert_eq!(text.matches([',', ':', '{']).count(), masked.matches([',', ':', '{']).count());
        }
    }
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1".to_owned()),
        Just("\"jane@example.org\"".to_owned()),
        Just("4111111111111111".to_owned()),
        Just(" null ".to_owned()),
        Just("\"x\\\"y\"".to_owned()),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|values| format!("[{}]", values.join(","))),
            prop::collection::vec((r"[ab]|jane@example\.org", inner), 0..4).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(" , "))
            }),
        ]
    })
}
