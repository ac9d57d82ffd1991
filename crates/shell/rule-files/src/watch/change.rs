//! Who is told of changes.

use std::fmt;

use forebay_rules::Rules;

/// What became of a changed folder.
#[derive(Debug)]
pub enum Change<'a> {
    /// A revision is in force.
    InForce {
        /// It.
        rules: &'a Rules,
        /// The one that was in force before.
        before: &'a Rules,
    },
    /// The folder is not in force: what was stays.
    Rejected {
        /// Its revision, where it came to have one.
        revision: Option<&'a str>,
        /// Why.
        why: &'a str,
    },
}

/// Who is told.
pub(super) struct Tell(Box<dyn Fn(&Change<'_>) + Send>);

impl Tell {
    pub(super) fn new(tell: impl Fn(&Change<'_>) + Send + 'static) -> Self {
        Self(Box::new(tell))
    }

    pub(super) fn in_force(&self, rules: &Rules, before: &Rules) {
        (self.0)(&Change::InForce { rules, before });
    }

    pub(super) fn rejected(&self, revision: Option<&str>, why: &str) {
        (self.0)(&Change::Rejected { revision, why });
    }
}

/// Nobody.
impl Default for Tell {
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Tell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tell")
    }
}
