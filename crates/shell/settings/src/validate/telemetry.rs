//! `telemetry:` where it listens, and a filter that means something.

use super::address;
use super::findings::Findings;
use crate::sections::TelemetrySettings;
use crate::units::Period;
use forebay_yaml::suggest;

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
}
