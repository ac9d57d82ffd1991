//! What the generated lines are made of.

use rand::seq::IndexedRandom;
use rand::{Rng, RngCore};

pub(super) const HOSTS: [&str; 8] =
    ["web-1", "web-2", "web-3", "api-1", "api-2", "db-1", "queue-1", "cron-1"];

pub(super) const SERVICES: [&str; 6] = ["checkout", "catalog", "payments", "search", "accounts", "shipping"];

pub(super) const USERS: [&str; 6] = ["alice", "bob", "carol", "dave", "erin", "mallory"];

pub(super) const PATHS: [&str; 10] = [
    "/",
    "/api/v1/cart",
    "/api/v1/orders",
    "/api/v1/products?page=3&sort=price",
    "/api/v1/payments/confirm",
    "/login",
    "/assets/app-4f2c.js",
    "/assets/site-91ab.css",
    "/healthz",
    "/search?q=red%20shoes&limit=50",
];

pub(super) const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "curl/8.14.1",
    "Go-http-client/2.0",
];

/// One of `choices`. They are constants with members; an empty choice would show as an empty word.
pub(super) fn pick<'a>(random: &mut impl Rng, choices: &[&'a str]) -> &'a str {
    choices.choose(random).copied().unwrap_or_default()
}

/// A status as web servers give them: mostly fine.
pub(super) fn status(random: &mut impl Rng) -> u16 {
    match random.random_range(0..1000) {
        0..850 => 200,
        850..900 => 304,
        900..930 => 201,
        930..955 => 302,
        955..980 => 404,
        980..988 => 401,
        988..994 => 429,
        994..998 => 500,
        _ => 503,
    }
}

/// A response time in milliseconds: most are short, a few are long.
pub(super) fn millis(random: &mut impl Rng) -> u64 {
    let base = random.random_range(2..80);
    if random.random_ratio(1, 50) { base * random.random_range(10..80) } else { base }
}

/// An address of the ranges that are set aside for documentation (RFC 5737) or private use.
pub(super) fn address(random: &mut impl Rng) -> String {
    let last = random.random_range(1..255);
    match random.random_range(0..3) {
        0 => format!("203.0.113.{last}"),
        1 => format!("198.51.100.{last}"),
        _ => format!("10.{}.{}.{last}", random.random_range(0..4), random.random_range(0..256)),
    }
}

/// An identifier of 32 hexadecimal digits.
pub(super) fn trace(random: &mut impl RngCore) -> String {
    format!("{:016x}{:016x}", random.next_u64(), random.next_u64())
}
