//! Severities by the names that programs give them.
//!
//! Source: <https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber> and its appendix B.

/// The number of a level; none for a name that isn't known.
pub(super) fn number(level: &str) -> Option<u8> {
    let level = level.trim();
    const LONGEST: usize = 13;
    if level.len() > LONGEST {
        return None;
    }
    Some(match level.to_ascii_lowercase().as_str() {
        "trace" | "finest" | "verbose" | "all" => 1,
        "finer" => 2,
        "debug" | "dbg" | "fine" | "d" => 5,
        "config" => 6,
        "info" | "information" | "informational" | "log" | "i" => 9,
        "notice" => 10,
        "warn" | "warning" | "w" => 13,
        "error" | "err" | "severe" | "e" => 17,
        "critical" | "crit" => 18,
        "alert" => 19,
        "fatal" | "emergency" | "emerg" | "panic" | "f" => 21,
        _ => return None,
    })
}
