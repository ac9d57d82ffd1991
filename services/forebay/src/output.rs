//! Everything that the command prints: data to standard output, messages to standard error.
//!
//! Nothing else in this program writes to either, so that colour, broken pipes and quiet terminals are decided once.

pub(crate) mod ask;
pub(crate) mod lines;
pub(crate) mod progress;
pub(crate) mod table;
pub(crate) mod term;

use std::io::{self, BufWriter, StdoutLock, Write};

use crate::exit::Failure;

/// Standard output for data. A reader that has gone (`| head`) ends the command quietly.
#[derive(Debug)]
pub(crate) struct Data {
    out: BufWriter<StdoutLock<'static>>,
}

impl Data {
    pub(crate) fn new() -> Self {
        Self { out: BufWriter::with_capacity(64 * 1024, io::stdout().lock()) }
    }

    /// Writes a line and its end.
    pub(crate) fn line(&mut self, text: impl AsRef<[u8]>) -> Result<(), Failure> {
        self.raw(text)?;
        self.raw(b"\n")
    }

    /// Writes bytes as they are.
    pub(crate) fn raw(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
        self.out.write_all(bytes.as_ref()).map_err(written)
    }

    /// Shows what was written so far: at the end, and wherever somebody watches.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(written)
    }
}

fn written(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::reader_gone()
    } else {
        Failure::failed(format!("can't write to standard output: {error}"))
    }
}

/// A message for the person: what happens, not what was asked for.
pub(crate) fn note(text: impl AsRef<str>) {
    message("", text.as_ref());
}

/// Something that needs the person's attention and ends nothing.
pub(crate) fn warn(text: impl AsRef<str>) {
    message(&term::stderr().paint(term::Colour::Yellow, "warning: "), text.as_ref());
}

/// Why the command ends.
pub(crate) fn error(failure: &Failure) {
    if !failure.is_quiet() {
        message(&term::stderr().paint(term::Colour::Red, "error: "), &failure.to_string());
    }
}

/// A line of a list: a name, and what belongs to it, in a colour where one is given. [`note`] would show the colour's own escapes.
pub(crate) fn entry(name: &str, text: &str, colour: Option<term::Colour>) {
    let text = term::safe(text);
    let text = match colour {
        Some(colour) => term::stderr().paint(colour, &text),
        None => text,
    };
    print(&format!("  {name:<8} {text}"));
}

/// Texts may hold what a server, a path or a log says: only their line ends, and the colour of `prefix`, reach the terminal.
fn message(prefix: &str, text: &str) {
    print(&format!("{prefix}{}", shown(text)));
}

/// `text` as it can be shown: its own lines, and nothing else that steers a terminal.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (n, line) in text.split('\n').enumerate() {
        if n > 0 {
            shown.push('\n');
        }
        shown.push_str(&term::safe(line));
    }
    shown
}

/// A standard error that is closed is nothing to end for.
fn print(line: &str) {
    let mut err = io::stderr().lock();
    let _nobody_listens = writeln!(err, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a server's error, with a terminal's commands in all their forms, in a message of two lines.
    /// Guarantees: nothing of it but the lines reaches the terminal.
    #[test]
    fn a_message_does_not_steer_the_terminal() {
        let text = shown("the server says \x1b]0;owned\x07\u{9b}2J\x7f\u{202e}\rhidden\n  -> do this");
        assert_eq!(
            text,
            "the server says \\u{1b}]0;owned\\u{7}\\u{9b}2J\\u{7f}\\u{202e}\\rhidden\n  -> do this"
        );
    }
}
