//! Changes of an access file's text: a credential is added, or switched off. Everything else in it stays as people wrote it,
//! comments too. What comes out is read again before it is given back, so that no edit can break a file.

use forebay_yaml::{Node, Tree};
use jiff::Timestamp;
use thiserror::Error;

use crate::access::Access;
use crate::read::{Problems, node, read};

/// A new credential.
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// What people call it.
    pub name: String,
    /// Its tenant.
    pub tenant: String,
    /// How it is shown.
    pub key: NewKey,
    /// From when on it is no longer valid.
    pub expires: Option<Timestamp>,
    /// The names of its roles; to send, if there are none.
    pub roles: Vec<String>,
    /// The tenants that it may choose.
    pub may_choose: Vec<String>,
    /// The networks that it may be shown from; all, if there are none.
    pub from: Vec<String>,
}

/// How a new credential is shown.
#[derive(Clone, Debug)]
pub enum NewKey {
    /// By a token of this hash, in the form of the file.
    Token(String),
    /// By a user and a password of this hash.
    Password {
        /// The user.
        user: String,
        /// The hash, in the PHC form.
        argon2id: String,
    },
}

/// Why a file isn't changed.
#[derive(Debug, Error)]
pub enum EditError {
    /// The file is wrong already, or would be with the new credential.
    #[error("{0}")]
    Problems(#[from] Problems),
    /// There is no credential of that name.
    #[error("there is no credential `{0}`; `forebay token list` shows all")]
    NotFound(String),
    /// The file is written in a way that can't be added to.
    #[error("the file is written in a way that can't be changed from here; {0}")]
    Style(&'static str),
}

/// What an empty file begins with.
const HEAD: &str = "# Who may send events, and as which tenant. Tokens are kept as hashes only.\n";

/// The text with another credential.
///
/// # Errors
/// When the file is wrong, or would be.
pub fn add(text: &str, new: &NewCredential) -> Result<String, EditError> {
    const BLOCK: &str = "write `credentials:` as a list with a dash for each";
    let before = read(text)?.list().len();
    let root = node(text)?;
    let list = root.get("credentials");
    let lines: Vec<&str> = text.lines().collect();
    let entry = |indent: usize| new.to_yaml(indent);
    let after = match list {
        None => {
            let head = if text.trim().is_empty() { HEAD } else { "" };
            let text = text.trim_end();
            let gap = if text.is_empty() { "" } else { "\n" };
            format!("{head}{text}{gap}credentials:\n{}", entry(2))
        }
        Some(list) if matches!(list.tree, Tree::List(_)) || list.is_null() => {
            let first = list.elements().first().and_then(|first| line(&lines, first.place.0));
            let indent = first.map_or(2, |line| line.len() - line.trim_start().len());
            if first.is_none() && !list.is_null() {
                return Err(EditError::Style(BLOCK));
            }
            let end = end_of_list(&root, &lines);
            let (head, tail) = lines.split_at(end.min(lines.len()));
            let mut after = head.join("\n");
            after.push('\n');
            after.push_str(&entry(indent));
            if !tail.is_empty() {
                after.push_str(&tail.join("\n"));
                after.push('\n');
            }
            after
        }
        Some(_) => return Err(EditError::Style(BLOCK)),
    };
    let access = read(&after)?;
    let is_there = access.list().any(|one| one.name == new.name);
    if access.list().len() == before + 1 && is_there { Ok(after) } else { Err(EditError::Style(BLOCK)) }
}

/// The text with a credential switched off. It stays in the file, so that whoever shows it is told so.
///
/// # Errors
/// When there is no such credential, or the file is wrong.
pub fn disable(text: &str, name: &str, now: Timestamp) -> Result<String, EditError> {
    const KEYS: &str = "write each credential with a line for each key";
    let before = read(text)?;
    let root = node(text)?;
    let elements = root.get("credentials").map(Node::elements).unwrap_or_default();
    let is_it = |one: &&Node| one.get("name").is_some_and(|found| found.to_json() == name);
    let element = elements.iter().find(is_it).ok_or_else(|| EditError::NotFound(name.to_owned()))?;
    if is_disabled(&before, name) {
        return Ok(text.to_owned());
    }
    let written = element.get("disabled").filter(|value| !value.is_null());
    let place = written.unwrap_or(element).place;
    let column = usize::try_from(place.1).unwrap_or_default().saturating_sub(1);
    let at = offset(text, place.0, column).ok_or(EditError::Style(KEYS))?;
    let (head, tail) = text.split_at(at);
    let day = now.strftime("%Y-%m-%dT%H:%M:%SZ");
    let after = match written {
        Some(_) => {
            let tail = tail.strip_prefix("false").ok_or(EditError::Style(KEYS))?;
            format!("{head}true{tail}")
        }
        None => match tail.strip_prefix('{') {
            Some(tail) => format!("{head}{{disabled: true, {tail}"),
            None => format!("{head}disabled: true  # revoked {day}\n{}{tail}", " ".repeat(column)),
        },
    };
    let access = read(&after)?;
    let same = access.list().len() == before.list().len() && is_disabled(&access, name);
    if same { Ok(after) } else { Err(EditError::Style(KEYS)) }
}

fn is_disabled(access: &Access, name: &str) -> bool {
    access.list().any(|one| one.name == name && one.disabled)
}

/// The number of lines up to the end of the list: before the next key of the file, and the comments above that.
fn end_of_list(root: &Node, lines: &[&str]) -> usize {
    let Tree::Map(entries) = &root.tree else { return lines.len() };
    let mut keys = entries.iter().skip_while(|(key, _)| key.name != "credentials").skip(1);
    let next = keys.next().and_then(|(key, _)| usize::try_from(key.place.0).ok());
    let limit = next.map_or(lines.len(), |line| line.saturating_sub(1));
    let is_content = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let above = lines.get(..limit).unwrap_or_default();
    above.iter().rposition(is_content).map_or(limit, |last| last + 1)
}

fn line<'a>(lines: &[&'a str], number: u64) -> Option<&'a str> {
    lines.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
}

/// Where a line's column is, in bytes from the beginning of the text. Both count characters; lines from 1 on.
fn offset(text: &str, number: u64, column: usize) -> Option<usize> {
    let mut start = 0;
    for _ in 1..number {
        start += text.get(start..)?.find('\n')? + 1;
    }
    let line = text.get(start..)?;
    line.char_indices().nth(column).map(|(at, _)| start + at)
}

// === impl NewCredential ===

impl NewCredential {
    fn to_yaml(&self, indent: usize) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let several = |texts: &[String]| {
            format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
        };
        let mut keys =
            vec![format!("name: {}", quoted(&self.name)), format!("tenant: {}", quoted(&self.tenant))];
        match &self.key {
            NewKey::Token(hash) => keys.push(format!("token: {}", quoted(hash))),
            NewKey::Password { user, argon2id } => {
                keys.push(format!("password: {{user: {}, argon2id: {}}}", quoted(user), quoted(argon2id)));
            }
        }
        for (name, list) in [("roles", &self.roles), ("may_choose", &self.may_choose), ("from", &self.from)] {
            if !list.is_empty() {
                keys.push(format!("{name}: {}", several(list)));
            }
        }
        if let Some(expires) = self.expires {
            keys.push(format!("expires: \"{expires}\""));
        }
        let indent = " ".repeat(indent);
        let lines = keys.iter().enumerate();
        lines.map(|(index, key)| format!("{indent}{} {key}\n", if index == 0 { "-" } else { " " })).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::TokenHash;

    fn new(name: &str) -> NewCredential {
        NewCredential {
            name: name.to_owned(),
            tenant: "acme".to_owned(),
            key: NewKey::Token(TokenHash::of(name.as_bytes()).to_text()),
            expires: None,
            roles: Vec::new(),
            may_choose: Vec::new(),
            from: Vec::new(),
        }
    }

    fn names(text: &str) -> Vec<(String, bool)> {
        read(text).unwrap().list().map(|one| (one.name.to_owned(), one.disabled)).collect()
    }

    #[test]
    fn a_file_grows_from_nothing() {
        let one = add("", &new("one")).unwrap();
        assert!(one.starts_with("# Who may send"), "{one}");
        let mut second = new("tw\u{f6} \"2\"");
        second.expires = Some("2027-01-31T00:00:00Z".parse().unwrap());
        second.roles = vec!["send".to_owned(), "read".to_owned()];
        second.from = vec!["10.0.0.0/8".to_owned()];
        let two = add(&one, &second).unwrap();
        assert!(two.starts_with(&one), "{two}");
        assert_eq!(names(&two), [("one".to_owned(), false), ("tw\u{f6} \"2\"".to_owned(), false)]);
        assert!(matches!(add(&two, &new("one")), Err(EditError::Problems(_))), "the name is taken");
    }

    /// Scenario: credentials in the middle of a file with comments, indented in another way.
    /// Guarantees: only the new lines are new, and they stand where they belong.
    #[test]
    fn what_people_wrote_stays() {
        let hash = TokenHash::of(b"x").to_text();
        let text = format!(
            "# ours\ncredentials:\n# \u{fc}ber\n- name: web  # the web\n  tenant: acme\n  token: {hash}\n\n# who there is\ntenants:\n  acme: {{weight: 2}}\n"
        );
        let more = add(&text, &new("db")).unwrap();
        let lines: Vec<&str> = more.lines().collect();
        assert_eq!((lines[6], lines[9], lines[10]), ("- name: \"db\"", "", "# who there is"));
        assert_eq!(names(&more).len(), 2);
        let off = disable(&more, "web", "2026-11-22T03:00:00Z".parse().unwrap()).unwrap();
        assert!(
            off.contains("\n- disabled: true  # revoked 2026-11-22T03:00:00Z\n  name: web  # the web\n"),
            "{off}"
        );
        assert_eq!(names(&off), [("web".to_owned(), true), ("db".to_owned(), false)]);
        assert_eq!(disable(&off, "web", Timestamp::UNIX_EPOCH).unwrap(), off, "once is enough");
        assert!(matches!(disable(&off, "nobody", Timestamp::UNIX_EPOCH), Err(EditError::NotFound(_))));
    }

    #[test]
    fn other_ways_of_writing_are_changed_or_left_alone() {
        let hash = TokenHash::of(b"x").to_text();
        let now = Timestamp::UNIX_EPOCH;
        let flow = format!("credentials:\n  - {{name: \u{e4}, tenant: acme, token: \"{hash}\"}}\n");
        assert_eq!(names(&disable(&flow, "\u{e4}", now).unwrap()), [("\u{e4}".to_owned(), true)]);
        let said = format!(
            "credentials:\n  - name: a\n    disabled: false\n    tenant: acme\n    token: \"{hash}\"\n"
        );
        let off = disable(&said, "a", now).unwrap();
        assert_eq!(off, said.replace("disabled: false", "disabled: true"));
        assert!(matches!(add("credentials: []\n", &new("a")), Err(EditError::Style(_))));
        assert_eq!(names(&add("credentials:\n", &new("a")).unwrap()).len(), 1);
        assert!(matches!(add("credentials: [}", &new("a")), Err(EditError::Problems(_))));
    }
}
