//! What programs may take, with all allocations of this process counted.

use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use forebay_record::RawEvent;
    use forebay_rules::Limits;
    use forebay_rules::edit::{Edit, EditError};
    use proptest::prelude::*;

    use super::HEAP;

    /// The limit of these tests.
    const MOST: usize = 8 << 20;

    /// What may be taken at the most: what is held, once more for the call that goes beyond, and the copies that a text or an
    /// array is grown by while it is made.
    const TIMES: usize = 6;

    /// The stack of a lane of the parser.
    const STACK: usize = 256 << 20;

    static ALONE: Mutex<()> = Mutex::new(());

    struct Ran {
        outcome: Result<String, EditError>,
        peak: usize,
    }

    fn alone() -> MutexGuard<'static, ()> {
        ALONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a program on a thread with the stack of a lane.
    fn run(source: &str, body: &str) -> Ran {
        std::thread::scope(|scope| {
            let lane = std::thread::Builder::new().stack_size(STACK);
            lane.spawn_scoped(scope, || ran(source, body)).unwrap().join().unwrap()
        })
    }

    fn ran(source: &str, body: &str) -> Ran {
        let limits = Limits {
            steps: 100_000,
            bytes: MOST as u64,
            allocated: || HEAP.current_usage() as u64,
            ..Limits::default()
        };
        let edit = Edit::compile(source, limits).unwrap_or_else(|message| panic!("{source}: {message}"));
        let event = RawEvent {
            id: "e",
            tenant: "acme",
            format: "json",
            source: "http",
            attributes: vec![("n", "1000000000")],
            body: body.as_bytes(),
            ..RawEvent::default()
        };
        // What is made once and kept, as the automata of user agents, is not the program's.
        HEAP.reset_peak_usage();
        let before = HEAP.current_usage();
        let outcome = edit
            .apply(&event)
            .map(|value| String::from_utf8_lossy(RawEvent::read(&value).unwrap().body).into_owned());
        Ran { outcome, peak: HEAP.peak_usage().saturating_sub(before) }
    }

    /// Guarantees: each of these is refused with an error that says how much it would be, and takes no more than a few
    /// times the limit on the way there.
    #[test]
    fn what_would_make_a_huge_value_is_refused() {
        let _alone = alone();
        let letters = "a".repeat(1 << 20);
        let times = |text: &str, length: usize| text.repeat(length / text.len());
        let many = |one: &str, count: usize| vec![one; count].join(", ");
        let fields: Vec<String> = (0..2_000).map(|n| format!("\"f{n}\":1")).collect();
        let named = format!("{{\"k\":{{{}}}}}", fields.join(","));
        let line: String = (0..2_000).map(|n| format!("f{n}=1,")).collect();
        let tags: String = (0..2_000).map(|n| format!(",t{n}=v")).collect();
        let influx = format!("m{tags} {line}z=1 1");
        let bomb: String = (0..9).fold("a0: &a0 [x]\n".to_owned(), |bomb, n| {
            let inside = many(&format!("*a{n}"), 8);
            bomb + &format!("a{next}: &a{next} [{inside}]\n", next = n + 1)
        });
        let nested = format!("{}.*{}", "(".repeat(80), ")".repeat(80));
        let mut deep = "to_int!(t)".to_owned();
        for _ in 0..6 {
            deep = format!("abs({deep})");
        }
        let shared = format!("x = [{}]\n", many("t", 300));
        let cases: Vec<(String, String)> = vec![
            (".body = replace(t, r'.', t)".into(), letters.clone()),
            (".body = replace(t, \"a\", t)".into(), letters.clone()),
            (".body = replace(t, \"\", t)".into(), letters.clone()),
            (format!(".body = replace(t, r'.*', \"{}\")", "$$0".repeat(500)).replace("$$0", "$0"), letters.clone()),
            ("f = \"x\"\nfor_each([1, 2]) -> |_, _| { .body = join!(split(t, \"\"), f)\nf = t }".into(), letters.clone()),
            (".body = join!(split(t, r''), t)".into(), letters.clone()),
            (".x = split(t, \"\")".into(), letters.clone()),
            (".x = chunks!(t, 1)".into(), letters.clone()),
            (".x = split_path!(t)".into(), times("a/", 1 << 20)),
            (".x = flatten!(object!(parse_json!(t)), separator: t)".into(), named.clone()),
            (".body = sieve(t, r'b', replace_single: t, replace_repeated: t)".into(), times("ab", 1 << 20)),
            (".body = redact!(t, filters: [r'.', r'.', r'.', r'.'])".into(), letters.clone()),
            (".body = redact!(t, filters: [{\"type\": \"pattern\", \"patterns\": [\"a\", \"\", \"\", \"\"]}], redactor: \"sha3\")".into(), letters.clone()),
            (".body = replace_with(t, r'a') -> |_| { t }".into(), letters.clone()),
            (format!(".body = replace_with(t, r'{nested}') -> |m| {{ m.string }}"), letters.clone()),
            (format!(".x = parse_regex!(t, r'{nested}')"), letters.clone()),
            (format!(".x = parse_regex_all!(t, r'{nested}')"), letters.clone()),
            (".x = parse_regex_all!(t, r'.')".into(), letters.clone()),
            (".x = parse_regex_all!(t, r'(?P<a>.)(?P<b>.)', numeric_groups: true)".into(), letters.clone()),
            (".body = encode_key_value!(object!(parse_json!(t)), field_delimiter: t, key_value_delimiter: t)".into(), named.clone()),
            (format!("{shared}.body = encode_json(x)"), letters.clone()),
            (format!("{shared}.body = join!(x)"), letters.clone()),
            (format!("{shared}.body = join!(x, t)"), letters.clone()),
            (format!("{shared}.body = encode_csv!(x)"), letters.clone()),
            (format!("{shared}.body = encode_logfmt!({{\"a\": x}})"), letters.clone()),
            (format!("{shared}.x = redact!(x, filters: [r'b'])"), letters.clone()),
            (format!("{shared}.x = tally!(x)"), letters.clone()),
            (format!("{shared}.x = object_from_array!(x, x)"), letters.clone()),
            (format!("{shared}assert_eq!(x, 1)"), letters.clone()),
            (format!("{shared}.x = x"), letters.clone()),
            (format!("{shared}.x = x\n.y = x\n.z = unnest!(.x)"), letters.clone()),
            (".x = array!(parse_json!(t))\n.y = parse_json!(t)\n.z = unnest!(.x)".into(), format!("[{}]", many("1", 3_000))),
            (".x = tag_types_externally!(parse_json!(t))".into(), format!("[{}]", many("1", 30_000))),
            (".x = to_entries!(array!(parse_json!(t)))".into(), format!("[{}]", many("1", 30_000))),
            (".x = parse_json!(t)".into(), format!("[{}]", many("[]", 200_000))),
            (".x = parse_json!(t)".into(), format!("[{}]", many("{\"\":0}", 100_000))),
            (".x = parse_json!(t, max_depth: 2)".into(), format!("[{}]", many("0", 200_000))),
            (".x = parse_yaml!(t)".into(), format!("[{}]", many("{a: b}", 100_000))),
            (".x = parse_yaml!(t)".into(), bomb.clone()),
            (".x = parse_yaml!(t)".into(), times("- ", 100_000)),
            (".x = parse_cbor!(decode_base16!(t))".into(), format!("9a00040000{}", times("a16000", 400_000))),
            (".x = parse_key_value!(t)".into(), times("a ", 1 << 20)),
            (".x = parse_logfmt!(t)".into(), times("a=b ", 1 << 20)),
            (".x = parse_query_string!(t)".into(), times("a&", 1 << 20)),
            (".x = parse_csv!(t)".into(), times(",", 1 << 20)),
            (".x = parse_tokens!(t)".into(), times("a ", 1 << 20)),
            (".x = parse_influxdb!(t)".into(), influx.clone()),
            (".x = parse_cef!(\"CEF:0|a|b|c|d|e|f|\" + t)".into(), times("a=b ", 1 << 20)),
            (".x = parse_syslog!(\"<1>1 - - - - - [a \" + t + \"] x\")".into(), times("b=\"\" ", 1 << 20)),
            (".x = parse_grok!(t, \"%{GREEDYDATA:a}\")".into(), letters.clone()),
            (".x = parse_groks!(t, [\"%{data::keyvalue}\"])".into(), times("a=b ", 1 << 20)),
            (".x = to_regex!(t)".into(), letters.clone()),
            (".x = snakecase(t)".into(), times("a ", 1 << 20)),
            (".x = format_timestamp!(now(), t)".into(), times("%c", 1 << 20)),
            (".x = encode_zstd(t, compression_level: 22)".into(), "x".into()),
            (format!("t = t + t + t + t\n.x = {deep}"), letters.clone()),
            (format!(".body = \"{}\"", "{{t}}".repeat(40)), letters.clone()),
            (".x = 1\nfor_each(range!(0, 40)) -> |_, _| { .y = .\n.z = . }".into(), letters.clone()),
            (".x = [t]\nfor_each(range!(0, 40)) -> |_, _| { .x = [.x, .x] }".into(), letters.clone()),
            (".x = {}\nfor_each(range!(0, 40)) -> |_, _| { .x = {\"a\": .x, \"b\": .x} }".into(), "x".into()),
            ("x = t\nfor_each(range!(0, 100)) -> |_, _| { x = x + x }".into(), "x".into()),
        ]
        .into_iter()
        .map(|(source, body): (String, String)| (format!("t = string!(.body)\n{source}"), body))
        .collect();
        let mut wrong = String::new();
        for (source, body) in cases {
            let Ran { outcome, peak } = run(&source, &body);
            let start: String = source.chars().take(120).collect();
            match outcome {
                Err(error) if error.error_type == "vrl_too_much_memory" => {}
                Err(error) if error.error_type == "vrl_error" && says_why(&error.reason) => {}
                Err(error) => {
                    let reason: String = error.reason.chars().take(300).collect();
                    writeln!(wrong, "{start}\n  {}: {reason}", error.error_type).unwrap();
                }
                Ok(_) => writeln!(wrong, "{start}\n  was done").unwrap(),
            }
            if peak > TIMES * MOST {
                writeln!(wrong, "{start}\n  took {} MiB", peak >> 20).unwrap();
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
    }

    fn says_why(reason: &str) -> bool {
        reason.contains("bytes; a single call may make 8388608")
            || reason.contains("Invalid integer")
            || reason.len() < 20_000 && reason.contains("...")
    }

    /// Guarantees: what is bounded does what it does in VRL otherwise, with its types, and needs no other words for errors.
    #[test]
    fn what_is_small_goes_on_as_before() {
        let _alone = alone();
        for (source, expected) in [
            (".body = replace(\"a1b2\", r'(\\d)', \"<$1>\")", "a<1>b<2>"),
            (".body = replace(\"aaa\", \"a\", \"b\", count: 2)", "bba"),
            (".body = join([\"a\", \"b\"], \"-\")", "a-b"),
            (".body = join!(split(string!(.body), \"\"), \".\")", ".x.y."),
            (".body = encode_json(split(\"a,b,c\", \",\", limit: 2))", "[\"a\",\"b,c\"]"),
            (
                ".body = encode_json(parse_regex!(\"k=v\", r'(?P<k>\\w)=(?P<v>\\w)'))",
                "{\"k\":\"k\",\"v\":\"v\"}",
            ),
            ("p = r'(?P<k>\\w)'\n.body = parse_regex!(\"k\", p).k", "k"),
            ("p = to_regex!(\"(?P<k>.)\")\n.body = string!(parse_regex!(\"k\", p).k)", "k"),
            (".body = encode_json(flatten!({\"a\": {\"b\": [1, 2]}}, separator: \"_\"))", "{\"a_b\":[1,2]}"),
            (".body = encode_key_value!({\"b\": \"x y\", \"a\": 1})", "a=1 b=\"x y\""),
            (
                ".body = redact(\"a 123-45-6789 b c\", filters: [\"us_social_security_number\", r'D', r'b'])",
                "a [RE[REDACTED]ACTE[REDACTED]] [REDACTED] c",
            ),
            (
                ".body = encode_json(redact({\"a\": [\"xy\"]}, filters: [{\"type\": \"pattern\", \"patterns\": [\"x\", r'y']}], redactor: {\"type\": \"text\", \"replacement\": \"-\"}))",
                "{\"a\":[\"--\"]}",
            ),
            (".body = sieve(\"a-b--c\", r'[a-z]', replace_single: \"1\", replace_repeated: \"2\")", "a1b2c"),
            (
                ".body = replace_with(\"a1b2\", r'(?P<n>\\d)', count: 1) -> |m| { upcase(\"x\" + m.string + string!(m.captures[0]) + string!(m.n)) }",
                "aX111b2",
            ),
            (".x = [1, 2]\n.body = encode_json(unnest!(.x)[1].x)", "2"),
            (".body = encode_json(to_entries({\"a\": 1}))", "[{\"key\":\"a\",\"value\":1}]"),
            (".body = encode_json(parse_json!(s'{\"a\":[1,{\"b\":null}]}'))", "{\"a\":[1,{\"b\":null}]}"),
            (
                ".body = encode_json(parse_key_value!(\"a:1|b:2\", key_value_delimiter: \":\", field_delimiter: \"|\"))",
                "{\"a\":\"1\",\"b\":\"2\"}",
            ),
            (".body = to_string(2 * 3)", "6"),
            ("n = 3\n.body = to_string(n * n * 2)", "18"),
            ("n = parse_int!(.attributes.n)\n.body = to_string(n * 2)", "2000000000"),
            (".body = to_string(parse_int!(\"4\") * 1.6)", "6.4"),
            (".n = 4\n.body = to_string!(.n * 2)", "8"),
            (".body = to_string(parse_int(\"4\") * 2 ?? 0)", "8"),
            (".body = to_string((parse_int(.attributes.x) ?? 3) * 2)", "6"),
            ("n, err = parse_int(\"x\") * 2\n.body = to_string(n)", "0"),
            (".body = encode_json([2 * 2, {\"a\": -2 * 0.5}, !(2 * 2 == 4)])", "[4,{\"a\":-1.0},false]"),
            (".body = if 2 * 2 == 4 { to_string(length(\"ab\") * 2) } else { abort to_string(1 * 1) }", "4"),
            ("x = map_values([1, 2]) -> |v| { v * 10 }\n.body = encode_json(x)", "[10,20]"),
            (".body = \"ab\" * 3", "ababab"),
            (".body = 2 * s'-'", "--"),
        ] {
            let ran = run(source, "xy");
            assert_eq!(ran.outcome.as_deref(), Ok(expected), "{source}");
        }
        // What a field is isn't known before: then it fails, as other operators do on what they don't know.
        for source in [".body = .body * 1000000000 ?? \"none\"", ".body = 1000000000 * .body ?? \"none\""] {
            assert_eq!(run(source, "xy").outcome.as_deref(), Ok("none"), "{source}");
        }
        let limits = Limits::default();
        for source in [
            "x * length(.)",
            "length(.) * x",
            "x * 1000000000",
            "\"{{x}}{{x}}\" * parse_int!(x)",
            "join!([x, x]) * int!(.n)",
        ] {
            let message =
                Edit::compile(&format!("x = string!(.body)\n.body = {source}"), limits).unwrap_err();
            assert!(
                message.contains("`*` is for numbers")
                    && (message.contains("line 2") || message.contains("2 │")),
                "{message}"
            );
        }
        let message = Edit::compile(".a = 1\n.body = \"ab\" * length(.)", limits).unwrap_err();
        assert!(message.contains("line 2") && message.contains("`*` is for numbers"), "{message}");
    }

    fn statement() -> impl Strategy<Value = String> {
        const TEXTS: &[&str] = &[
            "t",
            "u",
            "string!(.body)",
            "join!(a, t)",
            "encode_json(a)",
            "encode_json(o)",
            "encode_json(., pretty: true)",
            "t + u",
            "\"{{t}}{{u}}{{t}}\"",
            "replace(t, \"\", u)",
            "replace(u, r'.', \"$0$0$0$0\")",
            "replace(t, r'(.*)', \"$1$1$1$1\")",
            "sieve(t, r'a', replace_single: u, replace_repeated: u)",
            "redact(t, filters: [r'.', \"us_social_security_number\"])",
            "redact(t, filters: [r'.', r'', r'D'], redactor: \"sha3\")",
            "encode_logfmt(o)",
            "encode_csv!([t, u, t, 1])",
            "encode_key_value!(o, field_delimiter: t, key_value_delimiter: u)",
            "encode_percent(t)",
            "encode_base16(t)",
            "replace_with(t, r'.') -> |m| { u + m.string }",
            "snakecase(t)",
            "upcase(u)",
            "truncate(t, 1000, suffix: u)",
            "format_timestamp!(now(), \"%c%c%c\")",
            "slice!(t, 1, 100)",
            "decode_base64!(encode_base64(t))",
        ];
        const ARRAYS: &[&str] = &[
            "a",
            "[t, u, t, u]",
            "[a, a, a, a]",
            "[o, o]",
            "split(t, \"\")",
            "split(u, r'')",
            "chunks!(t, 1)",
            "chunks!(u, 3)",
            "parse_regex_all!(t, r'(?P<x>.)')",
            "parse_regex_all!(u, r'((((.*))))', numeric_groups: true)",
            "push(a, .)",
            "append(a, a)",
            "flatten!(a)",
            "to_entries!(o)",
            "to_entries!(a)",
            "zip!(a, a)",
            "tag_types_externally(a)",
            "values(o)",
            "keys(o)",
            "parse_tokens(t)",
            "parse_csv!(t)",
            "range!(0, 10000)",
            "unique(a)",
            "unnest!(.w)",
            "split_path(t)",
            "parse_json!(encode_json(a))",
            "map_values(a) -> |_v| { t }",
            "filter(a) -> |_i, v| { v != 1 }",
            "redact(a, filters: [r'.'])",
        ];
        const OBJECTS: &[&str] = &[
            "o",
            "{\"a\": t, \"b\": o, \"c\": a}",
            "{\"k\": o, \"l\": o}",
            "flatten!(o, separator: t)",
            "flatten!(o)",
            "merge(o, {\"z\": a}, deep: true)",
            "parse_key_value!(\"a=b c=\" + u)",
            "parse_query_string(t)",
            "{\"w\": .}",
            "tag_types_externally(o)",
            "map_keys(o) -> |k| { k + t }",
            "map_values(o, recursive: true) -> |v| { [v, v] }",
            "object_from_array!(a, a)",
            "parse_json!(encode_json(o))",
            "parse_yaml!(encode_json(o))",
            "parse_regex!(t, r'(?P<x>(?P<y>(?P<z>.*)))')",
            "from_entries!(to_entries!(o))",
        ];
        prop_oneof![
            4 => prop::sample::select(TEXTS).prop_map(|text| format!(".q = {text}\nt = string(get!(., [\"q\"])) ?? t\n")),
            1 => Just("u = t\n".to_owned()),
            1 => Just("u = u + t\n".to_owned()),
            4 => prop::sample::select(ARRAYS).prop_map(|array| format!(".q = {array}\na = array(get!(., [\"q\"])) ?? a\n")),
            4 => prop::sample::select(OBJECTS).prop_map(|object| format!(".q = {object}\no = object(get!(., [\"q\"])) ?? o\n")),
            1 => Just(".w = a\n".to_owned()),
            1 => Just(".v = o\n".to_owned()),
            1 => Just(".b = .\n".to_owned()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        /// Guarantees: whatever is put together of what programs may do, in which order, and how often, takes no more than a few
        /// times the limit.
        #[test]
        fn no_program_takes_much_more_than_its_limit(
            statements in prop::collection::vec(statement(), 1..24), body in "[ab =,/\\[{\"]{1,400}",
        ) {
            let _alone = alone();
            let source = format!("t = string!(.body)\nu = t\na = [t]\no = {{\"a\": t}}\n.w = a\n{}", statements.concat());
            let Ran { peak, .. } = run(&source, &body);
            prop_assert!(peak <= TIMES * MOST, "{} MiB: {source}", peak >> 20);
        }
    }
}
