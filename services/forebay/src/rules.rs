//! Rules at the command line: which are meant, with which settings, and what is wrong with them.

mod source;

use std::path::{Path, PathBuf};

use forebay_rule_tools::{Engine, RuleFolder};
use forebay_rules::problem::Severity;
use forebay_rules::{Problem, RuleFiles};
use forebay_settings::Settings;

use crate::exit::Failure;
use crate::output::Data;
use crate::output::term::{self, Colour, safe};

pub(crate) use source::{LikeArgs, Origin, Source};

/// The folder where nobody names another.
const DEFAULT_FOLDER: &str = "rules";

/// The folder that is meant: the one that is named, else that of the settings, else `rules`.
pub(crate) fn folder(named: Option<&Path>, settings: &Settings) -> Result<PathBuf, Failure> {
    let known = settings.parser.rules.folder.as_deref();
    let path = named.or(known).unwrap_or(Path::new(DEFAULT_FOLDER));
    if path.exists() {
        return Ok(path.to_owned());
    }
    let failure = Failure::usage(format!("there is no `{}`", path.display()));
    Err(match (named, known) {
        (None, None) => {
            failure.hint("name a folder of rules, or settings that have parser.rules.folder with --config")
        }
        (None, Some(_)) => failure.hint("parser.rules.folder names it: make it, or mend the setting"),
        (Some(_), _) => failure,
    })
}

/// Reads a folder, or one rule of it.
pub(crate) fn read(folder: &RuleFolder) -> Result<RuleFiles, Failure> {
    folder.read().map_err(|error| Failure::failed(error.to_string()))
}

/// Compiles rules; `None` after telling what is wrong with them.
pub(crate) fn compile(
    files: &RuleFiles,
    settings: &Settings,
    folder: &Path,
    data: &mut Data,
) -> Result<Option<Engine>, Failure> {
    match Engine::compile(files, settings) {
        Ok(engine) => {
            tell(&engine.warnings, folder, data)?;
            Ok(Some(engine))
        }
        Err(problems) => {
            tell(&problems, folder, data)?;
            Ok(None)
        }
    }
}

/// Lists problems, with their files as they can be opened from here.
pub(crate) fn tell(problems: &[Problem], folder: &Path, data: &mut Data) -> Result<(), Failure> {
    let style = term::stdout();
    for problem in problems {
        let file = if problem.file.is_empty() { folder.to_owned() } else { folder.join(&problem.file) };
        let shown = Problem { file: file.display().to_string(), ..problem.clone() };
        let colour = match problem.severity {
            Severity::Error => Colour::Red,
            Severity::Warning => Colour::Yellow,
        };
        for (number, line) in shown.to_string().lines().enumerate() {
            let line = safe(line);
            if number == 0 {
                data.line(style.paint(colour, &line).as_bytes())?;
            } else {
                data.line(format!("  {line}"))?;
            }
        }
    }
    Ok(())
}

/// How many of the problems keep the rules from running.
pub(crate) fn errors(problems: &[Problem]) -> usize {
    problems.iter().filter(|problem| problem.severity == Severity::Error).count()
}

/// So many of something: `1 rule`, `2 rules`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
