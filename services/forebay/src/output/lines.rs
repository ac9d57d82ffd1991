//! Lines that tell what they are, in the colours of the terminal.

use forebay_rule_tools::{Line, Tone};

use super::Data;
use super::term::{Colour, Style, safe};
use crate::exit::Failure;

/// Writes lines. Whatever of an event stands in them does not steer the terminal.
pub(crate) fn write(data: &mut Data, style: Style, lines: &[Line]) -> Result<(), Failure> {
    lines.iter().try_for_each(|line| data.line(paint(style, line)))
}

/// A line in its colour, safe to show.
pub(crate) fn paint(style: Style, line: &Line) -> String {
    let text = safe(&line.text);
    let colour = match line.tone {
        Tone::Plain => return text.into_owned(),
        Tone::Heading => Colour::Bold,
        Tone::Quiet => Colour::Dim,
        Tone::Good | Tone::Added => Colour::Green,
        Tone::Bad | Tone::Removed => Colour::Red,
        Tone::Warning => Colour::Yellow,
    };
    style.paint(colour, &text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tones_are_colours_and_text_is_harmless() {
        let line = Line::new(Tone::Removed, "- a\u{1b}[2Jb");
        assert_eq!(paint(Style::PLAIN, &line), "- a\\u{1b}[2Jb");
        assert_eq!(paint(Style::COLOURED, &line), "\u{1b}[31m- a\\u{1b}[2Jb\u{1b}[0m");
    }
}
