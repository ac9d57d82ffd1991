//! Text for people, line by line, and the difference of two JSON values.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

/// How many lines are shown around a change.
const CONTEXT: usize = 2;

/// A line. It may hold anything that an event holds: whoever shows it makes it safe.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// What it is.
    pub tone: Tone,
    /// The text, without the line's end.
    pub text: String,
}

/// What a line is, for its colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// The beginning of something.
    Heading,
    /// Less important.
    Quiet,
    /// All is well.
    Good,
    /// Something is wrong.
    Bad,
    /// Worth a look.
    Warning,
    /// Only on the second side of a difference.
    Added,
    /// Only on its first side.
    Removed,
}

// === impl Line ===

impl Line {
    /// A line of this tone.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }

    /// The line, moved to the right.
    #[must_use]
    pub fn indented(self, by: usize) -> Self {
        Self { text: format!("{:by$}{}", "", self.text), ..self }
    }
}

/// The texts of lines, one below the other.
#[must_use]
pub fn plain(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.text);
        text.push('\n');
    }
    text
}

/// How much of two sides is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shown {
    /// All lines.
    All,
    /// Changes, with some lines around them.
    Changes,
}

/// The difference of two values as lines of JSON; empty where they are the same and only changes are shown. The commas at their ends are left
/// out: a member is no other one because something stands behind it now.
#[must_use]
pub fn diff(before: &Value, after: &Value, shown: Shown) -> Vec<Line> {
    let lines = |value: &Value| pretty(value).replace(",\n", "\n");
    lines_diff(&lines(before), &lines(after), shown)
}

/// The difference of two texts.
#[must_use]
pub fn lines_diff(before: &str, after: &str, shown: Shown) -> Vec<Line> {
    let diff = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    let mut push = |tag: ChangeTag, text: &str| {
        let text = text.trim_end_matches(['\n', '\r']);
        lines.push(match tag {
            ChangeTag::Equal => Line::new(Tone::Plain, format!("  {text}")),
            ChangeTag::Delete => Line::new(Tone::Removed, format!("- {text}")),
            ChangeTag::Insert => Line::new(Tone::Added, format!("+ {text}")),
        });
    };
    match shown {
        Shown::All => diff.iter_all_changes().for_each(|change| push(change.tag(), change.value())),
        Shown::Changes => {
            for (number, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
                if number > 0 {
                    push(ChangeTag::Equal, "...");
                }
                for op in group {
                    diff.iter_changes(op).for_each(|change| push(change.tag(), change.value()));
                }
            }
        }
    }
    lines
}

/// A value as lines of JSON, members by name.
#[must_use]
pub fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(&sorted(value)).unwrap_or_default();
    text.push('\n');
    text
}

/// The value with its members by name.
#[must_use]
pub fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            Value::Object(members.into_iter().map(|(name, member)| (name.clone(), sorted(member))).collect())
        }
        Value::Array(elements) => Value::Array(elements.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_shows_what_changed_and_a_little_around_it() {
        let before = json!({"z": 1, "a": 1, "b": 2, "c": 3, "d": 4, "e": 5});
        let after = json!({"a": 1, "b": 2, "c": 3, "d": 4, "e": 6, "z": 1});
        let lines = plain(&diff(&before, &after, Shown::Changes));
        assert_eq!(lines, "    \"c\": 3\n    \"d\": 4\n-   \"e\": 5\n+   \"e\": 6\n    \"z\": 1\n  }\n");
        assert!(diff(&before, &before, Shown::Changes).is_empty());
        let added = plain(&diff(&json!({"a": 1}), &json!({"a": 1, "b": 2}), Shown::Changes));
        assert_eq!(added, "  {\n    \"a\": 1\n+   \"b\": 2\n  }\n", "its neighbour is what it was");
        assert_eq!(diff(&before, &before, Shown::All).len(), 8);
    }

    #[test]
    fn changes_far_apart_have_a_gap_between_them() {
        let text = |first: u32, last: u32| {
            (0..20)
                .map(|n| match n {
                    0 => format!("{first}\n"),
                    19 => format!("{last}\n"),
                    _ => "same\n".to_owned(),
                })
                .collect::<String>()
        };
        let lines = lines_diff(&text(1, 2), &text(3, 4), Shown::Changes);
        assert_eq!(lines.iter().filter(|line| line.text == "  ...").count(), 1);
        assert_eq!(lines.len(), 2 + 2 + 1 + 2 + 2);
    }
}
