//! An application's JSON lines, about 300 bytes each.

use std::fmt::Write;

use jiff::Timestamp;
use rand::Rng;

use super::words::{HOSTS, PATHS, SERVICES, USERS, millis, pick, status, trace};

pub(super) fn push(out: &mut String, random: &mut impl Rng, now_ms: i64, number: u64) {
    let time = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let (host, service, user) = (pick(random, &HOSTS), pick(random, &SERVICES), pick(random, &USERS));
    let (path, status, took) = (pick(random, &PATHS), status(random), millis(random));
    let level = match status {
        500.. => "error",
        400.. => "warn",
        _ if random.random_ratio(1, 8) => "debug",
        _ => "info",
    };
    let message = message(random, status, took);
    let trace = trace(random);
    // Writing to a String can't fail.
    let _infallible = write!(
        out,
        r#"{{"@timestamp":"{time:.3}","log.level":"{level}","message":"{message}","service":"{service}","host":"{host}","user":{{"name":"{user}"}},"http":{{"request":{{"method":"GET"}},"response":{{"status_code":{status}}}}},"url":{{"path":"{path}"}},"duration_ms":{took},"trace.id":"{trace}","sequence":{number}}}"#
    );
}

fn message(random: &mut impl Rng, status: u16, took: u64) -> String {
    match (status, random.random_range(0..4)) {
        (500.., 0 | 1) => "upstream timed out while reading the response".to_owned(),
        (500.., _) => "connection to the database was refused".to_owned(),
        (429, _) => "too many requests, client was asked to slow down".to_owned(),
        (400.., _) => "request refused".to_owned(),
        (_, 0) => format!("request completed in {took} ms"),
        (_, 1) => "order accepted and queued for shipping".to_owned(),
        (_, 2) => format!("cache miss, {} rows read", random.random_range(1..500)),
        (_, _) => "session refreshed".to_owned(),
    }
}
