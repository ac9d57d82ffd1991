//! What is due for one target.

use std::time::Duration;

use forebay_record::target;

use crate::MARGIN;
use crate::policy::Policy;

/// What is to be done with a target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Verdict<'a> {
    /// Whose it is.
    pub tenant: &'a str,
    /// When its day or hour ended, in milliseconds since the Unix epoch: all its events are older.
    pub ended_ms: i64,
    /// What is due.
    pub action: Action,
}

/// What is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Nothing for now.
    Keep {
        /// When something will be, in milliseconds since the Unix epoch; `None` for never.
        until_ms: Option<i64>,
    },
    /// It is to be closed.
    Close,
    /// It is to be deleted.
    Delete,
}

/// What is due for the target of this name at `now_ms` (milliseconds since the Unix epoch); `is_open` says whether it is
/// still to be closed. `None` where the name isn't that of a target of this installation.
#[must_use]
pub fn decide<'a>(policy: &Policy, now_ms: i64, name: &'a str, is_open: bool) -> Option<Verdict<'a>> {
    let parts = target::parse(&policy.prefix, name)?;
    let rule = policy.rule(parts.tenant);
    let ended_ms = parts.end_ms();
    let delete_ms = rule.delete_after.map(|age| due(ended_ms, age));
    let close_ms = rule.close_after.filter(|_| is_open).map(|age| due(ended_ms, age));
    let is_due = |at: Option<i64>| at.is_some_and(|at| at <= now_ms);
    let action = if is_due(delete_ms) {
        Action::Delete
    } else if is_due(close_ms) {
        Action::Close
    } else {
        Action::Keep { until_ms: delete_ms.into_iter().chain(close_ms).min() }
    };
    Some(Verdict { tenant: parts.tenant, ended_ms, action })
}

/// A sum too large for the calendar is never reached: `now` is a time within it.
fn due(ended_ms: i64, age: Duration) -> i64 {
    let wait = i64::try_from(age.saturating_add(MARGIN).as_millis()).unwrap_or(i64::MAX);
    ended_ms.saturating_add(wait)
}

#[cfg(test)]
mod tests;
