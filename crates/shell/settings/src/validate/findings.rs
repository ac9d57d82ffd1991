//! Gathering problems.

use crate::problem::Problem;
use crate::units::{ByteSize, Period};

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Problem>);

// === impl Findings ===

impl Findings {
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.0
    }

    pub(super) fn add(&mut self, path: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Problem::new(path, what, remedy));
    }

    /// A problem unless the condition holds.
    pub(super) fn require(
        &mut self,
        holds: bool,
        path: &str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        if !holds {
            self.add(path, what, remedy);
        }
    }

    /// A problem for an error.
    pub(super) fn check<E: Into<String>>(&mut self, path: &str, result: Result<(), E>, remedy: &str) {
        if let Err(error) = result {
            self.add(path, error, remedy);
        }
    }

    pub(super) fn number(&mut self, path: &str, number: impl Into<i128>, least: i128, greatest: i128) {
        let number = number.into();
        let range = (least..=greatest).contains(&number);
        self.require(
            range,
            path,
            format!("{number} is out of range"),
            format!("write {least} to {greatest}"),
        );
    }

    pub(super) fn size(&mut self, path: &str, size: ByteSize, least: ByteSize, greatest: ByteSize) {
        let range = (least..=greatest).contains(&size);
        self.require(range, path, format!("{size} is out of range"), format!("write {least} to {greatest}"));
    }

    pub(super) fn period(&mut self, path: &str, period: Period, least: Period, greatest: Period) {
        let range = (least..=greatest).contains(&period);
        self.require(
            range,
            path,
            format!("{period} is out of range"),
            format!("write {least} to {greatest}"),
        );
    }

    /// A consumer group's name. Kafka takes anything; what it can't show on one line is a mistake.
    pub(super) fn group(&mut self, path: &str, group: &str) {
        let fits = !group.is_empty() && group.len() <= 255 && group.chars().all(|c| c.is_ascii_graphic());
        self.require(
            fits,
            path,
            format!("`{}` can't be a consumer group's name", group.escape_debug()),
            "use 1 to 255 letters, digits and signs, without spaces",
        );
    }
}
