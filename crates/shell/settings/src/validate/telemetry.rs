//! `telemetry:` where it listens, and a filter that means something.

use std::collections::BTreeSet;

use super::address;
use super::findings::Findings;
use crate::sections::TelemetrySettings;
use crate::units::Period;
use forebay_yaml::suggest;

/// The most groups of tenants.
const MAX_GROUPS: usize = 50;

const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

pub(super) fn check(telemetry: &TelemetrySettings, findings: &mut Findings) {
    let listen = &telemetry.listen;
    for (path, address) in [
        ("telemetry.listen.ingest", &listen.ingest),
        ("telemetry.listen.parser", &listen.parser),
        ("telemetry.listen.indexer", &listen.indexer),
    ] {
        findings.check(path, address::split(address).map(drop), address::REMEDY);
    }
    for part in telemetry.log_filter.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let level = part.split_once('=').map_or(part, |(_, level)| level.trim());
        let is_level = LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level));
        let what = format!("`{level}` is not a level");
        findings.require(is_level, "telemetry.log_filter", what, suggest::remedy(level, LEVELS));
    }
    findings.period(
        "telemetry.stall_after",
        telemetry.stall_after,
        Period::from_secs(1),
        Period::from_secs(86_400),
    );
    let tenants = i128::try_from(telemetry.max_tenants).unwrap_or(i128::MAX);
    findings.number("telemetry.max_tenants", tenants, 1, 1_000_000);
    let groups: BTreeSet<&str> = telemetry.tenant_groups.values().map(String::as_str).collect();
    let what = format!("{} groups of tenants are too many", groups.len());
    let remedy = format!("write at most {MAX_GROUPS}: each has series of its own");
    findings.require(groups.len() <= MAX_GROUPS, "telemetry.tenant_groups", what, remedy);
    for (tenant, group) in &telemetry.tenant_groups {
        let path = format!("telemetry.tenant_groups.{tenant}");
        let is_name = (1..=63).contains(&group.len()) && group.bytes().all(is_of_name);
        let what = format!("`{}` can't name a group", group.escape_debug());
        findings.require(is_name, &path, what, "write 1 to 63 lower-case letters, digits, `_` and `-`");
    }
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
}
