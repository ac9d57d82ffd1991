//! Who gives a command: the one place that asks, and what it tells who is refused.

use std::path::{Path, PathBuf};

use forebay_access::{Operator, Role, ScopeError, Secret};
use forebay_audit_log::actor;
use forebay_operators::command::{self, CommandError};

use crate::dev::banner::word;
use crate::exit::{Exit, Failure};

/// How a command is told who gives it.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct TokenArgs {
    /// The file that holds the token of who gives this command, in place of FOREBAY_TOKEN; for `send` and `generate`, the
    /// sender's, which they take from nowhere else
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) token_file: Option<PathBuf>,
}

impl TokenArgs {
    /// Who gives the command, if he has this role by this access file.
    pub(crate) fn ask(&self, access_file: Option<&Path>, role: Role) -> Result<Operator, Failure> {
        let token = self.shown(access_file)?;
        command::ask(access_file, token.as_ref(), role, &actor::person()).map_err(|error| explain(&error))
    }

    /// Who changes the credentials of this file: see [`command::ask_to_change`].
    pub(crate) fn ask_to_change(&self, access_file: &Path) -> Result<Operator, Failure> {
        let token = self.shown(Some(access_file))?;
        command::ask_to_change(access_file, token.as_ref(), &actor::person()).map_err(|error| explain(&error))
    }

    /// The token, where anybody asks for it.
    pub(crate) fn shown(&self, access_file: Option<&Path>) -> Result<Option<Secret>, Failure> {
        if access_file.is_none() {
            return Ok(None);
        }
        let variable = std::env::var_os(command::VARIABLE);
        command::token(self.token_file.as_deref(), variable).map_err(|error| explain(&error))
    }
}

/// An access file that isn't there, and how it is made.
pub(crate) fn no_file(path: &Path) -> (String, String) {
    let file = word(path);
    (
        format!("access file {}: there is none, and without it nobody could come in", path.display()),
        format!(
            "make it first, with the first administrator: `forebay token create --file {file} --tenant ops --role admin --may-choose '*'`"
        ),
    )
}

fn explain(error: &CommandError) -> Failure {
    let exit = match error {
        CommandError::File { .. } => Exit::Settings,
        CommandError::Token { .. } | CommandError::NoToken(_) => Exit::Usage,
        CommandError::Asked { .. } | CommandError::Denied { .. } => Exit::Denied,
    };
    Failure::new(exit, error).hint(error.hint())
}

/// What is told to who may not see or change what he asked for.
pub(crate) fn out_of_scope(error: &ScopeError) -> Failure {
    match error {
        ScopeError::Which(_) => Failure::usage(error).hint("name it with --tenant"),
        ScopeError::Foreign(_) | ScopeError::NotEverybody(_) => Failure::new(Exit::Denied, error),
    }
}
