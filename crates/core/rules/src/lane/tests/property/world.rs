//! The rules and events that there are.

use std::collections::HashMap;
use std::fmt;
use std::sync::{LazyLock, Mutex};

use super::*;

/// Paths and contents.
pub(super) type Files = Vec<(String, String)>;

/// What is planted into events; a mask with all detectors finds each of them.
pub(super) const SECRETS: [&str; 5] = [
    "jane.roe@example.com",
    "4111111111111111",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "203.0.113.77",
    "hunter2secret",
];

/// Rules that do nothing to an event, though some look into it.
pub(super) const IDLE: [&str; 9] = [
    "match: {tenant: nobody}\nsteps: [{vrl: '.x = 1'}, {drop: {reason: x}}]\n",
    "steps: [{sample: {keep: 1}}]\n",
    "steps: [{when: 'false', drop: {reason: x}}]\n",
    "steps: [{when: '.nothing == 1', vrl: '.x = 1'}]\n",
    "steps: [{vrl: '. = .'}]\n",
    "steps: [{vrl: 'x = .; x.y = 1'}]\n",
    "steps: [{split: {field: nothing}}, {schema: ecs}]\n",
    "steps: [{mask: {detectors: [us_ssn], fields: [nothing]}}]\n",
    "steps: [{when: 'exists(.nothing)', route: {target: audit}}, {vrl: 'y = %tenant'}]\n",
];

const WORKS: [&str; 32] = [
    "vrl: '.a = 1'",
    "vrl: 'del(.b)'",
    "vrl: '.n = to_int!(.n)'",
    "vrl: '. = [.a, .b]'",
    "vrl: '. = .a'",
    "vrl: '. = null'",
    "vrl: '.copy = .'",
    "vrl: '.said = \"it was \" + to_string!(.to)'",
    "vrl: '.json = encode_json(.)'",
    "vrl: 'abort'",
    "vrl: 'abort \"not \" + string!(.to)'",
    "vrl: '.time = \"2026-11-30T10:00:00Z\"; .t = %tenant'",
    "vrl: '.organization.id = \"other\"; .labels.rules_revision = 7'",
    "vrl: 'for_each(array!(.records)) -> |i, v| { .sum = v }'",
    "drop: {reason: noise}",
    "sample: {keep: 0.5}",
    "sample: {keep: 0.5, by: a, reason: half}",
    "split: {field: records}",
    "split: {field: a, max: 2}",
    "split: {field: a.b}",
    "route: {target: audit}",
    "route: {target: 'app-{{ a }}', allow: ['app-*'], fallback: rest}",
    "schema: otel",
    "schema: raw",
    "timestamp: {from: time}",
    "timestamp: {from: to}",
    "parse: {format: json, from: payload, into: inner}",
    "parse: {format: logfmt, from: message}",
    "enrich: {static: {service.environment: test, a.b: 1}}",
    "enrich: {user_agent: {from: to, into: user_agent}, domain: {from: a, into: url}}",
    "enrich: {kubernetes: {}, host: {}}",
    "mask: {detectors: [email], fields: [a]}",
];

const CONDITIONS: [&str; 7] = [
    "exists(.a)",
    "!exists(.a)",
    ".level == \"debug\"",
    "to_int!(.n) > 3",
    "%tenant == \"acme\"",
    "%read_as == \"json\"",
    "starts_with(string!(.to), \"j\")",
];

const HEADS: [&str; 8] = [
    "",
    "",
    "",
    "match: {tenant: acme}\n",
    "match: {format: json}\n",
    "match: {attributes: {app: 'w*'}}\n",
    "last: true\n",
    "match: {source: [http, tail]}\nlast: true\n",
];

/// One rule as a file has it.
pub(super) fn rule() -> impl Strategy<Value = String> {
    let work = prop::sample::select(WORKS.to_vec());
    let condition = prop::option::of(prop::sample::select(CONDITIONS.to_vec()));
    let step = (work, condition, any::<bool>()).prop_map(|(work, condition, goes_on)| {
        let condition = condition.map_or_else(String::new, |source| format!(", when: '{source}'"));
        let on_error = if goes_on { ", on_error: continue" } else { "" };
        format!("  - {{{work}{condition}{on_error}}}\n")
    });
    let bodies = vec!["", "", "", "  - parse: json\n", "  - {parse: logfmt, on_error: continue}\n"];
    let (head, body) = (prop::sample::select(HEADS.to_vec()), prop::sample::select(bodies));
    (head, body, prop::collection::vec(step, 0..4)).prop_map(|(head, body, steps)| {
        match body.is_empty() && steps.is_empty() {
            true => format!("{head}steps: []\n"),
            false => format!("{head}steps:\n{body}{}", steps.concat()),
        }
    })
}

/// Rules of these files. Compiling takes longer than all else, and a case asks for the same ones again and again.
pub(super) fn compiled(files: &[(String, String)]) -> Arc<Rules> {
    static KNOWN: LazyLock<Mutex<HashMap<Files, Arc<Rules>>>> = LazyLock::new(Mutex::default);
    if let Some(known) = KNOWN.lock().unwrap().get(files) {
        return Arc::clone(known);
    }
    let borrowed: Vec<(&str, &str)> =
        files.iter().map(|(path, content)| (path.as_str(), content.as_str())).collect();
    let made = rules(&borrowed);
    let mut known = KNOWN.lock().unwrap();
    Arc::clone(known.entry(files.to_vec()).or_insert(made))
}

/// A setting in which no outcome depends on what else the process has seen.
pub(super) fn wide() -> Setting {
    Setting {
        parse: ParseConfig::default(),
        guards: Guards { max_fields: 500, budget: None, all_events: true },
        targets: Arc::new(NewTargets::new(u32::MAX)),
    }
}

/// An event that can be kept.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) tenant: &'static str,
    pub(super) format: &'static str,
    pub(super) body: Vec<u8>,
    pub(super) id: String,
    pub(super) app: &'static str,
}

impl Event {
    pub(super) fn raw(&self) -> RawEvent<'_> {
        RawEvent {
            id: &self.id,
            tenant: self.tenant,
            source: "http",
            format: self.format,
            stream: "web-1/app",
            attributes: vec![("app", self.app)],
            received_at: NOW.unsigned_abs() * 1_000_000,
            body: &self.body,
            ..RawEvent::default()
        }
    }

    /// Whether a value shows all of it: see `forebay_parse::value`.
    pub(super) fn is_plain(&self) -> bool {
        // Of two members with one name the second is treated in another way; bytes that are no text are kept beside it, but where
        // a rule masks.
        str::from_utf8(&self.body).is_ok_and(|text| !text.contains("twice"))
    }
}

impl fmt::Debug for Event {
    /// With its body as text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenant, format, id, app, .. } = self;
        write!(f, "{id} of {tenant}, {app}, {format:?}: {}", String::from_utf8_lossy(&self.body))
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    let texts =
        vec!["", "x", "debug", "a=1 b=two", "{\"k\":[1]}", "2026-11-30T10:00:00Z", "www.example.org", "é\n"];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5_i64..600).prop_map(Value::from),
        (-80_i32..80).prop_map(|number| json!(f64::from(number) / 8.0)),
        prop::sample::select(texts).prop_map(Value::from),
    ]
}

fn value(leaf: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    leaf.prop_recursive(3, 12, 4, |inner| {
        let member = (prop::sample::select(vec!["a", "b", "n", "a.b", "to", "x"]), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            prop::collection::vec(member, 0..4).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

fn name() -> impl Strategy<Value = &'static str> {
    let names = [
        "a",
        "b",
        "n",
        "to",
        "level",
        "message",
        "payload",
        "records",
        "records",
        "time",
        "a.b",
        "labels",
        "host",
        "service",
        "trace_id",
        "unmapped",
        "@timestamp",
    ];
    prop::sample::select(names.to_vec())
}

fn object(leaf: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = String> {
    prop::collection::vec((name(), value(leaf)), 0..7).prop_map(|members| {
        let members = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Value::Object(members).to_string()
    })
}

/// What an event is made of, around its body.
fn around(body: impl Strategy<Value = (&'static str, Vec<u8>)>) -> impl Strategy<Value = Event> {
    let (tenants, apps) = (vec!["acme", "other"], vec!["web", "db"]);
    (body, prop::sample::select(tenants), prop::sample::select(apps), 0..50_u32).prop_map(
        |((format, body), tenant, app, id)| Event { tenant, format, body, id: format!("e-{id}"), app },
    )
}

/// Any event: JSON, text, what isn't in its format, bytes.
pub(super) fn event() -> impl Strategy<Value = Event> {
    let odd = vec![
        ("json", &b"{\"a\":1,"[..]),
        ("json", b"no json"),
        ("json", b"[1,{\"a\":2}]"),
        ("json", b"\"text\""),
        ("json", b"{\"a\":1,\"a\":{\"b\":\"twice\"}}"),
        ("", b"hello"),
        ("", b""),
        ("", b"caf\xe9 a=1"),
        ("json", b"{\"a\":\"caf\xe9\"}"),
        ("logfmt", b"level=debug a=1 b=\"two words\" to=x"),
        ("combined", b"not a line of it"),
        ("nothing", b"{}"),
        ("", b"1.2.3.4 - - [30/Nov/2026:09:00:00 +0000] \"GET /x HTTP/1.1\" 200 12 \"-\" \"curl/8\""),
    ];
    let odd = prop::sample::select(odd).prop_map(|(format, body)| (format, body.to_vec()));
    let json = object(scalar()).prop_map(|body| ("json", body.into_bytes()));
    let guessed = object(scalar()).prop_map(|body| ("", body.into_bytes()));
    around(prop_oneof![5 => json, 1 => guessed, 3 => odd])
}

/// An event with secrets in it.
pub(super) fn planted() -> impl Strategy<Value = Event> {
    let secret = prop_oneof![
        prop::sample::select(SECRETS[..4].to_vec()).prop_map(Value::from),
        prop::sample::select(SECRETS[..4].to_vec())
            .prop_map(|secret| json!(format!("it was {secret}, he said"))),
        Just(json!(4_111_111_111_111_111_i64)),
        Just(json!({"password": "hunter2secret", "jane.roe@example.com": [1, {"token": "hunter2secret"}]})),
        Just(json!("{\"k\":\"jane.roe@example.com\",\"password\":\"hunter2secret\"}")),
        Just(json!({"hosts": {"203.0.113.77": {"up": [1]}}, "jane.roe@example.com": {}})),
        Just(json!("a=jane.roe@example.com password=hunter2secret")),
    ];
    let leaf = prop_oneof![2 => secret, 1 => scalar()].boxed();
    let json = object(leaf.clone()).prop_map(|body| ("json", body.into_bytes()));
    // Without its last bracket.
    let cut =
        object(leaf).prop_map(|body| ("json", body.into_bytes().into_iter().rev().skip(1).rev().collect()));
    let texts = vec![
        ("logfmt", "level=debug to=jane.roe@example.com password=hunter2secret a=4111111111111111"),
        ("", "mail from jane.roe@example.com with password=hunter2secret"),
        ("json", "no json of jane.roe@example.com"),
        ("", "to jane.roe@example.com\u{0} and {\"password\":\"hunter2secret\""),
        (
            "combined",
            "1.2.3.4 - jane.roe@example.com [30/Nov/2026:09:00:00 +0000] \"GET /?token=hunter2secret HTTP/1.1\" 200 1 \"-\" \"-\"",
        ),
    ];
    let text = prop::sample::select(texts).prop_map(|(format, body)| (format, body.as_bytes().to_vec()));
    let broken = text.clone().prop_map(|(format, mut body)| {
        body.push(0xe9);
        (format, body)
    });
    around(prop_oneof![5 => json, 1 => cut, 2 => text, 1 => broken])
}

pub(super) fn is_planted(event: &Event) -> bool {
    let text = String::from_utf8_lossy(&event.body);
    SECRETS.iter().any(|secret| text.contains(secret))
}

/// Makes ends comparable: numbers are floats; JSON text in `unmapped` is a value, whose names may have been taken apart at dots.
pub(super) fn normal(mut end: End) -> End {
    if let End::Documents(documents) = &mut end {
        for (.., document) in documents {
            *document = numbers(document);
            if let Some(unmapped) = document.get_mut("unmapped") {
                *unmapped = leaves(&numbers(&texts(unmapped)));
            }
        }
    }
    end
}

/// An object with the paths of all values that aren't objects, and their values.
fn leaves(value: &Value) -> Value {
    fn add(path: &str, value: &Value, out: &mut serde_json::Map<String, Value>) {
        match value {
            // An empty one may have got what another name says of it.
            Value::Object(members) => {
                members.iter().for_each(|(name, member)| add(&format!("{path}.{name}"), member, out));
            }
            Value::Array(elements) => {
                let _none = out.insert(path.to_owned(), elements.iter().map(leaves).collect());
            }
            end => drop(out.insert(path.to_owned(), end.clone())),
        }
    }
    let mut out = serde_json::Map::new();
    add("", value, &mut out);
    Value::Object(out)
}

fn numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(elements) => elements.iter().map(numbers).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), numbers(value))).collect()
        }
        other => other.clone(),
    }
}

fn texts(value: &Value) -> Value {
    match value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ (Value::Array(_) | Value::Object(_))) => texts(&inner),
            _ => value.clone(),
        },
        Value::Array(elements) => {
            let mut elements: Vec<Value> = elements.iter().map(texts).collect();
            elements.sort_by_key(ToString::to_string);
            elements.into()
        }
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), texts(value))).collect(),
        other => other.clone(),
    }
}
