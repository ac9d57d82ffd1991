//! From a file and the environment to settings that can be run.
//!
//! The environment wins over the file, and the file over the defaults. Each source is checked by itself against the
//! shape of the settings before they are laid over each other, so that a problem is told with its line or variable; all
//! problems are told at once.

mod check;
mod environment;
mod file;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, Map, Source, Value};

use crate::problem::{Place, Problem};
use crate::sections::Settings;
use crate::shape;
use crate::validate::validate;

use environment::Environment;
use file::File;

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file can't be read.
    #[error("can't read the settings in {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file isn't YAML, or of a kind that settings don't need.
    #[error("{name}:{line}:{column}: not valid YAML: {reason}")]
    Syntax {
        /// The file.
        name: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The file is YAML, yet not one mapping.
    #[error("{name}: not a file of settings, which has one section per tier: {reason}")]
    Tree {
        /// The file.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The settings are wrong.
    #[error("{0}")]
    Problems(Problems),
    /// The layers don't fit together, which the checks above should have found.
    #[error("can't put the settings together")]
    Layers(#[from] ConfigError),
}

/// All that is wrong with the settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problems {
    /// The file, or where else the settings come from.
    pub name: String,
    /// The problems, in the order of the file; never none.
    pub list: Vec<Problem>,
}

/// Reads the settings: defaults, then the file, then variables such as `FOREBAY__KAFKA__LINGER=50ms`.
///
/// # Errors
///
/// When the file can't be read or isn't YAML; else with every problem that is found.
pub fn load(
    path: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
) -> Result<Settings, SettingsError> {
    let (name, text) = match path {
        Some(path) => (path.display().to_string(), file::read(path)?),
        None => ("the environment".to_owned(), String::new()),
    };
    load_text(name, &text, env)
}

fn load_text(
    name: String,
    text: &str,
    env: impl Iterator<Item = (String, String)>,
) -> Result<Settings, SettingsError> {
    let sections = shape::sections();
    let mut problems = Vec::new();
    let mut file = File::parse(&name, text)?;
    let mut environment = Environment::read(env, &sections, &mut problems);
    let place_in_file = |path: &str| file.lines.get(path).copied().map(Place::Line);
    let place_in_environment = |path: &str| environment.variables.get(path).cloned().map(Place::Variable);

    problems.append(&mut check::table(&mut file.table, &sections, &place_in_file));
    problems.append(&mut check::table(&mut environment.table, &sections, &place_in_environment));

    let layers = Config::builder().add_source(Layer(file.table)).add_source(Layer(environment.table));
    let mut merged = layers.build()?.collect()?;
    let missing = check::missing(&mut merged, &sections);
    let settings: Settings = Config::builder().add_source(Layer(merged)).build()?.try_deserialize()?;

    // A section with a key that was left out for its own problem would get problems that follow from that one.
    let broken: Vec<String> = problems.iter().map(|problem| problem.section().to_owned()).collect();
    for mut problem in missing.into_iter().chain(validate(&settings)) {
        if !broken.iter().any(|section| section == problem.section()) {
            problem.place = place_in_environment(&problem.path).or_else(|| place_in_file(&problem.path));
            problems.push(problem);
        }
    }
    if problems.is_empty() {
        return Ok(settings);
    }
    problems.sort();
    Err(SettingsError::Problems(Problems { name, list: problems }))
}

/// One source of settings, checked.
#[derive(Clone, Debug)]
struct Layer(Map<String, Value>);

// === impl Layer ===

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

// === impl Problems ===

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.list.len() == 1 { "" } else { "s" };
        write!(f, "{} problem{s} in {}:", self.list.len(), self.name)?;
        self.list.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

#[cfg(test)]
mod tests;
