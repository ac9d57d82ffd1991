//! On whose behalf the job works.

use forebay_access::{Operator, Role};
use forebay_audit_log::actor;
use forebay_operators::command::{self, CommandError};
use forebay_settings::Settings;

use crate::arguments::Arguments;
use crate::exit::Exit;

/// Who has made this job. Without an access file nobody is asked.
///
/// # Errors
/// What is told to who may not, and how the job ends then.
pub(crate) fn ask(settings: &Settings, arguments: &Arguments) -> Result<Operator, (Exit, String)> {
    let file = settings.operators_file();
    let role = if arguments.dry_run { Role::Read } else { Role::Admin };
    let variable = file.and_then(|_| std::env::var_os(command::VARIABLE));
    let token = command::token(arguments.token_file.as_deref(), variable);
    let asked = token.and_then(|token| command::ask(file, token.as_ref(), role, &actor::person()));
    asked.map_err(|error| {
        let exit = match error {
            CommandError::Asked { .. } | CommandError::Denied { .. } => Exit::Denied,
            CommandError::File { .. } | CommandError::Token { .. } | CommandError::NoToken(_) => {
                Exit::Settings
            }
        };
        (exit, format!("{error}; {}", error.hint()))
    })
}
