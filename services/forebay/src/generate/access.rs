//! nginx's combined log format.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rand::Rng;

use super::words::{AGENTS, PATHS, USERS, address, pick, status};

pub(super) fn push(out: &mut String, random: &mut impl Rng, now_ms: i64) {
    let time = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC);
    let time = time.strftime("%d/%b/%Y:%H:%M:%S %z");
    let client = address(random);
    let user = if random.random_ratio(1, 10) { pick(random, &USERS) } else { "-" };
    let method = if random.random_ratio(1, 5) { "POST" } else { "GET" };
    let (path, status) = (pick(random, &PATHS), status(random));
    let bytes = if status == 304 { 0 } else { random.random_range(80..40_000) };
    let referrer = if random.random_ratio(1, 3) { "https://shop.example/catalog" } else { "-" };
    let agent = pick(random, &AGENTS);
    // Writing to a String can't fail.
    let _infallible = write!(
        out,
        r#"{client} - {user} [{time}] "{method} {path} HTTP/1.1" {status} {bytes} "{referrer}" "{agent}""#
    );
}
