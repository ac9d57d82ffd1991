//! Making a metric: a name from the enum and values for its labels give a handle.
//!
//! A handle is cheap to use and costs a look-up and an allocation to make: make it once, outside the loop.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, Level, Metadata, with_recorder};

use super::{CounterName, Definition, GaugeName, HistogramName, Label};

/// A counter of time, which Prometheus wants in seconds: it keeps what is less than one until it has a whole.
#[derive(Debug)]
pub struct SecondsCounter {
    counter: Counter,
    carried: Duration,
}

/// The counter of this name with these labels; the same handle again for the same arguments.
pub fn counter(name: CounterName, labels: &[(Label, &str)]) -> Counter {
    let key = key(&name.definition(), labels);
    with_recorder(|recorder| recorder.register_counter(&key, &METADATA))
}

/// The gauge of this name with these labels; the same handle again for the same arguments.
pub fn gauge(name: GaugeName, labels: &[(Label, &str)]) -> Gauge {
    let key = key(&name.definition(), labels);
    with_recorder(|recorder| recorder.register_gauge(&key, &METADATA))
}

/// The histogram of this name with these labels; the same handle again for the same arguments.
pub fn histogram(name: HistogramName, labels: &[(Label, &str)]) -> Histogram {
    let key = key(&name.definition(), labels);
    with_recorder(|recorder| recorder.register_histogram(&key, &METADATA))
}

/// Recorders may filter by level and target; ours takes everything.
const METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// The key of a series. Labels must be the ones that the name declares: a series with others can't be summed up with
/// its siblings.
fn key(definition: &Definition, labels: &[(Label, &str)]) -> Key {
    debug_assert!(
        labels.len() == definition.labels.len()
            && definition.labels.iter().all(|declared| labels.iter().any(|(label, _)| label == declared)),
        "{} carries the labels {:?}, not {:?}",
        definition.name,
        definition.labels,
        labels
    );
    let labels: Vec<metrics::Label> = labels
        .iter()
        .map(|(label, value)| metrics::Label::new(label.as_str(), (*value).to_owned()))
        .collect();
    Key::from_parts(definition.name, labels)
}

// === impl SecondsCounter ===

impl SecondsCounter {
    /// Counts into this metric.
    #[must_use]
    pub fn new(name: CounterName, labels: &[(Label, &str)]) -> Self {
        Self { counter: counter(name, labels), carried: Duration::ZERO }
    }

    /// Adds a length of time.
    pub fn add(&mut self, time: Duration) {
        self.carried = self.carried.saturating_add(time);
        let whole = self.carried.as_secs();
        if whole > 0 {
            self.counter.increment(whole);
            self.carried = Duration::from_nanos(u64::from(self.carried.subsec_nanos()));
        }
    }
}
