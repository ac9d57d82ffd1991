//! Retention: what is due in a store. [`forebay_retention`] decides; here it is put in order.
//!
//! - [`book`]: does it, and records that

pub(crate) mod book;

use forebay_retention::{Action, Policy, decide};
use forebay_store::{RequestFailure, Store, TargetInfo};

/// What is to be done with a target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Task {
    /// It is kept, and neither written to nor found.
    Close,
    /// It goes.
    Delete,
}

/// A target whose time has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Due {
    pub(crate) task: Task,
    pub(crate) target: TargetInfo,
    pub(crate) tenant: String,
    /// When its day or hour ended, in milliseconds since the Unix epoch.
    pub(crate) ended_ms: i64,
}

/// What is due, and what stays.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Survey {
    /// The oldest first.
    pub(crate) due: Vec<Due>,
    /// How many targets stay as they are for now.
    pub(crate) kept: u64,
    /// How many names aren't those of targets: never touched. They are nobody's, so that a survey of one tenant doesn't tell.
    pub(crate) foreign: Option<u64>,
    /// When the next is due, in milliseconds since the Unix epoch.
    pub(crate) next_ms: Option<i64>,
}

// === impl Task ===

impl Task {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::Delete => "delete",
        }
    }

    pub(crate) const fn done(self) -> &'static str {
        match self {
            Self::Close => "closed",
            Self::Delete => "deleted",
        }
    }
}

// === impl Survey ===

impl Survey {
    /// Whether none of the targets that were meant is there.
    pub(crate) fn is_empty(&self) -> bool {
        self.due.is_empty() && self.kept == 0
    }
}

// === impl Due ===

impl Due {
    /// Does it.
    pub(crate) async fn carry_out(&self, store: &dyn Store) -> Result<(), RequestFailure> {
        match self.task {
            Task::Close => store.close(&self.target.name).await,
            Task::Delete => store.delete(&self.target.name).await,
        }
    }
}

/// What is due at `now_ms` among these; of one tenant, where it is named.
pub(crate) fn survey(policy: &Policy, now_ms: i64, targets: Vec<TargetInfo>, tenant: Option<&str>) -> Survey {
    let mut survey = Survey { foreign: tenant.is_none().then_some(0), ..Survey::default() };
    for target in targets {
        let Some(verdict) = decide(policy, now_ms, &target.name, target.is_open) else {
            survey.foreign = survey.foreign.map(|foreign| foreign + 1);
            continue;
        };
        if tenant.is_some_and(|tenant| tenant != verdict.tenant) {
            continue;
        }
        let task = match verdict.action {
            Action::Keep { until_ms } => {
                survey.kept += 1;
                survey.next_ms = survey.next_ms.into_iter().chain(until_ms).min();
                continue;
            }
            Action::Close => Task::Close,
            Action::Delete => Task::Delete,
        };
        let (tenant, ended_ms) = (verdict.tenant.to_owned(), verdict.ended_ms);
        survey.due.push(Due { task, target, tenant, ended_ms });
    }
    survey.due.sort_by(|a, b| (a.ended_ms, &a.target.name).cmp(&(b.ended_ms, &b.target.name)));
    survey
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use forebay_retention::Rule;

    use super::*;

    const DAY: i64 = 86_400_000;

    fn target(name: &str) -> TargetInfo {
        TargetInfo { name: name.to_owned(), is_open: true, documents: Some(1), bytes: None }
    }

    /// Scenario: targets of several days and tenants, and names that aren't ours.
    /// Guarantees: what is due comes oldest first, the rest is counted, and a tenant that is named is the only one of whom anything is told.
    #[test]
    fn what_is_due_comes_oldest_first() {
        let kept = Duration::from_secs(2 * 86_400);
        let rule = Rule { delete_after: Some(kept), ..Rule::default() };
        let policy = Policy::new("forebay", rule).with_tenant("slow", Rule::default());
        let targets = || {
            [
                "acme-1970.01.03",
                "b-1970.01.01",
                "acme-1970.01.02",
                "slow-1970.01.01",
                "acme-old",
                "acme-1970.01.05",
            ]
            .map(|name| target(&format!("forebay-{name}")))
            .to_vec()
        };
        let now_ms = 5 * DAY + 3_600_000;
        let all = survey(&policy, now_ms, targets(), None);
        let due: Vec<&str> = all.due.iter().map(|due| &*due.target.name).collect();
        assert_eq!(due, ["forebay-b-1970.01.01", "forebay-acme-1970.01.02", "forebay-acme-1970.01.03"]);
        assert_eq!((all.kept, all.foreign, all.next_ms), (2, Some(1), Some(7 * DAY + 3_600_000)));
        let one = survey(&policy, now_ms, targets(), Some("b"));
        assert_eq!((one.due.len(), one.kept, one.foreign), (1, 0, None));
        assert!(survey(&policy, now_ms, targets(), Some("nobody")).is_empty() && !one.is_empty());
    }
}
