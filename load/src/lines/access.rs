//! A line of nginx's access log in the form `combined`
//! (<https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format>).

use std::io::Write;

use jiff::Timestamp;

use super::random::Random;

const METHODS: &[&str] = &["GET", "POST", "HEAD", "PUT"];
const ROUTES: &[&str] =
    &["/rooms/", "/assets/main.css?v=", "/search?page=3&q=", "/account/orders/", "/img/", "/status?n="];
const USERS: &[&str] = &["-", "-", "-", "erin", "dave"];
const REFERRERS: &[&str] =
    &["-", "-", "https://rooms.example/offers/summer", "https://www.example.org/offers?id=7"];
const CLIENTS: &[&str] = &[
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/125.0 Safari/537.36",
    "Wget/1.24.5",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "Go-http-client/2.0",
];

pub(super) fn push(time: Timestamp, random: &mut Random, out: &mut Vec<u8>) {
    let status = match random.below(100) {
        0..85 => 200,
        85..90 => 304,
        90..93 => 302,
        93..98 => 404,
        _ => 502,
    };
    // Writing to a Vec can't fail.
    let _infallible = write!(
        out,
        r#"{}.{}.{}.{} - {} [{}] "{} {}{} HTTP/1.1" {} {} "{}" "{}""#,
        1 + random.below(222),
        random.below(256),
        random.below(256),
        random.below(256),
        random.one_of(USERS),
        time.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        random.mostly(70, METHODS),
        random.one_of(ROUTES),
        random.below(1_000_000),
        status,
        random.below(60_000),
        random.one_of(REFERRERS),
        random.one_of(CLIENTS),
    );
}
