//! `sample`: a part of the events is kept.

use twox_hash::XxHash3_64;
use vrl::path::OwnedValuePath;
use vrl::value::Value;

use crate::spec::step::SampleSpec;
use crate::target::path;

/// A compiled `sample`. What is kept is decided by a hash, so that an event that comes again fares as before.
#[derive(Debug)]
pub(crate) struct Sample {
    /// Hashes below it are kept; above `u64::MAX` all are.
    below: u128,
    pub(crate) by: Option<OwnedValuePath>,
    pub(crate) reason: String,
}

// === impl Sample ===

impl Sample {
    pub(crate) fn new(spec: &SampleSpec) -> Result<Self, String> {
        if !(0.0..=1.0).contains(&spec.keep) {
            return Err(format!("keep is {}; it has to be from 0 to 1", spec.keep));
        }
        const PARTS: f64 = 1_000_000_000.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is from 0 to a thousand million"
        )]
        let parts = (spec.keep * PARTS).round() as u128;
        let by = spec.by.as_deref().map(path).transpose()?;
        Ok(Self {
            below: parts * (u128::from(u64::MAX) + 1) / 1_000_000_000,
            by,
            reason: spec.reason.clone(),
        })
    }

    /// Whether nothing is kept.
    pub(crate) const fn keeps_none(&self) -> bool {
        self.below == 0
    }

    /// Whether the event is kept. `value` is needed only where a field decides; without that field the id does.
    pub(crate) fn keeps(&self, id: &str, value: Option<&Value>) -> bool {
        let field = self.by.as_ref().and_then(|path| value?.get(path));
        let hash = match field {
            Some(field) => XxHash3_64::oneshot(field.to_string_lossy().as_bytes()),
            None => XxHash3_64::oneshot(id.as_bytes()),
        };
        u128::from(hash) < self.below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(yaml: &str) -> Result<Sample, String> {
        Sample::new(&serde_saphyr::from_str(yaml).unwrap())
    }

    #[test]
    fn keeps_its_part_and_the_same_part_again() {
        for (keep, least, most) in
            [(0.0, 0, 0), (0.1, 900, 1_100), (0.5, 4_800, 5_200), (1.0, 10_000, 10_000)]
        {
            let sample = sample(&format!("keep: {keep}")).unwrap();
            let kept = |_| (0..10_000).filter(|n| sample.keeps(&format!("id-{n}"), None)).collect::<Vec<_>>();
            assert!((least..=most).contains(&kept(0).len()), "{keep}: {}", kept(0).len());
            assert_eq!(kept(0), kept(1));
        }
        assert!(sample("keep: 1.5").is_err() && sample("keep: -0.1").is_err());
    }

    #[test]
    fn events_of_one_trace_fare_alike() {
        let sample = sample("{keep: 0.5, by: trace.id}").unwrap();
        let event = |trace: u32| -> Value {
            serde_json::from_str(&format!(r#"{{"trace":{{"id":"{trace}"}}}}"#)).unwrap()
        };
        for trace in 0..100 {
            let fates: Vec<bool> =
                (0..5).map(|n| sample.keeps(&format!("{n}"), Some(&event(trace)))).collect();
            assert!(fates.iter().all(|fate| *fate == fates[0]), "{trace}");
        }
    }
}
