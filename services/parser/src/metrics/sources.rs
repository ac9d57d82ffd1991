//! When each source was last heard of, so that one that fell silent is noticed.

use std::collections::HashMap;

use forebay_service::Context;
use forebay_telemetry::{GaugeName, Label, TenantCap, gauge};
use metrics::Gauge;

/// The most of a source's name that metrics show, in bytes.
const MAX_NAME: usize = 100;
/// How many names a lane remembers: senders may call themselves whatever they like.
const MAX_KNOWN: usize = 2_000;

/// The gauges of a lane.
#[derive(Debug)]
pub(super) struct Sources {
    tenants: TenantCap,
    sources: TenantCap,
    known: HashMap<(String, String), Gauge>,
}

// === impl Sources ===

impl Sources {
    pub(super) fn new(context: &Context) -> Self {
        Self { tenants: context.tenants.clone(), sources: context.sources.clone(), known: HashMap::new() }
    }

    /// The last event of a source was received then, in milliseconds since the Unix epoch.
    pub(super) fn seen(&mut self, tenant: &str, source: &str, last_ms: i64) {
        #[expect(clippy::cast_precision_loss, reason = "a gauge; 2^53 ms are 285,000 years")]
        let seconds = last_ms as f64 / 1_000.0;
        let key = (tenant.to_owned(), source.to_owned());
        if let Some(gauge) = self.known.get(&key) {
            return gauge.set(seconds);
        }
        let tenant = self.tenants.label(tenant);
        let name = source.get(..source.floor_char_boundary(MAX_NAME)).unwrap_or_default();
        // A tab is in no name of a tenant, so that no two pairs are one.
        let has_series = self.sources.admits(&format!("{tenant}\t{name}"));
        let name = if has_series { name } else { TenantCap::OTHERS };
        let gauge = gauge(GaugeName::SourceLastEvent, &[(Label::Tenant, tenant), (Label::Source, name)]);
        gauge.set(seconds);
        if self.known.len() < MAX_KNOWN {
            let _new = self.known.insert(key, gauge);
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_settings::Settings;
    use forebay_telemetry::Scrape;

    use super::*;

    /// Scenario: a sender gives itself another name with each event.
    /// Guarantees: what it costs is bounded, here and in the metrics; an earlier name keeps its own series.
    #[test]
    fn names_are_bounded() {
        let scrape = Scrape::install().unwrap();
        let mut sources = Sources::new(&Context::new(&Settings::default()));
        sources.seen("sources-test", "syslog", 7_500);
        for n in 0..5_000 {
            sources.seen("sources-test", &format!("name-{n}"), 9_000);
        }
        assert_eq!(sources.known.len(), MAX_KNOWN);
        let text = scrape.render();
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("sources-test")).collect();
        assert_eq!(lines.len(), 1_001, "1,000 and the rest");
        let has = |source: &str, value: &str| {
            let line = format!(
                r#"forebay_source_last_event_timestamp_seconds{{tenant="sources-test",source="{source}"}} {value}"#
            );
            assert!(lines.contains(&line.as_str()), "no {line}");
        };
        has("syslog", "7.5");
        has("_other", "9");
    }
}
