//! How long the steps of rules take.

use std::collections::HashMap;

use forebay_rules::Timing;
use forebay_service::Context;
use forebay_telemetry::{HistogramName, Label, TenantCap, histogram};
use metrics::Histogram;

/// The histograms of a lane.
#[derive(Debug)]
pub(super) struct Steps {
    cap: TenantCap,
    known: HashMap<(String, String), Histogram>,
}

// === impl Steps ===

impl Steps {
    pub(super) fn new(context: &Context) -> Self {
        Self { cap: context.steps.clone(), known: HashMap::new() }
    }

    /// A step was measured. Rules name few steps, but they come and go with their revisions, so the lane forgets them when there
    /// are too many; the process's series stay.
    pub(super) fn took(&mut self, timing: Timing) {
        let Timing { rule, step, took } = timing;
        let key = (rule, step);
        if let Some(known) = self.known.get(&key) {
            return known.record(took);
        }
        let has_series = self.cap.admits(&format!("{}\t{}", key.0, key.1));
        let (rule, step) =
            if has_series { (&*key.0, &*key.1) } else { (TenantCap::OTHERS, TenantCap::OTHERS) };
        let histogram =
            histogram(HistogramName::RulesStepSeconds, &[(Label::Rule, rule), (Label::Step, step)]);
        histogram.record(took);
        if self.known.len() >= 1_000 {
            self.known.clear();
        }
        let _new = self.known.insert(key, histogram);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use forebay_settings::Settings;
    use forebay_telemetry::Scrape;

    use super::*;

    /// Scenario: revision after revision names its steps anew.
    /// Guarantees: what it costs is bounded, and every measurement counts.
    #[test]
    fn steps_are_bounded() {
        let scrape = Scrape::install().unwrap();
        let mut steps = Steps::new(&Context::new(&Settings::default()));
        for n in 0..3_000 {
            let took = Duration::from_micros(3);
            steps.took(Timing { rule: "steps-test".to_owned(), step: format!("step-{}", n / 2), took });
        }
        let text = scrape.render();
        let count = |rule: &str, step: &str| {
            let line = format!(r#"forebay_rules_step_seconds_count{{rule="{rule}",step="{step}"}} "#);
            text.lines().find_map(|l| l.strip_prefix(&line).map(str::to_owned))
        };
        assert_eq!(count("steps-test", "step-0").as_deref(), Some("2"));
        assert_eq!(count("steps-test", "step-200"), None);
        assert_eq!(count("_other", "_other").as_deref(), Some("2600"));
        assert!(steps.known.len() <= 1_000);
    }
}
