//! `forebay check`: are settings and rules right? Connects nowhere.

mod doors;

use std::fmt::Display;
use std::path::{Path, PathBuf};

use forebay_ingest::config::{TlsFindings, check_tls};
use forebay_rule_tools::{RuleFolder, check};
use forebay_rules::files::{Purpose, purpose};
use forebay_rules::spec::RuleSpec;
use forebay_settings::Settings;
use forebay_yaml::shape::declared;
use forebay_yaml::suggest;
use jiff::Timestamp;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::term::{self, Colour, safe};
use crate::output::{Data, note};
use crate::rules;
use crate::target::{TargetArgs, load};

/// Checks settings as every tier does before it binds a port, with the environment's FOREBAY__... variables on top, and the
/// access file and the rules that they name. All problems are listed at once.
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
            data.line(format!("{}: the settings are valid", file.display()))?;
            let access = access_files(&settings, args.strict, &mut data)?;
            let files = tls(&settings, args.strict, &mut data)?;
            let of_rules = match &settings.parser.rules.folder {
                Some(folder) => rules(folder, &settings, args.strict, &mut data)?,
                None => Exit::Done,
            };
            [access, files, of_rules].into_iter().find(|exit| *exit != Exit::Done).unwrap_or(Exit::Done)
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

/// The files of tenants and credentials, and what the listeners have of them.
fn access_files(settings: &Settings, strict: bool, data: &mut Data) -> Result<Exit, Failure> {
    let (senders, operators) = (settings.ingest.access_file.as_deref(), settings.operators_file());
    let mut warnings = Vec::new();
    for path in senders.into_iter().chain(operators.filter(|path| senders != Some(*path))) {
        match forebay_operators::load(path) {
            Ok(access) => {
                data.line(format!("{}: {} credentials are valid", path.display(), access.list().len()))?;
                if senders == Some(path) {
                    warnings.extend(doors::warnings(&access, settings, Timestamp::now()));
                }
            }
            Err(error) => {
                data.flush()?;
                note(format!("access file {}: {error}", path.display()));
                return Ok(Exit::Failed);
            }
        }
    }
    tell(data, Colour::Yellow, "warning", &warnings)?;
    Ok(if strict && !warnings.is_empty() { Exit::Settings } else { Exit::Done })
}

/// Findings, one a line.
fn tell(data: &mut Data, colour: Colour, severity: &str, found: &[impl Display]) -> Result<(), Failure> {
    let style = term::stdout();
    found
        .iter()
        .try_for_each(|one| data.line(style.paint(colour, &safe(&format!("{severity}: {one}"))).as_bytes()))
}

/// The files of TLS that the settings name.
fn tls(settings: &Settings, strict: bool, data: &mut Data) -> Result<Exit, Failure> {
    let TlsFindings { problems, warnings } = check_tls(settings);
    tell(data, Colour::Red, "error", &problems)?;
    tell(data, Colour::Yellow, "warning", &warnings)?;
    let wrong = !problems.is_empty() || (strict && !warnings.is_empty());
    Ok(if wrong { Exit::Settings } else { Exit::Done })
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
