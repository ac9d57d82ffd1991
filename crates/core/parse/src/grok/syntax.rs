//! The syntax of patterns, which is Oniguruma's with placeholders, and what it is called in the `regex` crate.
//!
//! Atomic groups become plain ones, which match the same lines and more; groups without names capture nothing; `(?m)`,
//! with which a dot matches line breaks in Oniguruma, becomes `(?s)`; a bare brace that repeats nothing is escaped; `\h`
//! is a hexadecimal digit.
//!
//! Source: <https://github.com/kkos/oniguruma/blob/master/doc/RE>, <https://docs.rs/regex/latest/regex/#syntax>.

/// A part of a pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part<'a> {
    /// Text for the expression, as it is.
    Text(&'a str),
    /// The beginning of a group with this name.
    Group(&'a str),
    /// A placeholder, from `%{` to the next `}`, or to the end if there is none.
    Pattern(&'a str),
    /// The beginning of a look-around.
    LookAround(&'static str),
}

/// The parts of a pattern, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Parts<'a> {
    rest: &'a str,
    /// How many classes, `[...]`, are open.
    classes: usize,
}

// === impl Parts ===

impl<'a> Parts<'a> {
    pub(super) fn new(pattern: &'a str) -> Self {
        Self { rest: pattern, classes: 0 }
    }

    /// Takes so many bytes.
    fn take(&mut self, len: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Takes these bytes and gives others for them.
    fn replace(&mut self, len: usize, text: &'static str) -> Part<'a> {
        let _taken = self.take(len);
        Part::Text(text)
    }

    fn escape(&mut self) -> Part<'a> {
        match self.rest.as_bytes().get(1) {
            Some(b'h') if self.classes > 0 => self.replace(2, "0-9A-Fa-f"),
            Some(b'h') => self.replace(2, "[0-9A-Fa-f]"),
            Some(b'H') => self.replace(2, "[^0-9A-Fa-f]"),
            Some(b'Z') => self.replace(2, r"\z"),
            // In the other engine these are boundaries of words.
            Some(b'<') => self.replace(2, "<"),
            Some(b'>') => self.replace(2, ">"),
            _ => {
                let escaped = self.rest.chars().nth(1).map_or(0, char::len_utf8);
                Part::Text(self.take(1 + escaped))
            }
        }
    }

    /// Takes the beginning of a group.
    fn group(&mut self) -> Part<'a> {
        const LOOK_AROUNDS: [&str; 4] = ["(?<=", "(?<!", "(?=", "(?!"];
        if let Some(construct) = LOOK_AROUNDS.iter().find(|start| self.rest.starts_with(**start)) {
            let _taken = self.take(construct.len());
            return Part::LookAround(construct);
        }
        for (start, end) in [("(?<", '>'), ("(?P<", '>'), ("(?'", '\'')] {
            if let Some(name) = self.rest.strip_prefix(start) {
                let Some((name, rest)) = name.split_once(end) else { continue };
                self.rest = rest;
                return Part::Group(name);
            }
        }
        if self.rest.starts_with("(?>") {
            return self.replace(3, "(?:");
        }
        if self.rest.starts_with("(?m)") {
            return self.replace(4, "(?s)");
        }
        if self.rest.starts_with("(?m:") {
            return self.replace(4, "(?s:");
        }
        if self.rest.starts_with("(?") { Part::Text(self.take(2)) } else { self.replace(1, "(?:") }
    }

    /// Takes the beginning of a class; a bracket that closes right behind it is one of its characters.
    fn class(&mut self) -> Part<'a> {
        self.classes += 1;
        let inner = self.rest.get(1..).unwrap_or("");
        let negated = usize::from(inner.starts_with('^'));
        let literal = usize::from(inner.get(negated..).is_some_and(|rest| rest.starts_with(']')));
        Part::Text(self.take(1 + negated + literal))
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let special = self.rest.find(['\\', '[', ']', '(', '{', '%']).unwrap_or(self.rest.len());
        if special > 0 {
            return Some(Part::Text(self.take(special)));
        }
        let in_class = self.classes > 0;
        Some(match self.rest.as_bytes().first()? {
            b'\\' => self.escape(),
            b'[' => self.class(),
            b']' => {
                self.classes = self.classes.saturating_sub(1);
                Part::Text(self.take(1))
            }
            b'(' if !in_class => self.group(),
            b'%' if !in_class && self.rest.starts_with("%{") => {
                let end = self.rest.find('}').map_or(self.rest.len(), |at| at + 1);
                Part::Pattern(self.take(end))
            }
            b'{' if !in_class && self.rest.starts_with("{,") => self.replace(2, "{0,"),
            b'{' if !in_class && !repeats(self.rest) => self.replace(1, r"\{"),
            _ => Part::Text(self.take(1)),
        })
    }
}

/// Whether a brace begins a repetition: `{3}`, `{3,}`, `{3,5}`.
fn repeats(text: &str) -> bool {
    let Some((inner, _)) = text.get(1..).and_then(|inner| inner.split_once('}')) else { return false };
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    !least.is_empty() && [least, most].iter().all(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}
