//! `telemetry:` where it listens, and a filter that means something.

use std::collections::BTreeSet;

use super::address;
use super::findings::Findings;
use crate::sections::TelemetrySettings;
use crate::sections::telemetry::TracesSettings;
use crate::units::Period;
use forebay_yaml::suggest;
use url::Url;

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
    traces(&telemetry.traces, findings);
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
}

fn traces(traces: &TracesSettings, findings: &mut Findings) {
    const REMEDY: &str =
        "write it with scheme, port and path, such as `http://collector.example:4318/v1/traces`";
    const ENDPOINT: &str = "telemetry.traces.endpoint";
    let one_in = i128::from(traces.sample_one_in);
    findings.number("telemetry.traces.sample_one_in", one_in, 1, 1_000_000_000);
    let (least, greatest) = (Period::from_millis(100), Period::from_secs(300));
    findings.period("telemetry.traces.timeout", traces.timeout, least, greatest);
    let Some(endpoint) = &traces.endpoint else { return };
    let url = match Url::parse(endpoint) {
        Ok(url) => url,
        // The text itself isn't shown: a password may be in it.
        Err(error) => return findings.add(ENDPOINT, format!("is not an address: {error}"), REMEDY),
    };
    let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
    findings.require(is_http, ENDPOINT, format!("has the scheme `{}`", url.scheme()), REMEDY);
    findings.require(
        url.username().is_empty() && url.password().is_none(),
        ENDPOINT,
        "has a user or a password in it, which ends in logs",
        "set telemetry.traces.token_file instead",
    );
    findings.require(url.path().len() > 1, ENDPOINT, "has no path", REMEDY);
    findings.require(
        traces.ca_file.is_none() || url.scheme() == "https",
        "telemetry.traces.ca_file",
        "is of no use with an address that isn't https",
        "write `https` in telemetry.traces.endpoint, or leave this out",
    );
}
