use proptest::prelude::*;

use super::*;

/// Name, version, system, its version, device and category, with `-` for what isn't known.
fn read(header: &str) -> [String; 6] {
    let agent = Agent::parse(header).unwrap_or_default();
    [
        agent.name.to_owned(),
        agent.version.unwrap_or("-").to_owned(),
        agent.os.unwrap_or("-").to_owned(),
        agent.os_version.as_deref().unwrap_or("-").to_owned(),
        agent.device.unwrap_or("-").to_owned(),
        agent.category.map_or("-", Category::as_str).to_owned(),
    ]
}

fn check(cases: &[(&str, [&str; 6])]) {
    for (header, expected) in cases {
        assert_eq!(read(header), *expected, "{header}");
    }
}

#[test]
fn browsers_on_computers_have_name_version_and_system() {
    check(&[
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            ["Firefox", "128.0", "Linux", "-", "-", "pc"],
        ),
        (
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            ["Firefox", "128.0", "Ubuntu", "-", "-", "pc"],
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
            ["Chrome", "126.0.0.0", "Windows", "10", "-", "pc"],
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.68",
            ["Edge", "126.0.2592.68", "Windows", "10", "-", "pc"],
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
            ["Safari", "17.5", "Mac OS X", "10.15.7", "Mac", "pc"],
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 OPR/111.0.0.0",
            ["Opera", "111.0.0.0", "Mac OS X", "10.15.7", "Mac", "pc"],
        ),
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
            ["Chrome", "126.0.0.0", "Chrome OS", "14541.0.0", "-", "pc"],
        ),
        (
            "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
            ["Internet Explorer", "11.0", "Windows", "7", "-", "pc"],
        ),
        (
            "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)",
            ["Internet Explorer", "8.0", "Windows", "XP", "-", "pc"],
        ),
        (
            "Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.16",
            ["Opera", "12.16", "Windows", "7", "-", "pc"],
        ),
    ]);
}

#[test]
fn phones_tablets_and_televisions_are_told_apart() {
    check(&[
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            ["Safari", "17.5", "iOS", "17.5", "iPhone", "smartphone"],
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 16_6_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
            ["Chrome", "126.0.6478.54", "iOS", "16.6.1", "iPad", "tablet"],
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
            ["Chrome", "126.0.0.0", "Android", "14", "Pixel 8", "smartphone"],
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
            ["Chrome", "126.0.0.0", "Android", "10", "-", "tablet"],
        ),
        (
            "Mozilla/5.0 (Linux; U; Android 4.4.2; de-de; CUBOT ONE Build/KOT49H) AppleWebKit/537.16 (KHTML, like Gecko) Version/4.0 Mobile Safari/537.16",
            ["Android Browser", "4.0", "Android", "4.4.2", "CUBOT ONE", "smartphone"],
        ),
        (
            "Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0",
            ["Firefox", "127.0", "Android", "14", "-", "smartphone"],
        ),
        (
            "Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
            ["Samsung Internet", "25.0", "Android", "13", "SAMSUNG SM-S911B", "smartphone"],
        ),
        (
            "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/6.0 TV Safari/537.36",
            ["Safari", "6.0", "Tizen", "6.0", "-", "tv"],
        ),
        (
            "Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
            ["Firefox", "48.0", "KaiOS", "2.5", "-", "smartphone"],
        ),
        (
            "Dalvik/2.1.0 (Linux; U; Android 13; SM-A515F Build/TP1A.220624.014)",
            ["Dalvik", "2.1.0", "Android", "13", "SM-A515F", "smartphone"],
        ),
    ]);
}

#[test]
fn programs_that_are_no_browsers_say_their_names() {
    check(&[
        ("curl/8.5.0", ["curl", "8.5.0", "-", "-", "-", "tool"]),
        ("python-requests/2.32.3", ["python-requests", "2.32.3", "-", "-", "-", "tool"]),
        ("Go-http-client/2.0", ["Go-http-client", "2.0", "-", "-", "-", "tool"]),
        ("kube-probe/1.30", ["kube-probe", "1.30", "-", "-", "-", "tool"]),
        (
            "kubectl/v1.30.1 (linux/amd64) kubernetes/6911225",
            ["kubectl", "1.30.1", "Linux", "-", "-", "tool"],
        ),
        ("Amazon CloudFront", ["Amazon CloudFront", "-", "-", "-", "-", "tool"]),
        ("Apache-HttpClient/4.5.13 (Java/17.0.9)", ["Apache-HttpClient", "4.5.13", "-", "-", "-", "tool"]),
        ("NewsApp/3 CFNetwork/1494.0.7 Darwin/23.4.0", ["NewsApp", "3", "Darwin", "23.4.0", "-", "tool"]),
    ]);
}

#[test]
fn robots_are_named_whatever_they_dress_up_as() {
    check(&[
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            ["Googlebot", "2.1", "-", "-", "Spider", "crawler"],
        ),
        (
            "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            ["Googlebot", "2.1", "Android", "6.0.1", "Spider", "crawler"],
        ),
        (
            "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
            ["Yahoo! Slurp", "-", "-", "-", "Spider", "crawler"],
        ),
        ("facebookexternalhit/1.1", ["facebookexternalhit", "1.1", "-", "-", "Spider", "crawler"]),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.2; +https://openai.com/gptbot",
            ["GPTBot", "1.2", "-", "-", "Spider", "crawler"],
        ),
        ("GPTBot/1.2", ["GPTBot", "1.2", "-", "-", "Spider", "crawler"]),
    ]);
}

#[test]
fn what_is_no_header_is_a_miss() {
    for header in
        ["", "-", "  ", "() { :; }; /bin/bash", "${jndi:ldap://x}", "'\"><script>", "\u{202e}abc", "/"]
    {
        assert_eq!(Agent::parse(header), None, "{header}");
    }
}

#[test]
fn the_value_has_the_names_of_the_schema() {
    let mut cache = UserAgentCache::default();
    let header = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let value = user_agent(header, &mut cache).unwrap();
    assert_eq!(
        serde_json::to_value(&*value).unwrap(),
        serde_json::json!({
            "name": "Firefox", "version": "128.0", "device": {"category": "pc"},
            "os": {"name": "Windows", "version": "10", "full": "Windows 10"},
        })
    );
    let again = user_agent(header, &mut cache).unwrap();
    assert!(Arc::ptr_eq(&value, &again), "the second time it is remembered");
}

#[test]
fn the_cache_stays_within_its_bytes_and_forgets_nothing_wrongly() {
    let mut cache = UserAgentCache::new(64, 2000);
    for at in 0..5000_u32 {
        let header = format!("tool{}/{} {}", at % 90, at % 90, "x".repeat((at % 90) as usize));
        let value = user_agent(&header, &mut cache).unwrap();
        let name =
            value.as_object().and_then(|map| map.get("name")).and_then(Value::to_str).unwrap().to_owned();
        assert_eq!(name, format!("tool{}", at % 90));
        assert!(cache.bytes() <= 2000);
    }
}

#[test]
fn a_header_beyond_the_limit_is_read_up_to_it_and_not_remembered() {
    let header = format!("curl/8.5.0 {}", "ä".repeat(MAX_AGENT));
    let mut cache = UserAgentCache::default();
    assert!(user_agent(&header, &mut cache).is_some());
    assert_eq!(cache.bytes(), 0);
}

proptest! {
    /// Guarantees: any text is read without a panic, and what is read of it is bounded.
    #[test]
    fn any_text_is_survived(header in "\\PC{0,200}") {
        if let Some(agent) = Agent::parse(&header) {
            prop_assert!(!agent.name.is_empty() && agent.name.len() <= MAX_NAME);
            prop_assert!(agent.version.is_none_or(|version| version.len() <= MAX_NAME));
        }
    }

    /// The same for texts made of what headers are made of.
    #[test]
    fn any_header_is_survived(parts in prop::collection::vec(
        prop::sample::select(vec![
            "Mozilla/5.0", " (", ")", "; ", "Android", " 14", "Windows NT ", "CPU iPhone OS ", "17_5", "like Mac OS X",
            "compatible", "bot/", "Chrome/1", "Version/", "/", "ä", "rv:11.0", "Trident", "K", " Build/", "CrOS ",
        ]), 0..30))
    {
        let header = parts.concat();
        if let Some(agent) = Agent::parse(&header) {
            prop_assert!(!agent.name.is_empty());
        }
    }
}
