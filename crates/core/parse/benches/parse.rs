//! What parsing costs: CPU nanoseconds per event, everything included from the record's bytes to the document's.
//!
//! `cargo bench -p forebay-parse`; with `-- json` behind it, the rows that have that in their names. The lines are made
//! here from a fixed seed and look like those of the load tests. CPU time is the scheduler's count for this thread; it
//! swells when the other cores are busy, so the best of several rounds is printed beside the median.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a bench prints, and may stop")]

use std::time::Instant;

use forebay_parse::{
    FieldBudget, Guards, NamedColumns, NamedGrok, ParseConfig, Parsed, Parser, ReadEvent, WriteOptions,
};
use forebay_record::{RawEvent, RawTemplate};

const EVENTS: usize = 20_000;
const ROUNDS: usize = 15;
/// 2026-07-28T09:00:00Z, behind all lines.
const RECEIVED_MS: i64 = 1_785_229_200_000;

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
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
    "curl/8.5.0",
    "kube-probe/1.30",
    "python-requests/2.32.3",
];
const METHODS: [&str; 4] = ["GET", "GET", "POST", "DELETE"];
const STATUS: [&str; 5] = ["200", "200", "201", "404", "503"];

fn path(seeded: &mut Seeded) -> String {
    format!("/api/v1/{}/{}/lines", seeded.pick(&["items", "cart", "users"]), seeded.below(1_000_000))
}

fn json_line(seeded: &mut Seeded, at: usize) -> String {
    let message = match seeded.below(4) {
        0 => "request completed".to_owned(),
        1 => format!("cache miss for key user:{}", seeded.below(100_000)),
        2 => format!("could not parse \\\"amount\\\" for order {}: invalid number", seeded.below(100_000)),
        _ => format!("payment authorised for order {}", seeded.below(100_000)),
    };
    format!(
        concat!(
            r#"{{"timestamp":"2026-07-28T08:{:02}:{:02}.{:03}Z","level":"{}","service":"{}","host":"ip-10-0-{}-{}","#,
            r#""request_id":"{:016x}","method":"{}","path":"{}","status":{},"latency_ms":{}.{:02},"#,
            r#""user_agent":"{}","message":"{}"}}"#
        ),
        at / 60 % 60,
        at % 60,
        seeded.below(1000),
        seeded.pick(&["INFO", "INFO", "DEBUG", "WARN"]),
        seeded.pick(&["checkout", "cart", "payments"]),
        seeded.below(8),
        seeded.below(250),
        seeded.below(u64::MAX),
        seeded.pick(&METHODS),
        path(seeded),
        seeded.pick(&STATUS),
        seeded.below(200),
        seeded.below(100),
        seeded.pick(&AGENTS),
        message
    )
}

fn nginx_line(seeded: &mut Seeded, at: usize) -> String {
    format!(
        r#"{}.{}.{}.{} - {} [28/Jul/2026:08:{:02}:{:02} +0000] "{} {} HTTP/1.1" {} {} "{}" "{}""#,
        1 + seeded.below(223),
        seeded.below(256),
        seeded.below(256),
        seeded.below(256),
        seeded.pick(&["-", "-", "alice"]),
        at / 60 % 60,
        at % 60,
        seeded.pick(&METHODS),
        path(seeded),
        seeded.pick(&STATUS),
        seeded.below(50_000),
        seeded.pick(&["-", "https://shop.example.com/cart?x=1"]),
        seeded.pick(&AGENTS)
    )
}

fn syslog_line(seeded: &mut Seeded, at: usize) -> String {
    format!(
        "<{}>Jul 28 08:{:02}:{:02} web-{} app[{}]: connection from 10.0.0.{} closed by peer",
        seeded.below(192),
        at / 60 % 60,
        at % 60,
        seeded.below(20),
        seeded.below(30_000),
        seeded.below(250)
    )
}

/// A line of each further format; `#` stands for a number that differs from line to line.
const LINES: &[(&str, &str)] = &[
    (
        "logfmt",
        r#"time=2026-07-28T08:40:00.#Z level=info msg="request completed" service=cart status=200 took=0.# id=a#"#,
    ),
    ("key_value", r#"level=info, user=bob, ip=10.0.0.1, reason="no route, really", took=0.#, id=a#"#),
    ("csv:bench", r#"2026-07-28T08:40:00Z,info,bob,0.#,"a ""quoted"" text""#),
    (
        "cef",
        "CEF:0|Acme|Gate|1.2|100|Worm stopped|10|src=10.0.0.1 dst=2.1.2.2 spt=# act=blocked msg=a text of some words cs1=a b cs1Label=Policy",
    ),
    (
        "leef",
        "LEEF:1.0|Acme|Mail|4.0|15345|src=192.0.2.0\tdst=172.50.123.1\tsev=5\tcat=anomaly\tsrcPort=#\tusrName=joe.black",
    ),
    (
        "gelf",
        r#"{"version":"1.1","host":"web-1","short_message":"request #","timestamp":1785228000.25,"level":6,"_user_id":#,"_path":"/a"}"#,
    ),
    (
        "klog",
        r#"I0728 08:40:00.525108    4711 kubelet.go:2451] "Pod status updated" pod="shop/web-#" status="ready""#,
    ),
    (
        "docker",
        r#"{"log":"request # done in \"time\"\n","stream":"stdout","time":"2026-07-28T08:40:00.123456789Z"}"#,
    ),
    ("cri", "2026-07-28T08:40:00.669794202+00:00 stdout F request # done in time"),
    (
        "haproxy",
        r#"10.0.1.2:# [28/Jul/2026:08:40:00.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {a|b} {} "GET /index.html?# HTTP/1.1""#,
    ),
    (
        "aws_alb",
        r#"https 2026-07-28T08:40:00.364000Z app/shop/50dc 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 34 # "GET https://shop.example.com:443/a?b=# HTTP/1.1" "curl/8.5.0" ECDHE-RSA TLSv1.2 arn:aws:t "Root=1-58337262" "shop.example.com" "-" 0 2026-07-28T08:40:00.300000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1"#,
    ),
    (
        "aws_elb",
        r#"2026-07-28T08:40:00.945958Z my-lb 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 # "GET http://www.example.com:80/# HTTP/1.1" "curl/8.5.0" - -"#,
    ),
    (
        "cloudfront",
        "2026-07-28\t08:40:00\tLAX1\t#\t192.0.2.24\tGET\td111.cloudfront.net\t/view/#\t200\t-\tMozilla/4.0%20(compatible)\ta=b\t-\tHit\tRC4VN\twww.example.com\thttps\t23\t0.001\t-\tTLSv1.2\tECDHE-RSA\tHit\tHTTP/2.0\t-\t-\t52366\t0.001\tHit\ttext/html\t78\t-\t-",
    ),
    (
        "vpc_flow",
        "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 # 1785227900 1785228000 ACCEPT OK",
    ),
    (
        "iptables",
        "IN=eth0 OUT= MAC=00:16:3e:00:00:01:00:16:3e:00:00:02:08:00 SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x00 TTL=64 ID=# DF PROTO=TCP SPT=45678 DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0",
    ),
    (
        "auditd",
        r#"type=SYSCALL msg=audit(1785228000.243:#): arch=c000003e syscall=2 success=no exit=-13 a0=7fff ppid=2686 pid=3538 auid=1000 uid=0 comm="cat" exe="/bin/cat" key=(null)"#,
    ),
    (
        "journald",
        "__CURSOR=s=1;i=#\n__REALTIME_TIMESTAMP=1785228000250001\n_BOOT_ID=ab\nPRIORITY=6\nMESSAGE=request # done in time\nSYSLOG_IDENTIFIER=app\n_PID=77\n_HOSTNAME=web-1\n_UID=1000\n",
    ),
    (
        "java",
        "2026-07-28T08:40:00.251Z  INFO 4711 --- [shop] [nio-8080-exec-#] com.example.shop.CartController          : order # is paid",
    ),
    (
        "kafka",
        "[2026-07-28 08:40:00,867] INFO [QuorumController id=1] Replayed partition # of topic events (org.apache.kafka.controller.ReplicationControlManager)",
    ),
    (
        "elasticsearch",
        "[2026-07-28T08:40:00,885][INFO ][o.e.c.m.MetadataMappingService] [es-1] [shop/IuOwhOPkT_qcpqTg3KOZNA] update_mapping #",
    ),
    (
        "stack_trace",
        "java.lang.RuntimeException: order # failed\n\tat com.example.Shop.run(Shop.java:4)\n\tat com.example.Shop.main(Shop.java:7)\nCaused by: java.lang.IllegalStateException: no price\n\tat com.example.Shop$Cart.charge(Shop.java:3)\n\t... 2 more",
    ),
    ("python", "2026-07-28 08:40:00,842 - shop.cart - WARNING - retrying order #: timeout"),
    ("postgresql", "2026-07-28 08:40:00.862 UTC [#] app@shop LOG:  duration: 10.610 ms  statement: select 1"),
    (
        "mysql",
        "2026-07-28T08:40:00.123456Z # [Warning] [MY-010055] [Server] IP address '10.0.0.7' could not be resolved",
    ),
    ("redis", "21174:M 28 Jul 2026 08:40:00.616 * # changes in 60 seconds. Saving..."),
    (
        "kubernetes_audit",
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"c7e4c787-#","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/secrets","verb":"list","user":{"username":"jane","groups":["dev","system:authenticated"]},"sourceIPs":["127.0.0.1"],"userAgent":"curl/7.88.1","objectRef":{"resource":"secrets","namespace":"shop","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":403},"requestReceivedTimestamp":"2026-07-28T08:40:00.438647Z","stageTimestamp":"2026-07-28T08:40:00.439170Z","annotations":{"authorization.k8s.io/decision":"forbid"}}"#,
    ),
    (
        "windows_event",
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Service Control Manager'/><EventID>7036</EventID><Level>4</Level><Keywords>0x8080000000000000</Keywords><TimeCreated SystemTime='2026-07-28T08:40:00.1234567Z'/><EventRecordID>#</EventRecordID><Channel>System</Channel><Computer>pc1</Computer></System><EventData><Data Name='param1'>WMI</Data><Data Name='param2'>running</Data></EventData></Event>",
    ),
    (
        "grok:bench",
        r#"203.0.113.7 - alice [28/Jul/2026:08:40:00 +0000] "GET /a?b=# HTTP/1.1" 200 5316 "https://example.com/" "curl/8.5.0""#,
    ),
];

/// Nanoseconds that this thread has run.
fn cpu_ns(start: Instant) -> u64 {
    let scheduler = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let on_cpu = scheduler.and_then(|text| text.split_whitespace().next()?.parse().ok());
    on_cpu.unwrap_or_else(|| u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

/// What is measured.
#[derive(Clone, Copy)]
enum Way {
    /// `Parser::parse`.
    Parse,
    /// The same, with guards.
    Guarded,
    /// `Parser::read` and the drop of the value.
    Read,
    /// `Parser::read` and `Parser::write`, the value untouched.
    ReadWrite,
}

fn measure(name: &str, format: &str, line: impl Fn(&mut Seeded, usize) -> String) {
    measure_way(name, format, line, Way::Parse);
}

fn measure_way(name: &str, format: &str, line: impl Fn(&mut Seeded, usize) -> String, way: Way) {
    let only = std::env::args().nth(1).filter(|only| !only.starts_with('-'));
    if only.is_some_and(|only| !name.contains(&only)) {
        return;
    }
    let mut seeded = Seeded(20_260_728);
    let shared = RawEvent {
        tenant: "acme",
        source: "http",
        format,
        received_at: u64::try_from(RECEIVED_MS).unwrap() * 1_000_000,
        stream: "10.0.0.1/app",
        ..RawEvent::default()
    };
    let template = RawTemplate::new(&shared);
    let mut bytes = 0;
    let records: Vec<Vec<u8>> = (0..EVENTS)
        .map(|at| {
            let mut record = Vec::new();
            let line = line(&mut seeded, at);
            bytes += line.len();
            template.push(&mut record, &format!("018f-{at:032}"), line.as_bytes());
            record
        })
        .collect();
    let columns = ["time", "level", "user.name", "took", "message"].map(str::to_owned).to_vec();
    let csvs = vec![NamedColumns { name: "bench".to_owned(), columns, delimiter: ',' }];
    let groks = vec![NamedGrok { name: "bench".to_owned(), pattern: "%{COMBINEDAPACHELOG}".to_owned() }];
    let mut parser = Parser::new(ParseConfig { csvs, groks, ..ParseConfig::default() }).unwrap();
    if !matches!(way, Way::Parse) {
        let budget = FieldBudget::new(FieldBudget::MAX_PATHS, FieldBudget::MAX_TARGETS);
        parser.set_guards(Guards { budget: Some(budget), all_events: true, ..Guards::default() });
    }
    let (mut out, mut read) = (Parsed::default(), ReadEvent::default());
    let options =
        WriteOptions { labels: &[("rules_revision", "0123456789abcdef")], ..WriteOptions::default() };
    let mut rounds: Vec<u64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let before = cpu_ns(start);
            for (at, record) in records.iter().enumerate() {
                if at % 500 == 0 {
                    out.document.clear();
                }
                let event = RawEvent::read(record).unwrap();
                match way {
                    Way::Parse | Way::Guarded => parser.parse(&event, RECEIVED_MS, &mut out).unwrap(),
                    Way::Read => parser.read(&event, None, RECEIVED_MS, &mut read).unwrap(),
                    Way::ReadWrite => {
                        parser.read(&event, None, RECEIVED_MS, &mut read).unwrap();
                        let ReadEvent { value, origin } = &read;
                        parser.write(&event, value, origin, &options, RECEIVED_MS, &mut out).unwrap();
                    }
                }
            }
            (cpu_ns(start) - before) / EVENTS as u64
        })
        .collect();
    rounds.sort_unstable();
    println!(
        "{name:<16} {:>5} B/event in, {:>5} ns/event best, {:>5} median",
        bytes / EVENTS,
        rounds[0],
        rounds[ROUNDS / 2]
    );
}

fn main() {
    measure("json", "json", json_line);
    measure("json, auto", "", json_line);
    measure("combined", "combined", nginx_line);
    measure("combined, auto", "", nginx_line);
    measure("syslog, auto", "", syslog_line);
    measure("raw", "raw", syslog_line);
    measure_way("json, guards", "json", json_line, Way::Guarded);
    measure_way("combined, guards", "combined", nginx_line, Way::Guarded);
    measure_way("json, read", "json", json_line, Way::Read);
    measure_way("json, r+w", "json", json_line, Way::ReadWrite);
    measure_way("combined, read", "combined", nginx_line, Way::Read);
    measure_way("combined, r+w", "combined", nginx_line, Way::ReadWrite);
    for (format, line) in LINES {
        measure(format, format, |seeded, _| line.replace('#', &(1 + seeded.below(60_000)).to_string()));
    }
}
