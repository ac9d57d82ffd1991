//! `parser.rules:` limits that can be kept. The rules themselves are looked at where they are read.

use super::findings::Findings;
use crate::sections::RulesSettings;
use crate::units::{ByteSize, Period};

pub(super) fn check(rules: &RulesSettings, findings: &mut Findings) {
    let (least, most) = (Period::from_millis(50), Period::from_secs(60));
    findings.period("parser.rules.check_every", rules.check_every, least, most);
    findings.number("parser.rules.max_steps", rules.max_steps, 100, 100_000_000);
    let (least, most) = (ByteSize::mib(1), ByteSize::mib(1_024));
    findings.size("parser.rules.max_memory", rules.max_memory, least, most);
    let (least, most) = (Period::from_millis(20), Period::from_secs(60));
    findings.period("parser.rules.max_time", rules.max_time, least, most);
    findings.number("parser.rules.max_slow_share", rules.max_slow_share, 1, 100);
    let count = |number: usize| i128::try_from(number).unwrap_or(i128::MAX);
    findings.number("parser.rules.max_fields", count(rules.max_fields), 1, 100_000);
    findings.number("parser.rules.max_target_fields", count(rules.max_target_fields), 1, 1_000_000);
    let percent = |value: f64, path: &str, findings: &mut Findings| {
        let what = format!("{value} is no percentage");
        findings.require((0.0..=100.0).contains(&value), path, what, "write 0 to 100");
    };
    percent(rules.trial.percent, "parser.rules.trial.percent", findings);
    percent(rules.trial.max_refused_percent, "parser.rules.trial.max_refused_percent", findings);
    let week = Period::from_secs(7 * 86_400);
    findings.period("parser.rules.trial.lasts", rules.trial.lasts, Period::from_secs(0), week);
}
