//! An application's JSON line: eleven fields, as a web service writes them.

use std::io::Write;

use jiff::Timestamp;

use super::random::Random;
use super::request_id;

const SERVICES: &[&str] =
    &["booking", "ledger", "mailer", "profile", "pricing", "stock", "thumbnails", "webhooks"];
const LEVELS: &[&str] = &["info", "debug", "warn", "error"];
const METHODS: &[&str] = &["GET", "POST", "PATCH", "DELETE"];
const ROUTES: &[&str] =
    &["/v1/rooms/", "/v1/guests/", "/v2/invoices/", "/v1/rates/daily/", "/internal/queue/", "/v1/photos/"];
const CLIENTS: &[&str] = &[
    "Mozilla/5.0 (Macintosh; Mac OS X 14_5) AppleWebKit/605.1.15 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/125.0 Safari/537.36",
    "Go-http-client/2.0",
    "axios/1.7.2",
];
const MESSAGES: &[&str] = &[
    "handled in time",
    "row lock waited for by tenant ",
    "falling back to replica ",
    "invoice has no \\\"total\\\": number ",
    "rate plan rebuilt for property ",
];

pub(super) fn push(time: Timestamp, random: &mut Random, n: u64, out: &mut Vec<u8>) {
    let status = match random.below(100) {
        0..84 => 200,
        84..91 => 201,
        91..94 => 304,
        94..98 => 404,
        98 => 500,
        _ => 503,
    };
    // Writing to a Vec can't fail.
    let _infallible = write!(
        out,
        concat!(
            r#"{{"timestamp":"{}","level":"{}","service":"{}","host":"node-{}-{:03}","request_id":"{}","#,
            r#""method":"{}","path":"{}{}","status":{},"duration_ms":{}.{:02},"user_agent":"{}","message":"{}{}"}}"#
        ),
        time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
        random.mostly(75, LEVELS),
        random.one_of(SERVICES),
        random.below(9),
        random.below(200),
        request_id(n),
        random.mostly(60, METHODS),
        random.one_of(ROUTES),
        random.below(1_000_000),
        status,
        random.below(180),
        random.below(100),
        random.one_of(CLIENTS),
        random.one_of(MESSAGES),
        random.below(100_000),
    );
}
