//! How the command ends: exit codes and failures.
//!
//! The codes are part of the interface: scripts branch on them, `--help` and the README list them. 69, 77 and 78 are
//! those of `sysexits.h` (`EX_UNAVAILABLE`, `EX_NOPERM`, `EX_CONFIG`).

use std::fmt;
use std::process::ExitCode;

/// The list of codes as `--help` shows it.
pub(crate) const EXIT_CODES_HELP: &str = "\
Exit codes:
  0    done
  1    failed, or done in part (some events were refused)
  2    wrong arguments
  69   Kafka, the search cluster or ingest can't be reached
  77   the access file wants another token for this
  78   the settings are wrong
  130  interrupted";

/// How the command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Failed, or done in part.
    Failed,
    /// Wrong arguments.
    Usage,
    /// A server can't be reached.
    Unreachable,
    /// Whoever gave the command may not.
    Denied,
    /// The settings are wrong.
    Settings,
    /// Stopped by Ctrl-C.
    Interrupted,
}

/// Why a command didn't do what it was asked for: what happened, where, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    what: String,
    hint: Option<String>,
}

/// What every command answers.
pub(crate) type Outcome = Result<Exit, Failure>;

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unreachable => 69,
            Self::Denied => 77,
            Self::Settings => 78,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

// === impl Failure ===

impl Failure {
    pub(crate) fn new(exit: Exit, what: impl fmt::Display) -> Self {
        Self { exit, what: what.to_string(), hint: None }
    }

    /// Something went wrong that no code of its own stands for.
    pub(crate) fn failed(what: impl fmt::Display) -> Self {
        Self::new(Exit::Failed, what)
    }

    /// The arguments can't be used.
    pub(crate) fn usage(what: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// A server can't be reached.
    pub(crate) fn unreachable(what: impl fmt::Display) -> Self {
        Self::new(Exit::Unreachable, what)
    }

    /// The settings are wrong.
    pub(crate) fn settings(what: impl fmt::Display) -> Self {
        Self::new(Exit::Settings, what)
    }

    /// The reader of the output has gone: nobody is left to be told anything.
    pub(crate) const fn reader_gone() -> Self {
        Self { exit: Exit::Done, what: String::new(), hint: None }
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// Whether there is nothing to say.
    pub(crate) fn is_quiet(&self) -> bool {
        self.what.is_empty()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  -> {hint}"),
            None => Ok(()),
        }
    }
}
