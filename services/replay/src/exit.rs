//! How the job ends. The codes are part of the interface: a Kubernetes Job starts again after all but 0, unless its
//! `podFailurePolicy` says otherwise for 2, 77 and 78, which no new start mends.

use std::process::ExitCode;

/// How the job ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// All that matched was replayed.
    Done,
    /// Some was not: started again, the job goes on with it.
    Failed,
    /// Kafka can't be reached (`EX_UNAVAILABLE` of sysexits.h).
    Unreachable,
    /// The access file wants another token (`EX_NOPERM`).
    Denied,
    /// The settings are wrong (`EX_CONFIG`).
    Settings,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Unreachable => 69,
            Exit::Denied => 77,
            Exit::Settings => 78,
        })
    }
}

/// Tells a person why it didn't begin.
#[expect(clippy::print_stderr, reason = "the log is not set up yet, or may be filtered; a person reads this")]
pub(crate) fn complain(exit: Exit, message: &str) -> ExitCode {
    eprintln!("forebay-replay: {message}");
    exit.into()
}
