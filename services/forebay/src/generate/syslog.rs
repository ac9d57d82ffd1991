//! syslog: RFC 5424 with structured data, and the older RFC 3164.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rand::Rng;

use super::words::{HOSTS, USERS, address, pick};

pub(super) fn push(out: &mut String, random: &mut impl Rng, now_ms: i64) {
    let time = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let host = pick(random, &HOSTS);
    let process = random.random_range(300..32_000);
    let (facility, severity, program, message) = event(random);
    let priority = facility * 8 + severity;
    // Writing to a String can't fail.
    let _infallible = if random.random_ratio(1, 10) {
        let time = time.to_zoned(TimeZone::UTC);
        write!(out, "<{priority}>{} {host} {program}[{process}]: {message}", time.strftime("%b %e %H:%M:%S"))
    } else {
        let (job, origin) = (random.random_range(1..9000), address(random));
        write!(
            out,
            r#"<{priority}>1 {time:.3} {host} {program} {process} ID{job} [origin ip="{origin}" software="{program}"] {message}"#
        )
    };
}

/// Facility, severity, program and message of one event.
fn event(random: &mut impl Rng) -> (u8, u8, &'static str, String) {
    let (user, from) = (pick(random, &USERS), address(random));
    let port = random.random_range(1024..65_000);
    match random.random_range(0..6) {
        0 => (10, 6, "sshd", format!("Accepted publickey for {user} from {from} port {port} ssh2")),
        1 => (10, 5, "sshd", format!("Failed password for invalid user {user} from {from} port {port} ssh2")),
        2 => (
            9,
            6,
            "CRON",
            format!("({user}) CMD (test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily)"),
        ),
        3 => (3, 6, "systemd", "Started session cleanup of user runtime directory.".to_owned()),
        4 => (
            0,
            4,
            "kernel",
            format!("possible SYN flooding on port {port}. Sending cookies. Check SNMP counters."),
        ),
        _ => (3, 3, "app", format!("worker lost its connection to {from}:{port}: connection reset by peer")),
    }
}
