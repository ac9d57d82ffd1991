//! The decisions behind `/readyz` and `/livez`: pure, with the time as an argument.

use std::time::Duration;

use serde_json::json;

/// What a part says about itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ComponentStatus {
    /// Its name.
    pub name: String,
    /// Why it isn't ready; `None` when it is.
    pub not_ready: Option<String>,
    /// What should be known of it, ready or not.
    pub remark: Option<String>,
    /// Whether it has work.
    pub busy: bool,
    /// When work last moved or came up, since the start of the process.
    pub moved_at: Duration,
}

/// An answer: who fails and why.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Verdict {
    /// The parts that fail; none when all is well.
    pub failing: Vec<Failing>,
    /// What should be known, and fails nothing.
    pub remarks: Vec<Remark>,
}

/// What should be known of a part.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Remark {
    /// The part's name.
    pub component: String,
    /// A phrase for people.
    pub remark: String,
}

/// A part that fails.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failing {
    /// Its name.
    pub component: String,
    /// Why.
    pub reason: String,
}

/// Fails for every part that isn't ready.
#[must_use]
pub fn readyz(parts: &[ComponentStatus]) -> Verdict {
    let failing = parts.iter().filter_map(|part| {
        part.not_ready.as_ref().map(|reason| Failing { component: part.name.clone(), reason: reason.clone() })
    });
    let remarks = parts.iter().filter_map(|part| {
        part.remark.as_ref().map(|remark| Remark { component: part.name.clone(), remark: remark.clone() })
    });
    Verdict { failing: failing.collect(), remarks: remarks.collect() }
}

/// Fails for every part that has had work for `stall_after` without any moving. `now` counts from the start of the
/// process, as [`ComponentStatus::moved_at`] does.
#[must_use]
pub fn livez(parts: &[ComponentStatus], now: Duration, stall_after: Duration) -> Verdict {
    let failing = parts.iter().filter_map(|part| {
        let still = now.saturating_sub(part.moved_at);
        (part.busy && still >= stall_after).then(|| Failing {
            component: part.name.clone(),
            reason: format!("has work, and none has moved for {} s", still.as_secs()),
        })
    });
    Verdict { failing: failing.collect(), remarks: Vec::new() }
}

// === impl Verdict ===

impl Verdict {
    /// Whether nobody fails.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.failing.is_empty()
    }

    /// The body of an answer: `{"status":"ok"}`, or who fails and why; with remarks, if there are any.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let failing =
            self.failing.iter().map(|part| json!({ "component": part.component, "reason": part.reason }));
        let remarks =
            self.remarks.iter().map(|part| json!({ "component": part.component, "remark": part.remark }));
        let mut body = if self.passes() {
            json!({ "status": "ok" })
        } else {
            json!({ "status": "failing", "failing": failing.collect::<Vec<_>>() })
        };
        if !self.remarks.is_empty() {
            body["remarks"] = remarks.collect();
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ComponentStatus, livez};

    const STALL: Duration = Duration::from_secs(300);

    fn part(busy: bool, moved_at: u64) -> ComponentStatus {
        ComponentStatus {
            name: "lane".into(),
            not_ready: None,
            remark: None,
            busy,
            moved_at: Duration::from_secs(moved_at),
        }
    }

    /// Guarantees: only work that stands still for the whole time fails; idling never does.
    #[test]
    fn only_stalled_work_fails() {
        let at = |part, now| livez(&[part], Duration::from_secs(now), STALL).passes();
        assert!(at(part(false, 0), 100_000), "idle");
        assert!(at(part(true, 700), 999), "busy, moved 299 s ago");
        assert!(!at(part(true, 700), 1_000), "busy, moved 300 s ago");
        assert!(at(part(true, 700), 600), "a clock read before the move");
    }

    #[test]
    fn the_answer_names_who_and_why() {
        let verdict = livez(&[part(true, 0)], Duration::from_secs(301), STALL);
        let expected = r#"{"failing":[{"component":"lane","reason":"has work, and none has moved for 301 s"}],"status":"failing"}"#;
        assert_eq!(verdict.to_json().to_string(), expected);
    }
}
