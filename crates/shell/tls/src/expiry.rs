//! How long a certificate is still valid: a metric all the time, and a word at 30, 7 and 1 days and once it has expired.

use std::path::Path;

use forebay_telemetry::{GaugeName, Label, gauge};

const DAY: i64 = 24 * 3_600;
/// When it is said, in days before the end.
const STEPS: [i64; 4] = [30, 7, 1, 0];

/// The watch over one certificate's end.
#[derive(Debug, Default)]
pub(crate) struct Expiry {
    expires: i64,
    /// The step that was last told of.
    told: Option<i64>,
}

// === impl Expiry ===

impl Expiry {
    pub(crate) fn new(expires: i64) -> Self {
        Self { expires, told: None }
    }

    /// Tells what there is to tell; times in seconds since the epoch.
    pub(crate) fn look(&mut self, file: &Path, now: i64) {
        let left = self.expires - now;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is a float, and loses nothing below 2^53 seconds"
        )]
        gauge(GaugeName::CertificateExpiry, &[(Label::File, &file.to_string_lossy())]).set(left as f64);
        let Some(step) = self.news(left) else { return };
        let file = file.display();
        if step == 0 {
            tracing::error!(%file, "the certificate has expired, clients that check it stay away: renew it");
        } else {
            tracing::warn!(%file, days = left / DAY, "the certificate expires soon: renew it");
        }
    }

    /// The step that is to be told of now, if there is one: each once.
    fn news(&mut self, left: i64) -> Option<i64> {
        let step = STEPS.into_iter().rev().find(|step| left <= step * DAY);
        let news = step.filter(|step| self.told.is_none_or(|told| *step < told));
        self.told = step.or(self.told);
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: each step is told of once, and one that was passed while nobody looked isn't made up for.
    #[test]
    fn each_step_is_told_of_once() {
        let mut expiry = Expiry::new(0);
        let told: Vec<_> =
            [31 * DAY, 30 * DAY, 29 * DAY, DAY + 1, DAY, 5, 0, -5].map(|left| expiry.news(left)).into();
        assert_eq!(told, [None, Some(30), None, Some(7), Some(1), None, Some(0), None]);
        assert_eq!(Expiry::new(0).news(3_600), Some(1));
    }
}
