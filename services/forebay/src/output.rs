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

/// A standard error that is closed is nothing to end for.
fn message(prefix: &str, text: &str) {
    let mut err = io::stderr().lock();
    let _nobody_listens = writeln!(err, "{prefix}{text}");
}
