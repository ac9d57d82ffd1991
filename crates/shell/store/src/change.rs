//! What a bootstrap changes, or would change.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What becomes of one thing in the store.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Change {
    /// What it is about, such as ``index template `forebay` ``.
    pub what: String,
    /// What becomes of it.
    pub kind: ChangeKind,
}

/// What becomes of a thing.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is not there yet.
    Create,
    /// It is there and differs.
    Update(Vec<Difference>),
    /// It is there as it should be.
    Unchanged,
}

/// One field that differs.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Difference {
    /// Where, as keys joined by dots.
    pub path: String,
    /// What is there now, as JSON; `None` where nothing is.
    pub from: Option<String>,
    /// What will be there, as JSON; `None` where nothing will be.
    pub to: Option<String>,
}

impl Change {
    /// What has been done: [`Change`]'s own text says what is to be done.
    pub fn in_past_tense(&self) -> String {
        self.text("created", "updated")
    }

    /// One line, then one more for each difference.
    fn text(&self, create: &str, update: &str) -> String {
        match &self.kind {
            ChangeKind::Create => format!("{}: {create}", self.what),
            ChangeKind::Unchanged => format!("{}: unchanged", self.what),
            ChangeKind::Update(differences) => {
                let lines: String =
                    differences.iter().map(|difference| format!("\n  {difference}")).collect();
                format!("{}: {update}{lines}", self.what)
            }
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text("create", "update"))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "~ {}: {from} -> {to}", self.path),
            (None, Some(to)) => write!(f, "+ {}: {to}", self.path),
            (Some(from), None) => write!(f, "- {}: {from}", self.path),
            (None, None) => write!(f, "  {}", self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_line_by_line() {
        let difference = |from: Option<&str>, to: Option<&str>| Difference {
            path: "settings.index.number_of_replicas".to_owned(),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
        };
        let change = Change {
            what: "index template `forebay`".to_owned(),
            kind: ChangeKind::Update(vec![
                difference(Some("\"1\""), Some("\"0\"")),
                difference(None, Some("2")),
                difference(Some("2"), None),
            ]),
        };
        assert!(change.in_past_tense().starts_with("index template `forebay`: updated\n  "));
        assert_eq!(
            change.to_string(),
            "index template `forebay`: update\n  \
             ~ settings.index.number_of_replicas: \"1\" -> \"0\"\n  \
             + settings.index.number_of_replicas: 2\n  \
             - settings.index.number_of_replicas: 2"
        );
    }
}
