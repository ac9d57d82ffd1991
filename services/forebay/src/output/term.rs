//! Colour, and text that is safe to show.
//!
//! Colour is for people: only on a terminal, unless `NO_COLOR` (<https://no-color.org>) or `TERM=dumb` say no.

use std::borrow::Cow;
use std::env;
use std::fmt::Write;
use std::io::{self, IsTerminal};

/// The colours in use, as SGR parameters of ECMA-48.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Colour {
    Red,
    Yellow,
    Green,
    Cyan,
    Dim,
    Bold,
}

/// How text is shown on one of the two outputs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Style {
    coloured: bool,
}

/// The style of standard output.
pub(crate) fn stdout() -> Style {
    Style { coloured: io::stdout().is_terminal() && wanted() }
}

/// The style of standard error.
pub(crate) fn stderr() -> Style {
    Style { coloured: io::stderr().is_terminal() && wanted() }
}

fn wanted() -> bool {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}

impl Style {
    /// No colour, whatever the output is.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self { coloured: false };

    /// Colour, whatever the output is.
    #[cfg(test)]
    pub(crate) const COLOURED: Self = Self { coloured: true };

    /// Whether there is colour.
    pub(crate) const fn is_coloured(self) -> bool {
        self.coloured
    }

    /// `text` in a colour, where there is colour.
    pub(crate) fn paint<'a>(self, colour: Colour, text: &'a str) -> Cow<'a, str> {
        if !self.coloured || text.is_empty() {
            return Cow::Borrowed(text);
        }
        let code = match colour {
            Colour::Red => 31,
            Colour::Yellow => 33,
            Colour::Green => 32,
            Colour::Cyan => 36,
            Colour::Dim => 2,
            Colour::Bold => 1,
        };
        Cow::Owned(format!("\x1b[{code}m{text}\x1b[0m"))
    }
}

/// `text` with its control characters made visible. What a log holds must not move the cursor, set the window's title
/// or clear the screen of whoever looks at it.
pub(crate) fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\t' => shown.push('\t'),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            other if is_unsafe(other) => {
                // Writing to a String can't fail.
                let _infallible = write!(shown, "\\u{{{:x}}}", u32::from(other));
            }
            other => shown.push(other),
        }
    }
    Cow::Owned(shown)
}

/// JSON with those of its control characters escaped that JSON itself may hold as they are: from 0x7f on, which steer a
/// terminal as well (0x9b begins a command). It says the same as before.
pub(crate) fn safe_json(json: &str) -> Cow<'_, str> {
    let steers = |character: char| character >= '\u{7f}' && is_unsafe(character);
    if !json.chars().any(steers) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if steers(character) {
            // Writing to a String can't fail.
            let _infallible = write!(shown, "\\u{:04x}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Control characters, and those that turn the direction of what follows.
fn is_unsafe(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_log_holds_does_not_steer_the_terminal() {
        assert_eq!(safe("plain ünï\ttext"), "plain ünï\ttext");
        assert_eq!(safe("\x1b]0;owned\x07\r\n\u{202e}x"), "\\u{1b}]0;owned\\u{7}\\r\\n\\u{202e}x");
    }

    /// Scenario: JSON whose text holds a terminal's commands in the forms that JSON needn't escape.
    /// Guarantees: they are escaped, and the JSON means what it meant.
    #[test]
    fn json_does_not_steer_the_terminal_either() {
        let hostile = "\u{9b}31m\u{7f}\u{202e}\u{85}ü\x1b";
        let pretty = serde_json::to_string_pretty(&serde_json::json!({ "reason": hostile })).unwrap();
        let shown = safe_json(&pretty);
        assert!(shown.chars().all(|c| c == '\n' || !is_unsafe(c)), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap()["reason"], hostile);
        assert!(matches!(safe_json("{\"a\":\"ü\"}"), Cow::Borrowed(_)));
    }

    #[test]
    fn colour_is_optional() {
        assert_eq!(Style::PLAIN.paint(Colour::Red, "x"), "x");
        assert_eq!(Style::COLOURED.paint(Colour::Red, "x"), "\x1b[31mx\x1b[0m");
    }
}
