//! What rules cost: CPU nanoseconds per event, from the record's bytes to the document's.
//!
//! `cargo bench -p forebay-rules`; with `-- vrl` behind it, the rows that have that in their names. The lines look like those of
//! the load tests and are made here from a fixed seed; the rules are those of `load/rules`. CPU time is the scheduler's count
//! for this thread; it swells when the other cores are busy, so the best of several rounds is printed beside the median.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a bench prints, and may stop")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use forebay_convert::{Documents, Outcome};
use forebay_parse::{FieldBudget, Guards, ParseConfig};
use forebay_record::{RawEvent, RawTemplate};
use forebay_rules::{CompileOptions, Lane, NewTargets, RuleFiles, Rules, Setting, compile};
use maxminddb_writer::Database;
use maxminddb_writer::metadata::IpVersion;
use maxminddb_writer::paths::IpAddrWithMask;
use serde_json::json;

// What the parser runs with: rules allocate, so the allocator is part of the figure.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const EVENTS: usize = 20_000;
const ROUNDS: usize = 15;
/// 2026-07-28T09:00:00Z, behind all lines.
const NOW_MS: i64 = 1_785_229_200_000;

/// A linear congruential generator: the same lines on every run.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/125.0 Safari/537.36",
    "Wget/1.24.5",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "Go-http-client/2.0",
];
const ROUTES: [&str; 4] = ["/v1/rooms/", "/v2/invoices/", "/internal/queue/", "/search?page=3&q="];

fn json_line(seeded: &mut Seeded, at: usize) -> String {
    format!(
        concat!(
            r#"{{"timestamp":"2026-07-28T08:{:02}:{:02}.{:03}Z","level":"{}","service":"{}","host":"node-{}-{:03}","#,
            r#""request_id":"{:016x}","method":"{}","path":"{}{}","status":{},"duration_ms":{}.{:02},"#,
            r#""user_agent":"{}","message":"{}{}"}}"#
        ),
        at / 60 % 60,
        at % 60,
        seeded.below(1000),
        seeded.pick(&["info", "info", "debug", "warn"]),
        seeded.pick(&["booking", "ledger", "mailer"]),
        seeded.below(9),
        seeded.below(200),
        seeded.below(u64::MAX),
        seeded.pick(&["GET", "GET", "POST"]),
        seeded.pick(&ROUTES),
        seeded.below(1_000_000),
        seeded.pick(&["200", "200", "201", "404", "503"]),
        seeded.below(180),
        seeded.below(100),
        seeded.pick(&AGENTS),
        seeded.pick(&[
            "handled in time",
            "row lock waited for by tenant ",
            "invoice has no \\\"total\\\": number "
        ]),
        seeded.below(100_000),
    )
}

fn access_line(seeded: &mut Seeded, at: usize) -> String {
    format!(
        r#"{}.{}.{}.{} - {} [28/Jul/2026:08:{:02}:{:02} +0000] "{} {}{} HTTP/1.1" {} {} "{}" "{}""#,
        1 + seeded.below(222),
        seeded.below(256),
        seeded.below(256),
        seeded.below(256),
        seeded.pick(&["-", "-", "erin"]),
        at / 60 % 60,
        at % 60,
        seeded.pick(&["GET", "GET", "POST"]),
        seeded.pick(&ROUTES),
        seeded.below(1_000_000),
        seeded.pick(&["200", "200", "302", "404", "502"]),
        seeded.below(60_000),
        seeded.pick(&["-", "https://rooms.example/offers/summer"]),
        seeded.pick(&AGENTS)
    )
}

/// A place for each network of 65,536 IPv4 addresses: 5,000 places.
fn cities() -> Vec<u8> {
    let mut database = Database::default();
    "GeoLite2-City".clone_into(&mut database.metadata.database_type);
    database.metadata.ip_version = IpVersion::V6;
    database.metadata.binary_format_major_version = 2;
    for record in 0..5_000_u32 {
        let place: BTreeMap<String, serde_json::Value> = serde_json::from_value(json!({
            "city": {"names": {"en": format!("City {record}")}},
            "continent": {"code": "EU", "names": {"en": "Europe"}},
            "country": {"iso_code": "DE", "names": {"en": "Germany"}},
            "location": {"latitude": 48.1, "longitude": 11.5, "time_zone": "Europe/Berlin"},
            "subdivisions": [{"iso_code": "BY", "names": {"en": "Bavaria"}}],
        }))
        .unwrap();
        let place = database.insert_value(&place).unwrap();
        for network in (record..57_344).step_by(5_000) {
            database.insert_node(format!("::{network:x}:0/112").parse::<IpAddrWithMask>().unwrap(), place);
        }
    }
    database.write_to(Vec::new()).unwrap()
}

/// Nanoseconds that this thread has run.
fn cpu_ns(start: Instant) -> u64 {
    let scheduler = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let on_cpu = scheduler.and_then(|text| text.split_whitespace().next()?.parse().ok());
    on_cpu.unwrap_or_else(|| u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

fn rules(rule: Option<&str>) -> Arc<Rules> {
    let mut files = RuleFiles::new();
    if let Some(rule) = rule {
        files.add("10-bench.yaml", rule.as_bytes().to_vec());
        files.add("city.mmdb", cities());
    }
    match compile(&files, &CompileOptions::default()) {
        Ok((rules, _warnings)) => Arc::new(rules),
        Err(problems) => {
            panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }
    }
}

fn measure(name: &str, format: &str, rule: Option<&str>, line: fn(&mut Seeded, usize) -> String) {
    let only = std::env::args().nth(1).filter(|only| !only.starts_with('-'));
    if only.is_some_and(|only| !name.contains(&only)) {
        return;
    }
    let mut seeded = Seeded(20_260_728);
    let shared = RawEvent {
        tenant: "acme",
        source: "http",
        format,
        received_at: u64::try_from(NOW_MS).unwrap() * 1_000_000,
        stream: "10.0.0.1/app",
        ..RawEvent::default()
    };
    let template = RawTemplate::new(&shared);
    let records: Vec<Vec<u8>> = (0..EVENTS)
        .map(|at| {
            let mut record = Vec::new();
            template.push(&mut record, &format!("018f-{at:032}"), line(&mut seeded, at).as_bytes());
            record
        })
        .collect();
    let budget = FieldBudget::new(FieldBudget::MAX_PATHS, FieldBudget::MAX_TARGETS);
    let setting = Setting {
        parse: ParseConfig::default(),
        guards: Guards { budget: Some(budget), ..Guards::default() },
        targets: Arc::new(NewTargets::new(100)),
    };
    let mut lane = Lane::new(rules(rule), &setting).unwrap();
    let mut documents = Documents::default();
    let mut rounds: Vec<u64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let before = cpu_ns(start);
            for record in &records {
                documents.clear();
                let event = RawEvent::read(record).unwrap();
                let outcome = lane.apply(&event, NOW_MS, &mut documents);
                assert!(matches!(outcome, Outcome::Documents), "{outcome:?}");
            }
            (cpu_ns(start) - before) / EVENTS as u64
        })
        .collect();
    rounds.sort_unstable();
    println!("{name:<24} {:>5} ns/event best, {:>5} median", rounds[0], rounds[ROUNDS / 2]);
}

fn main() {
    let rule = |text| Some(text);
    measure("json", "json", None, json_line);
    measure("json, vrl", "json", rule(include_str!("../../../../load/rules/vrl.yaml")), json_line);
    measure("json, mask", "json", rule(include_str!("../../../../load/rules/mask.yaml")), json_line);
    measure("json, route", "json", rule("steps:\n  - route: {target: web}\n"), json_line);
    measure("json, untouched value", "json", rule("steps:\n  - vrl: 'true'\n"), json_line);
    measure("combined", "combined", None, access_line);
    measure("combined, untouched value", "combined", rule("steps:\n  - vrl: 'true'\n"), access_line);
    measure(
        "combined, geoip",
        "combined",
        rule(include_str!("../../../../load/rules/geoip.yaml")),
        access_line,
    );
    measure(
        "combined, mask",
        "combined",
        rule(include_str!("../../../../load/rules/mask.yaml")),
        access_line,
    );
}
