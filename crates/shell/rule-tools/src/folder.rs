//! Which rules are meant: a folder, or one file of it with the data that it names.

use std::path::{Path, PathBuf};

use forebay_rule_files::folder::{Signature, signature};
use forebay_rule_files::{FolderError, read};
use forebay_rules::RuleFiles;

use crate::named;

/// A folder of rules, or one rule of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleFolder {
    /// The folder.
    pub folder: PathBuf,
    /// The one rule that is meant, by its path below the folder; all of them, where there is none.
    pub only: Option<String>,
}

// === impl RuleFolder ===

impl RuleFolder {
    /// What a path means. A file's folder is `known`, if it lies in there, so that a tenant's rule stays one; else the next
    /// folder above it with a folder `tenants` on the way, or its own.
    #[must_use]
    pub fn of(path: &Path, known: Option<&Path>) -> Self {
        if path.is_dir() {
            return Self { folder: path.to_owned(), only: None };
        }
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let (folder, below) = within(path, known).unwrap_or_else(|| {
            let folder = above_tenants(parent).unwrap_or_else(|| parent.to_owned());
            let below = path.strip_prefix(&folder).unwrap_or(path).to_owned();
            (folder, below)
        });
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        Self { folder, only: Some(parts.join("/")) }
    }

    /// Reads the files: all of the folder, or the one rule with its samples and the data that it names.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn read(&self) -> Result<RuleFiles, FolderError> {
        match &self.only {
            None => read(&self.folder),
            Some(rule) => named::read(&self.folder, rule),
        }
    }

    /// Whether a file of samples is meant: all are, or those of the one rule, or the file itself.
    #[must_use]
    pub fn has_samples(&self, path: &str) -> bool {
        self.only.as_deref().is_none_or(|only| path == only || rule_of(path) == stem(only))
    }

    /// Looks at the files that [`read`](Self::read) reads.
    ///
    /// # Errors
    /// When the folder can't be looked at.
    pub fn state(&self) -> Result<State, FolderError> {
        Ok(State(match &self.only {
            None => Seen::Folder(signature(&self.folder)?),
            Some(rule) => Seen::Files(named::state(&self.folder, rule)),
        }))
    }
}

/// What tells one state of rules from another without comparing their content.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct State(Seen);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Seen {
    Folder(Signature),
    Files(named::State),
}

/// Where a path lies in a folder that is known, however the two are written.
fn within(path: &Path, known: Option<&Path>) -> Option<(PathBuf, PathBuf)> {
    let known = known?;
    let (whole, folder) = (path.canonicalize().ok()?, known.canonicalize().ok()?);
    Some((known.to_owned(), whole.strip_prefix(folder).ok()?.to_owned()))
}

/// The folder that holds `tenants/<name>/`, where a path leads through one.
fn above_tenants(parent: &Path) -> Option<PathBuf> {
    let tenants =
        parent.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "tenants"))?;
    (tenants != parent).then(|| match tenants.parent() {
        Some(above) if above != Path::new("") => above.to_owned(),
        _ => PathBuf::from("."),
    })
}

/// A file's path without its ending.
fn stem(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(stem, _)| stem)
}

/// The rule that a file of samples belongs to, by its name.
fn rule_of(samples: &str) -> &str {
    stem(samples).strip_suffix(".test").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn one_rule_comes_with_its_samples_and_data() {
        let dir = tempfile::tempdir().unwrap();
        let rules = dir.path().join("rules");
        fs::create_dir_all(rules.join("tenants/acme")).unwrap();
        for name in
            ["a.yaml", "b.yaml", "b.test.yaml", "t.csv", "tenants/acme/c.yaml", "tenants/acme/c.test.yaml"]
        {
            let content = if name.ends_with(".test.yaml") {
                "samples: []"
            } else {
                "steps: [{enrich: {table: {file: /t.csv}}}]"
            };
            fs::write(rules.join(name), content).unwrap();
        }
        let names = |folder: &RuleFolder| -> Vec<String> {
            folder.read().unwrap().iter().map(|(path, _)| path.to_owned()).collect()
        };
        assert_eq!(names(&RuleFolder::of(&rules, None)).len(), 6);
        let one = RuleFolder::of(&rules.join("b.yaml"), None);
        assert_eq!(names(&one), ["b.test.yaml", "b.yaml", "t.csv"]);
        let path = rules.join("tenants/acme/c.yaml");
        for known in [None, Some(rules.as_path()), Some(Path::new("/elsewhere"))] {
            let tenants = RuleFolder::of(&path, known);
            assert_eq!(
                (tenants.folder.as_path(), tenants.only.as_deref()),
                (rules.as_path(), Some("tenants/acme/c.yaml"))
            );
            assert_eq!(names(&tenants), ["t.csv", "tenants/acme/c.test.yaml", "tenants/acme/c.yaml"]);
        }
    }

    #[test]
    fn a_changed_file_is_another_state() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.yaml"), "steps: []").unwrap();
        let folder = RuleFolder::of(&dir.path().join("a.yaml"), None);
        let before = folder.state().unwrap();
        assert_eq!(folder.state().unwrap(), before);
        fs::write(dir.path().join("a.yaml"), "steps: [] ").unwrap();
        assert_ne!(folder.state().unwrap(), before);
        let before = folder.state().unwrap();
        fs::write(dir.path().join("elsewhere.log"), "x").unwrap();
        assert_eq!(folder.state().unwrap(), before, "nothing of the rule's");
    }
}
