//! What a look-up costs: CPU nanoseconds, the clone of what was found included where it says so.
//!
//! `cargo bench -p forebay-enrich`. Inputs are made here from a fixed seed. CPU time is the scheduler's count for this
//! thread; it swells when the other cores are busy, so the best of several rounds is printed beside the median.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and may stop")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::net::IpAddr;
use std::time::Instant;

use forebay_enrich::{
    Agent, GeoCache, GeoDatabase, Kubernetes, KubernetesConfig, Matching, Table, TableConfig, TableLimits,
    UserAgentCache, fields::merge, split_domain, user_agent,
};
use maxminddb_writer::Database;
use maxminddb_writer::metadata::IpVersion;
use maxminddb_writer::paths::IpAddrWithMask;
use serde_json::json;
use vrl::value::Value;

const ROUNDS: usize = 9;
/// The shortest round, in nanoseconds.
const ROUND_NS: u64 = 100_000_000;
const LOOKUPS: usize = 20_000;

/// A linear congruential generator: the same inputs on every run.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn octet(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }
}

/// Nanoseconds that this thread has run.
fn cpu_ns(start: Instant) -> u64 {
    let scheduler = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let on_cpu = scheduler.and_then(|text| text.split_whitespace().next()?.parse().ok());
    on_cpu.unwrap_or_else(|| u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

fn measure<T, R>(name: &str, inputs: &[T], mut look_up: impl FnMut(&T) -> R) {
    let mut round = |times: u64| {
        let start = Instant::now();
        let before = cpu_ns(start);
        for _ in 0..times {
            for input in inputs {
                black_box(look_up(black_box(input)));
            }
        }
        cpu_ns(start) - before
    };
    // The scheduler counts in ticks of some milliseconds, so a round takes many of them.
    let mut times = 1;
    while round(times) < ROUND_NS {
        times *= 2;
    }
    let mut rounds: Vec<u64> = (0..ROUNDS).map(|_| round(times) / (times * inputs.len() as u64)).collect();
    rounds.sort_unstable();
    println!("{name:<44} {:>6} ns best, {:>6} median", rounds[0], rounds[ROUNDS / 2]);
}

fn names(en: &str) -> serde_json::Value {
    json!({"de": en, "en": en, "es": en, "fr": en, "ja": en, "pt-BR": en, "ru": en, "zh-CN": en})
}

/// 20,000 networks with 5,000 records like those of a city database, in eight languages.
fn cities(seeded: &mut Seeded) -> GeoDatabase {
    let mut database = Database::default();
    "GeoLite2-City".clone_into(&mut database.metadata.database_type);
    database.metadata.ip_version = IpVersion::V6;
    database.metadata.binary_format_major_version = 2;
    for record in 0..5_000_u32 {
        let city: BTreeMap<String, serde_json::Value> = serde_json::from_value(json!({
            "city": {"geoname_id": record, "names": names(&format!("City {record}"))},
            "continent": {"code": "EU", "geoname_id": 1, "names": names("Europe")},
            "country": {"geoname_id": 2, "is_in_european_union": true, "iso_code": "DE", "names": names("Germany")},
            "location": {"accuracy_radius": 50, "latitude": 48.1, "longitude": 11.5, "time_zone": "Europe/Berlin"},
            "postal": {"code": "80331"},
            "registered_country": {"geoname_id": 2, "iso_code": "DE", "names": names("Germany")},
            "subdivisions": [{"geoname_id": 3, "iso_code": "BY", "names": names("Bavaria")}],
        }))
        .unwrap();
        let place = database.insert_value(&city).unwrap();
        for _ in 0..4 {
            let network =
                format!("::{:x}{:02x}:{:02x}00/120", 11 + seeded.below(80), seeded.octet(), seeded.octet());
            database.insert_node(network.parse::<IpAddrWithMask>().unwrap(), place);
        }
    }
    GeoDatabase::load("city.mmdb", database.write_to(Vec::new()).unwrap()).unwrap()
}

/// Headers of 500 kinds, the first far more often than the last.
fn agents(seeded: &mut Seeded) -> Vec<String> {
    let kinds: Vec<String> = (0..500)
        .map(|kind| {
            let (major, minor) = (60 + kind % 70, kind % 7);
            match kind % 6 {
                0 => format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.{kind}.{minor} Safari/537.36"),
                1 => format!("Mozilla/5.0 (iPhone; CPU iPhone OS 17_{minor} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{major}.{kind} Mobile/15E148 Safari/604.1"),
                2 => format!("Mozilla/5.0 (Linux; Android 14; SM-S{kind}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Mobile Safari/537.36"),
                3 => format!("Mozilla/5.0 (X11; Linux x86_64; rv:{major}.{kind}) Gecko/20100101 Firefox/{major}.{kind}"),
                4 => format!("Mozilla/5.0 (compatible; Examplebot/{kind}.{minor}; +http://www.example.com/bot.html)"),
                _ => format!("client-{kind}/{major}.{minor} (linux/amd64) library/{minor}"),
            }
        })
        .collect();
    let weights: Vec<u64> = (1..=500).map(|rank| 1_000_000 / rank).collect();
    let all: u64 = weights.iter().sum();
    (0..LOOKUPS)
        .map(|_| {
            let mut at = seeded.below(all);
            let kind = weights.iter().position(|weight| {
                let found = at < *weight;
                at = at.saturating_sub(*weight);
                found
            });
            kinds[kind.unwrap()].clone()
        })
        .collect()
}

fn main() {
    let mut seeded = Seeded(20_261_121);
    geo(&mut seeded);
    headers(&mut seeded);
    tables(&mut seeded);
    let hosts: Vec<String> = (0..1000).map(|at| format!("www{at}.shop.example.co.uk")).collect();
    measure("domain", &hosts, |host| split_domain(host).map(|parts| parts.to_value()));
    let event = Value::from(json!({"message": "x", "kubernetes": {
        "pod_name": "web-7d4b9-x2x1z", "namespace_name": "shop", "pod_id": "0f9e", "host": "node-1",
        "container_name": "nginx", "container_image": "nginx:1.25", "labels": {"app.kubernetes.io/name": "web", "tier": "a"},
    }}));
    let kubernetes = Kubernetes::new(&KubernetesConfig::default());
    let events = vec![event; 1000];
    measure("kubernetes, with clone of event and merge", &events, |event| {
        let mut event = event.clone();
        let facts = kubernetes.take(&mut event, [], None).unwrap();
        merge(&mut event, facts);
        event
    });
}

fn geo(seeded: &mut Seeded) {
    let database = cities(seeded);
    let mut cache = GeoCache::with_entries(1);
    let mut known = Vec::new();
    while known.len() < LOOKUPS {
        let network =
            [11 + u8::try_from(seeded.below(80)).unwrap(), seeded.octet(), seeded.octet(), seeded.octet()];
        let address = IpAddr::from(network);
        if database.find(&address, &mut cache).is_some() {
            known.push(address);
        }
    }
    measure("geoip, nothing cached", &known, |address| database.find(address, &mut cache));
    let mut cache = GeoCache::default();
    measure("geoip, 20,000 addresses, 5,000 records", &known, |address| database.find(address, &mut cache));
    let few: Vec<IpAddr> = known.iter().take(1000).cycle().take(LOOKUPS).copied().collect();
    let mut cache = GeoCache::default();
    measure("geoip, cached", &few, |address| database.find(address, &mut cache));
    measure("geoip, cached, with clone", &few, |address| {
        database.find(address, &mut cache).map(|geo| (*geo).clone())
    });
}

fn headers(seeded: &mut Seeded) {
    let agents = agents(seeded);
    measure("user agent, not cached", &agents, |agent| Agent::parse(agent).map(|agent| agent.to_value()));
    for entries in [64, 2048] {
        let mut cache = UserAgentCache::new(entries, 1 << 20);
        let mut counted = UserAgentCache::new(entries, 1 << 20);
        for agent in &agents {
            let _value = user_agent(agent, &mut counted);
        }
        println!(
            "user agent, cache of {entries}: {} % hits",
            100 - counted.misses() * 100 / agents.len() as u64
        );
        measure(&format!("user agent, cache of {entries}"), &agents, |agent| user_agent(agent, &mut cache));
        measure(&format!("user agent, cache of {entries}, with clone"), &agents, |agent| {
            user_agent(agent, &mut cache).map(|agent| (*agent).clone())
        });
    }
}

fn tables(seeded: &mut Seeded) {
    let rows: String =
        (0..100_000).map(|at| format!("host-{at},team-{},rack-{}\n", at % 50, at % 400)).collect();
    let limits = TableLimits::default();
    let read = Instant::now();
    let text = format!("host,team,rack\n{rows}");
    let table = Table::read("hosts.csv", text.as_bytes(), &TableConfig::by("host"), &limits).unwrap();
    println!(
        "table of 100,000 rows, {} KiB: read in {:?}, {} KiB",
        text.len() >> 10,
        read.elapsed(),
        table.memory() >> 10
    );
    let keys: Vec<String> = (0..LOOKUPS).map(|_| format!("host-{}", seeded.below(110_000))).collect();
    let columns = table.other_columns();
    measure("table, exact", &keys, |key| table.find(key).map(|row| row.to_value(&columns)));
    let networks: String =
        (0..20_000).map(|at| format!("10.{}.{}.0/24,zone-{}\n", at / 256, at % 256, at % 10)).collect();
    let config = TableConfig { matching: Matching::Network, ..TableConfig::by("net") };
    let table =
        Table::read("nets.csv", format!("net,zone\n{networks}").as_bytes(), &config, &limits).unwrap();
    let columns = table.other_columns();
    let addresses: Vec<IpAddr> =
        (0..LOOKUPS).map(|_| IpAddr::from([10, seeded.octet(), seeded.octet(), 1])).collect();
    measure("table, network", &addresses, |address| {
        table.find_address(address).map(|row| row.to_value(&columns))
    });
}
