//! The recorder of the process, and its text for Prometheus.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{KeyName, Recorder, SharedString, Unit as RecorderUnit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tokio_util::sync::CancellationToken;

use crate::names::{CounterName, Definition, GaugeName, HistogramName, Label, Unit, gauge};

/// Histograms keep every sample until they are folded into buckets; this bounds what piles up between two scrapes.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

static INSTALLED: OnceLock<Result<PrometheusHandle, ScrapeError>> = OnceLock::new();

static PROCESS: OnceLock<metrics_process::Collector> = OnceLock::new();

/// The process's metrics, ready to be read.
#[derive(Clone)]
pub struct Scrape {
    handle: PrometheusHandle,
}

/// Why the recorder couldn't be installed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ScrapeError {
    /// Something else in the process has installed a recorder of its own.
    #[error("another metrics recorder is installed in this process already")]
    Taken,
    /// The exporter refused a histogram's buckets.
    #[error("the buckets of {name} were refused: {reason}")]
    Buckets {
        /// The histogram.
        name: &'static str,
        /// What the exporter said.
        reason: String,
    },
}

// === impl Scrape ===

impl Scrape {
    /// Installs the recorder; from the second call on in a process, gives the one that is there.
    ///
    /// # Errors
    ///
    /// When another library has installed a recorder first.
    pub fn install() -> Result<Self, ScrapeError> {
        let installed = INSTALLED.get_or_init(|| {
            let recorder = recorder()?;
            let handle = recorder.handle();
            metrics::set_global_recorder(recorder).map_err(|_| ScrapeError::Taken)?;
            gauge(GaugeName::BuildInfo, &[(Label::Version, env!("CARGO_PKG_VERSION"))]).set(1.0);
            Ok(handle)
        });
        installed.clone().map(|handle| Self { handle })
    }

    /// All metrics in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        // What the system says of the process stands under the names that Prometheus' own libraries use.
        PROCESS
            .get_or_init(|| {
                let process = metrics_process::Collector::default();
                process.describe();
                process
            })
            .collect();
        self.handle.render()
    }

    /// Folds samples into buckets every few seconds until the shutdown. [`crate::admin::serve`] does this by itself.
    pub async fn upkeep(self, shutdown: CancellationToken) {
        let mut timer = tokio::time::interval(UPKEEP_EVERY);
        while shutdown.run_until_cancelled(timer.tick()).await.is_some() {
            self.handle.run_upkeep();
        }
    }
}

impl std::fmt::Debug for Scrape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scrape").finish_non_exhaustive()
    }
}

/// A recorder that knows every metric's buckets and help.
fn recorder() -> Result<PrometheusRecorder, ScrapeError> {
    let mut builder = PrometheusBuilder::new();
    for name in HistogramName::ALL {
        builder = builder
            .set_buckets_for_metric(Matcher::Full(name.as_str().to_owned()), name.buckets())
            .map_err(|error| ScrapeError::Buckets { name: name.as_str(), reason: error.to_string() })?;
    }
    let recorder = builder.build_recorder();
    for name in CounterName::ALL {
        let (key, unit, help) = description(name.definition());
        recorder.describe_counter(key, Some(unit), help);
    }
    for name in GaugeName::ALL {
        let (key, unit, help) = description(name.definition());
        recorder.describe_gauge(key, Some(unit), help);
    }
    for name in HistogramName::ALL {
        let (key, unit, help) = description(name.definition());
        recorder.describe_histogram(key, Some(unit), help);
    }
    Ok(recorder)
}

fn description(definition: Definition) -> (KeyName, RecorderUnit, SharedString) {
    let unit = match definition.unit {
        Unit::Count => RecorderUnit::Count,
        Unit::Bytes => RecorderUnit::Bytes,
        Unit::Seconds => RecorderUnit::Seconds,
    };
    (KeyName::from_const_str(definition.name), unit, SharedString::const_str(definition.help))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Scrape;
    use crate::names::{CounterName, HistogramName, Label, SecondsCounter, histogram};

    /// Scenario: all tiers of one process install the recorder.
    /// Guarantees: they share it, and a handle made after the first call counts into all.
    #[test]
    fn installs_once_and_shares() {
        let first = Scrape::install().unwrap();
        let second = Scrape::install().unwrap();
        histogram(HistogramName::IngestRequestSeconds, &[]).record(59.0);
        for text in [first.render(), second.render()] {
            assert!(text.contains(r#"forebay_ingest_request_seconds_bucket{le="60"} 1"#), "{text}");
            assert!(text.contains("forebay_build_info{version="), "{text}");
            assert!(text.contains("# HELP forebay_ingest_request_seconds Time from"), "{text}");
        }
    }

    /// Guarantees: parts of a second are carried over, not lost.
    #[test]
    fn time_adds_up_over_parts_of_a_second() {
        let scrape = Scrape::install().unwrap();
        let mut waited =
            SecondsCounter::new(CounterName::BackpressureSeconds, &[(Label::Stage, "scrape-test")]);
        for _ in 0..25 {
            waited.add(Duration::from_millis(100));
        }
        let expected = r#"forebay_backpressure_seconds_total{stage="scrape-test"} 2"#;
        assert!(scrape.render().contains(expected));
    }
}
