//! Questions to the person at the terminal.
//!
//! They are asked on standard error, so that data on standard output can be piped away. Without a terminal nobody can be
//! asked: the command says which option answers the question instead.

use std::io::{self, IsTerminal};

use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Select};

use super::term;
use crate::exit::{Exit, Failure};

/// Whether there is somebody to ask.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question that is answered by yes or no; no is what Enter means.
pub(crate) fn confirm(question: &str) -> Result<bool, Failure> {
    let theme = theme();
    Confirm::with_theme(&*theme).with_prompt(question).default(false).interact().map_err(failed)
}

/// Asks for one of several; `None` when none is wanted (Escape, `q`).
pub(crate) fn choose(question: &str, answers: &[String]) -> Result<Option<usize>, Failure> {
    let theme = theme();
    Select::with_theme(&*theme).with_prompt(question).items(answers).default(0).interact_opt().map_err(failed)
}

fn theme() -> Box<dyn Theme> {
    if term::stderr().is_coloured() { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) }
}

fn failed(error: dialoguer::Error) -> Failure {
    let dialoguer::Error::IO(error) = error;
    match error.kind() {
        io::ErrorKind::Interrupted => Failure::new(Exit::Interrupted, ""),
        _ => Failure::failed(format!("can't ask on this terminal: {error}")),
    }
}
