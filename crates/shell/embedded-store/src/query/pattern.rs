//! Words with wildcards: `*` is any text, `?` any one character, and what was escaped is itself.

/// A word as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pattern {
    pieces: Vec<Piece>,
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    AnyText,
    AnyChar,
}

// === impl Pattern ===

impl Pattern {
    pub(crate) fn push_char(&mut self, char: char) {
        if let Some(Piece::Text(text)) = self.pieces.last_mut() {
            text.push(char);
        } else {
            self.pieces.push(Piece::Text(char.to_string()));
        }
    }

    pub(crate) fn push_any_text(&mut self) {
        self.pieces.push(Piece::AnyText);
    }

    pub(crate) fn push_any_char(&mut self) {
        self.pieces.push(Piece::AnyChar);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Whether it is `*` alone.
    pub(crate) fn is_anything(&self) -> bool {
        !self.is_empty() && self.pieces.iter().all(|piece| *piece == Piece::AnyText)
    }

    /// The word, when there is no wildcard in it.
    pub(crate) fn literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The same in lower case, as words are indexed.
    pub(crate) fn to_lowercase(&self) -> Self {
        let lower = |piece: &Piece| match piece {
            Piece::Text(text) => Piece::Text(text.to_lowercase()),
            other => other.clone(),
        };
        Self { pieces: self.pieces.iter().map(lower).collect() }
    }

    /// A regular expression that matches the whole of `prefix` followed by this pattern.
    pub(crate) fn to_regex(&self, prefix: &str) -> String {
        let mut regex = escape(prefix);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => regex.push_str(&escape(text)),
                Piece::AnyText => regex.push_str("(?s:.)*"),
                Piece::AnyChar => regex.push_str("(?s:.)"),
            }
        }
        regex
    }
}

/// `text` as a regular expression for itself.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        if r"\.+*?()|[]{}^$#&-~/".contains(char) {
            out.push('\\');
        }
        out.push(char);
    }
    out
}
