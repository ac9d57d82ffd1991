//! From text to [`Node`]: the grammar of Lucene's classic query parser, with bounds on length and depth.
//!
//! AND makes the clauses on both its sides required, OR and a mere space leave them optional, `+`, `-`, `NOT` and `!`
//! bind to the clause that follows. That is Lucene's rule, not that of Boolean algebra: in `a OR b AND c`, b and c are
//! required and a is not.

use super::ast::{Bound, Leaf, Node, Occur};
use super::pattern::Pattern;

/// The longest query, in bytes.
pub(crate) const MAX_LENGTH: usize = 16 * 1024;
/// The deepest nesting of parentheses.
const MAX_DEPTH: usize = 50;
/// The most clauses, as in Lucene.
const MAX_CLAUSES: usize = 1024;

/// What is wrong with a query, in words for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct QueryError(pub(crate) String);

/// Parses a query. Blank text finds everything.
pub(crate) fn parse(text: &str) -> Result<Node, QueryError> {
    if text.len() > MAX_LENGTH {
        return Err(QueryError(format!("the query is longer than {MAX_LENGTH} bytes")));
    }
    if text.trim().is_empty() {
        return Ok(Node::Leaf(None, Leaf::Exists));
    }
    let mut parser = Parser { chars: text.chars().collect(), at: 0, clauses: 0 };
    let node = parser.clauses(None, 0)?;
    match parser.peek() {
        None => Ok(node),
        Some(stray) => parser.fail(&format!("`{stray}` has no counterpart before it")),
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    clauses: usize,
}

/// What stands between two clauses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Junction {
    Space,
    And,
    Or,
}

// === impl Parser: clauses ===

impl Parser {
    /// Clauses up to the end or a closing parenthesis.
    fn clauses(&mut self, field: Option<&str>, depth: usize) -> Result<Node, QueryError> {
        if depth > MAX_DEPTH {
            return self.fail(&format!("more than {MAX_DEPTH} levels of parentheses"));
        }
        let mut clauses: Vec<(Occur, Node)> = Vec::new();
        loop {
            self.skip_space();
            if matches!(self.peek(), None | Some(')')) {
                break;
            }
            let junction = self.junction();
            if junction != Junction::Space && clauses.is_empty() {
                return self.fail("an operator needs a clause before it");
            }
            self.skip_space();
            let sign = self.sign();
            self.skip_space();
            if matches!(self.peek(), None | Some(')')) {
                return self.fail("an operator needs a clause after it");
            }
            self.clauses += 1;
            if self.clauses > MAX_CLAUSES {
                return self.fail(&format!("more than {MAX_CLAUSES} clauses"));
            }
            let node = self.clause(field, depth)?;
            if junction == Junction::And
                && let Some((before @ Occur::Should, _)) = clauses.last_mut()
            {
                *before = Occur::Must;
            }
            let occur = sign.unwrap_or(if junction == Junction::And { Occur::Must } else { Occur::Should });
            clauses.push((occur, node));
        }
        match (clauses.len(), clauses.pop()) {
            (_, None) => self.fail("nothing between the parentheses"),
            (1, Some((Occur::Should | Occur::Must, only))) => Ok(only),
            (_, Some(last)) => {
                clauses.push(last);
                Ok(Node::Clauses(clauses))
            }
        }
    }

    fn junction(&mut self) -> Junction {
        if self.take_word("AND") || self.take("&&") {
            Junction::And
        } else if self.take_word("OR") || self.take("||") {
            Junction::Or
        } else {
            Junction::Space
        }
    }

    fn sign(&mut self) -> Option<Occur> {
        if self.take("+") {
            Some(Occur::Must)
        } else if self.take("-") || self.take("!") || self.take_word("NOT") {
            Some(Occur::MustNot)
        } else {
            None
        }
    }

    fn clause(&mut self, field: Option<&str>, depth: usize) -> Result<Node, QueryError> {
        let leaf = |leaf| Node::Leaf(field.map(str::to_owned), leaf);
        let node = match self.peek() {
            Some('(') => {
                self.at += 1;
                let group = self.clauses(field, depth + 1)?;
                if !self.take(")") {
                    return self.fail("a `)` is missing");
                }
                group
            }
            Some('"') => {
                let text = self.quoted()?;
                let slop = if self.take("~") { self.digits().parse().unwrap_or(0) } else { 0 };
                leaf(Leaf::Phrase(text, slop))
            }
            Some('[' | '{') => leaf(self.range()?),
            Some('/') => leaf(self.regex()?),
            Some('>' | '<') if field.is_some() => leaf(self.comparison()?),
            Some(other) if r#")]}^~:"#.contains(other) => {
                return self.fail(&format!(
                    "`{other}` can't stand here: put the value in quotes, or a `\\` before it"
                ));
            }
            _ => {
                let word = self.word()?;
                if self.peek() == Some(':') {
                    return self.field(field, &word, depth);
                }
                if self.peek() == Some('~') {
                    return self.fail("fuzzy search (`~`) is not supported by the embedded store");
                }
                leaf(if word.is_anything() { Leaf::Exists } else { Leaf::Word(word) })
            }
        };
        self.boost()?;
        Ok(node)
    }

    /// What follows a field's name.
    fn field(&mut self, outer: Option<&str>, name: &Pattern, depth: usize) -> Result<Node, QueryError> {
        self.at += 1;
        if outer.is_some() {
            return self.fail("a second `:`: put the value in quotes, or a `\\` before it");
        }
        if name.is_anything() {
            self.skip_space();
            return self.clause(None, depth);
        }
        let Some(name) = name.literal() else {
            return self.fail("wildcards in a field's name are not supported by the embedded store");
        };
        self.skip_space();
        if self.peek().is_none() {
            return self.fail(&format!("a value is missing after `{name}:`"));
        }
        if name == "_exists_" {
            let path = if self.peek() == Some('"') { self.quoted()? } else { self.plain()? };
            return Ok(Node::Leaf(Some(path), Leaf::Exists));
        }
        self.clause(Some(name), depth)
    }

    /// `^2`, which changes nothing where hits are ordered by time.
    fn boost(&mut self) -> Result<(), QueryError> {
        if self.take("^") && self.digits().is_empty() {
            return self.fail("a number is missing after `^`");
        }
        Ok(())
    }
}

// === impl Parser: values ===

impl Parser {
    fn word(&mut self) -> Result<Pattern, QueryError> {
        let mut word = Pattern::default();
        while let Some(char) = self.peek() {
            match char {
                '\\' => {
                    self.at += 1;
                    let Some(escaped) = self.peek() else {
                        return self.fail("nothing follows the `\\` at the end");
                    };
                    word.push_char(escaped);
                }
                '*' => word.push_any_text(),
                '?' => word.push_any_char(),
                _ if char.is_whitespace() || r#"()[]{}"^~:"#.contains(char) => break,
                _ => word.push_char(char),
            }
            self.at += 1;
        }
        if word.is_empty() { self.fail("a value is missing") } else { Ok(word) }
    }

    /// A word without wildcards.
    fn plain(&mut self) -> Result<String, QueryError> {
        let word = self.word()?;
        match word.literal() {
            Some(text) => Ok(text.to_owned()),
            None => self.fail("a wildcard can't stand here"),
        }
    }

    fn quoted(&mut self) -> Result<String, QueryError> {
        self.at += 1;
        let mut text = String::new();
        while let Some(char) = self.next() {
            match char {
                '"' => return Ok(text),
                '\\' => text.extend(self.next()),
                other => text.push(other),
            }
        }
        self.fail("a closing `\"` is missing")
    }

    fn regex(&mut self) -> Result<Leaf, QueryError> {
        self.at += 1;
        let mut text = String::new();
        while let Some(char) = self.next() {
            match char {
                '/' => return Ok(Leaf::Regex(text)),
                '\\' if self.peek() == Some('/') => text.extend(self.next()),
                other => text.push(other),
            }
        }
        self.fail("a closing `/` is missing: a value that begins with `/` goes in quotes")
    }

    /// `[a TO b}`; square brackets include their bound, curly ones don't.
    fn range(&mut self) -> Result<Leaf, QueryError> {
        let lower_included = self.next() == Some('[');
        let lower = self.bound()?;
        self.skip_space();
        if !self.take_word("TO") {
            return self.fail("a range is written `[a TO b]`: `TO` is missing");
        }
        let upper = self.bound()?;
        self.skip_space();
        let upper_included = match self.next() {
            Some(']') => true,
            Some('}') => false,
            _ => return self.fail("a range ends with `]` or `}`"),
        };
        let bound = |value: Option<String>, included| match value {
            None => Bound::Open,
            Some(value) if included => Bound::Included(value),
            Some(value) => Bound::Excluded(value),
        };
        Ok(Leaf::Range(bound(lower, lower_included), bound(upper, upper_included)))
    }

    /// One end of a range; `*` is open.
    fn bound(&mut self) -> Result<Option<String>, QueryError> {
        self.skip_space();
        if self.peek() == Some('"') {
            return self.quoted().map(Some);
        }
        let mut value = String::new();
        let mut escaped = false;
        while let Some(char) = self.peek() {
            if char.is_whitespace() || char == ']' || char == '}' {
                break;
            }
            self.at += 1;
            if char == '\\' {
                escaped = true;
                value.extend(self.next());
            } else {
                value.push(char);
            }
        }
        match value.as_str() {
            "" => self.fail("a range's bound is missing"),
            "*" if !escaped => Ok(None),
            _ => Ok(Some(value)),
        }
    }

    fn comparison(&mut self) -> Result<Leaf, QueryError> {
        let above = self.next() == Some('>');
        let included = self.take("=");
        self.skip_space();
        let value = if self.peek() == Some('"') { self.quoted()? } else { self.plain()? };
        if self.peek() == Some(':') {
            return self.fail("a `:` in a value: put the value in quotes");
        }
        let bound = if included { Bound::Included(value) } else { Bound::Excluded(value) };
        Ok(if above { Leaf::Range(bound, Bound::Open) } else { Leaf::Range(Bound::Open, bound) })
    }

    /// Digits and points, for boosts and distances.
    fn digits(&mut self) -> String {
        let mut digits = String::new();
        while let Some(char) = self.peek().filter(|char| char.is_ascii_digit() || *char == '.') {
            digits.push(char);
            self.at += 1;
        }
        digits
    }
}

// === impl Parser: characters ===

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += 1;
        Some(char)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn take(&mut self, text: &str) -> bool {
        let matches = text.chars().enumerate().all(|(n, char)| self.chars.get(self.at + n) == Some(&char));
        if matches {
            self.at += text.chars().count();
        }
        matches
    }

    /// Takes an operator that is a word, which must stand by itself.
    fn take_word(&mut self, word: &str) -> bool {
        let after = self.chars.get(self.at + word.len());
        after.is_none_or(|char| char.is_whitespace() || r#"()[{""#.contains(*char)) && self.take(word)
    }

    fn fail<T>(&self, what: &str) -> Result<T, QueryError> {
        Err(QueryError(format!("{what} (at character {})", self.at + 1)))
    }
}

#[cfg(test)]
mod tests;
