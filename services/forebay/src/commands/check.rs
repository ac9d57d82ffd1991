//! `forebay check`: are settings and rules right? Connects nowhere.

mod doors;

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use forebay_ingest::config::{TlsFindings, check_tls};
use forebay_operators::FileError;
use forebay_rule_tools::{RuleFolder, check};
use forebay_rules::files::{Purpose, purpose};
use forebay_rules::spec::RuleSpec;
use forebay_settings::Settings;
use forebay_yaml::shape::declared;
use forebay_yaml::suggest;
use jiff::Timestamp;

use crate::exit::{Exit, Failure, Outcome};
use crate::operator::no_file;
use crate::output::term::{self, Colour, safe};
use crate::output::{Data, note};
use crate::rules;
use crate::target::{TargetArgs, load};

/// What is found in the files that settings name.
#[derive(Default)]
struct Files {
    valid: Vec<String>,
    problems: Vec<String>,
    warnings: Vec<String>,
}

/// Checks settings as every tier does before it binds a port, with the environment's FOREBAY__... variables on top, and the
/// access file and the rules that they name. Problems are listed all at once; while a value can't be read (a text for a
/// number), what depends on it isn't looked at.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The settings to check, or a folder of rules, or one rule (default: the settings of --config, else the folder `rules`)
    #[arg(value_name = "FILE|FOLDER")]
    path: Option<PathBuf>,

    /// Fail for warnings too
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(target: &TargetArgs, args: &Args) -> Outcome {
    let config = target.config.as_deref();
    let mut data = Data::new();
    let path = args.path.as_deref().or(config);
    let exit = match path {
        Some(path) if path.is_dir() || is_rule(path) => rules(path, &load(config)?, args.strict, &mut data)?,
        Some(file) => {
            let settings = load(Some(file))?;
            let files = Files::of(&settings);
            if files.problems.is_empty() {
                data.line(format!("{}: the settings are valid", file.display()))?;
            }
            let of_files = files.tell(args.strict, &mut data)?;
            let of_rules = match &settings.parser.rules.folder {
                Some(folder) => rules(folder, &settings, args.strict, &mut data)?,
                None => Exit::Done,
            };
            if of_files == Exit::Done { of_rules } else { of_files }
        }
        None => {
            let settings = load(None)?;
            rules(&rules::folder(None, &settings)?, &settings, args.strict, &mut data)?
        }
    };
    data.flush()?;
    Ok(exit)
}

/// Whether a file is a rule, and not settings: by its keys, which may be misspelt.
fn is_rule(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let key = |line: &str| line.split_once(':').map(|(key, _)| key.to_owned());
    let keys: Vec<String> =
        text.lines().filter(|line| !line.starts_with([' ', '#', '-'])).filter_map(key).collect();
    let sections = forebay_settings::shape::sections();
    let is_section = |key: &String| sections.iter().any(|section| section.name == *key);
    let is_of_rule = |key: &String| suggest::nearest(key, declared::<RuleSpec>().iter().copied()).is_some();
    !keys.iter().any(is_section) && keys.iter().any(is_of_rule)
}

// === impl Files ===

impl Files {
    fn of(settings: &Settings) -> Self {
        let mut found = Self::default();
        let (senders, operators) = (settings.ingest.access_file.as_deref(), settings.operators_file());
        for path in senders.into_iter().chain(operators.filter(|path| senders != Some(*path))) {
            found.access_file(path, settings, senders == Some(path));
        }
        let TlsFindings { problems, warnings } = check_tls(settings);
        found.problems.extend(problems.iter().map(ToString::to_string));
        found.warnings.extend(warnings.iter().map(ToString::to_string));
        found
    }

    /// A file of tenants and credentials, and what the listeners have of it.
    fn access_file(&mut self, path: &Path, settings: &Settings, is_of_senders: bool) {
        let shown = path.display();
        match forebay_operators::load(path) {
            Ok(access) => {
                self.valid.push(format!("{shown}: {} credentials are valid", access.list().len()));
                self.warnings.extend(access.idle_admins().map(|(name, why)| {
                    format!("{shown}: nobody can administrate with the credential `{name}`: {why}")
                }));
                if is_of_senders {
                    self.warnings.extend(doors::warnings(&access, settings, Timestamp::now()));
                }
            }
            Err(FileError::Read(error)) if error.kind() == io::ErrorKind::NotFound => {
                let (what, hint) = no_file(path);
                self.problems.push(format!("{what}; {hint}"));
            }
            Err(error) => {
                let lines = error.to_string();
                self.problems.extend(lines.lines().map(|line| format!("access file {shown}: {line}")));
            }
        }
    }

    fn tell(&self, strict: bool, data: &mut Data) -> Result<Exit, Failure> {
        self.valid.iter().try_for_each(|line| data.line(safe(line).as_bytes()))?;
        tell(data, Colour::Red, "error", &self.problems)?;
        tell(data, Colour::Yellow, "warning", &self.warnings)?;
        let wrong = !self.problems.is_empty() || (strict && !self.warnings.is_empty());
        Ok(if wrong { Exit::Settings } else { Exit::Done })
    }
}

/// Findings, one a line.
fn tell(data: &mut Data, colour: Colour, severity: &str, found: &[impl Display]) -> Result<(), Failure> {
    let style = term::stdout();
    found
        .iter()
        .try_for_each(|one| data.line(style.paint(colour, &safe(&format!("{severity}: {one}"))).as_bytes()))
}

fn rules(path: &Path, settings: &Settings, strict: bool, data: &mut Data) -> Result<Exit, Failure> {
    let folder = RuleFolder::of(path, settings.parser.rules.folder.as_deref());
    let files = rules::read(&folder)?;
    let problems = check::check(&files, settings);
    rules::tell(&problems, &folder.folder, data)?;
    let errors = rules::errors(&problems);
    let warnings = problems.len() - errors;
    if errors > 0 || (strict && warnings > 0) {
        data.flush()?;
        note(format!("{}, {}", rules::counted(errors, "error"), rules::counted(warnings, "warning")));
        return Ok(Exit::Failed);
    }
    let number = files.iter().filter(|(file, _)| purpose(file) == Purpose::Rule).count();
    let number = rules::counted(number, "rule");
    let verb = if number.starts_with("1 ") { "is" } else { "are" };
    data.line(format!("{}: {number} {verb} valid", path.display()))?;
    Ok(Exit::Done)
}
