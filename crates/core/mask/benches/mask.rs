//! What masking costs: CPU nanoseconds per line, with all detectors on, for lines that have something and lines that
//! don't.
//!
//! `cargo bench -p forebay-mask`. The lines are made here from a fixed seed, some 300 bytes each. CPU time is the
//! scheduler's count for this thread; it swells when the other cores are busy, so the best of several rounds is printed
//! beside the median.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and may stop")]

use std::time::Instant;

use forebay_mask::{CustomDetector, MaskConfig, Masker};

const EVENTS: usize = 20_000;
const ROUNDS: usize = 15;

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

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1",
    "python-requests/2.32.3",
];

fn nginx(seeded: &mut Seeded, client: &str, query: &str) -> String {
    format!(
        r#"{client} - - [28/Jul/2026:08:{:02}:{:02} +0000] "GET /api/v1/items/{}/lines{query} HTTP/1.1" {} {} "{}" "{}" rt=0.{:03} uct=0.000 urt=0.{:03} id={:016x}"#,
        seeded.below(60),
        seeded.below(60),
        seeded.below(1_000_000),
        seeded.pick(&["200", "200", "201", "404", "503"]),
        seeded.below(50_000),
        seeded.pick(&["-", "https://shop.example.com/cart?x=1"]),
        seeded.pick(&AGENTS),
        seeded.below(1000),
        seeded.below(1000),
        seeded.below(u64::MAX),
    )
}

fn nginx_clean(seeded: &mut Seeded) -> String {
    nginx(seeded, "unix:", "?page=2&sort=price")
}

fn nginx_hits(seeded: &mut Seeded) -> String {
    let client = format!(
        "{}.{}.{}.{}",
        1 + seeded.below(223),
        seeded.below(256),
        seeded.below(256),
        seeded.below(256)
    );
    let query =
        seeded.pick(&["?page=2", "?email=jane.doe%40example.com", "?token=9f86d081884c7d65", "?page=3"]);
    nginx(seeded, &client, query)
}

fn json(seeded: &mut Seeded, message: &str) -> String {
    format!(
        concat!(
            r#"{{"timestamp":"2026-07-28T08:{:02}:{:02}.{:03}Z","level":"{}","service":"{}","host":"ip-10-0-{}-{}","#,
            r#""request_id":"{:016x}","method":"GET","path":"/api/v1/cart/{}/lines","status":{},"latency_ms":{}.{:02},"#,
            r#""user_agent":"{}","message":"{}"}}"#
        ),
        seeded.below(60),
        seeded.below(60),
        seeded.below(1000),
        seeded.pick(&["INFO", "INFO", "DEBUG", "WARN"]),
        seeded.pick(&["checkout", "cart", "payments"]),
        seeded.below(8),
        seeded.below(250),
        seeded.below(u64::MAX),
        seeded.below(1_000_000),
        seeded.pick(&["200", "404", "503"]),
        seeded.below(200),
        seeded.below(100),
        seeded.pick(&["curl/8.5.0", "kube-probe/1.30", "Go-http-client/2.0"]),
        message
    )
}

fn json_clean(seeded: &mut Seeded) -> String {
    let message = seeded.pick(&[
        "request completed",
        "cache miss for key user:4711",
        "could not parse \\\"amount\\\" for order 88: invalid number",
        "payment authorised for order 1822",
    ]);
    json(seeded, message)
}

fn json_hits(seeded: &mut Seeded) -> String {
    let message = seeded.pick(&[
        "mail sent to jane.doe@example.com",
        "login failed, password=hunter2 from 192.0.2.17",
        "charged card 4111 1111 1111 1111",
        "calling https://app:s3cret@db.example.com/ with Authorization: Bearer 0123456789abcdef",
    ]);
    json(seeded, message)
}

fn app(seeded: &mut Seeded) -> String {
    format!(
        "2026-07-28 08:{:02}:{:02},{:03} {} [http-nio-8080-exec-{}] o.e.shop.checkout.CheckoutService - order {} of customer {} \
         has {} lines, total {}.{:02} EUR, took {} ms; trace={:016x}{:016x} span={:016x} node=ip-10-0-3-{} build=v1.{}.{} retries=0",
        seeded.below(60),
        seeded.below(60),
        seeded.below(1000),
        seeded.pick(&["INFO ", "WARN ", "DEBUG"]),
        seeded.below(50),
        seeded.below(10_000_000),
        seeded.below(10_000_000),
        seeded.below(30),
        seeded.below(3000),
        seeded.below(100),
        seeded.below(5000),
        seeded.below(u64::MAX),
        seeded.below(u64::MAX),
        seeded.below(u64::MAX),
        seeded.below(250),
        seeded.below(30),
        seeded.below(30),
    )
}

/// Nanoseconds that this thread has run.
fn cpu_ns(start: Instant) -> u64 {
    let scheduler = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let on_cpu = scheduler.and_then(|text| text.split_whitespace().next()?.parse().ok());
    on_cpu.unwrap_or_else(|| u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

fn measure(name: &str, masker: &Masker, line: fn(&mut Seeded) -> String) {
    let mut seeded = Seeded(20_260_728);
    let lines: Vec<_> = (0..EVENTS).map(|_| line(&mut seeded)).collect();
    let bytes: usize = lines.iter().map(String::len).sum();
    let mut cache = masker.cache();
    let mut out = String::new();
    let mut hits = 0;
    let mut rounds: Vec<u64> = (0..ROUNDS)
        .map(|_| {
            hits = 0;
            let start = Instant::now();
            let before = cpu_ns(start);
            for line in &lines {
                out.clear();
                hits += masker.mask(line, &mut cache, &mut out).total();
            }
            (cpu_ns(start) - before) / EVENTS as u64
        })
        .collect();
    rounds.sort_unstable();
    println!(
        "{name:<24} {:>4} B/line, {:>4.2} hits/line, {:>5} ns/line best, {:>5} median",
        bytes / EVENTS,
        hits as f64 / EVENTS as f64,
        rounds[0],
        rounds[ROUNDS / 2]
    );
}

/// What asking about the names of an event's fields costs.
fn names(masker: &Masker) {
    let fields = [
        "timestamp",
        "level",
        "service",
        "host",
        "request_id",
        "method",
        "path",
        "status",
        "user_agent",
        "sessionKey",
    ];
    let mut secret = 0;
    let best = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let before = cpu_ns(start);
            for _ in 0..EVENTS {
                secret += fields.iter().filter(|field| masker.is_secret_name(field)).count();
            }
            (cpu_ns(start) - before) / (EVENTS * fields.len()) as u64
        })
        .min();
    println!("{:<24} {} ns/name best, {secret} secret", "names of fields", best.unwrap_or(0));
}

fn main() {
    let start = Instant::now();
    let masker = Masker::new(&MaskConfig::default()).unwrap();
    println!("all detectors compiled in {} ms", start.elapsed().as_millis());
    measure("nginx, clean", &masker, nginx_clean);
    measure("nginx, hits", &masker, nginx_hits);
    measure("json, clean", &masker, json_clean);
    measure("json, hits", &masker, json_hits);
    measure("app, clean", &masker, app);
    names(&masker);
    let custom =
        CustomDetector { name: "order_no".to_owned(), pattern: r"\bKD-[0-9]{6,8}\b".to_owned(), mode: None };
    let masker = Masker::new(&MaskConfig { custom: vec![custom], ..MaskConfig::default() }).unwrap();
    measure("json, clean, 1 custom", &masker, json_clean);
}
