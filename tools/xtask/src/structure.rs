//! `check-structure`: the rules of the house that no lint knows, checked on the real tree.
//!
//! - [`layers`]: who may depend on whom.
//! - [`files`]: how long files may be, where modules and documentation lie.
//!
//! The rules are pure and tested on made-up input; only this file looks at the disk.

mod files;
mod layers;
mod workspace;

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use workspace::Workspace;

/// A breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Breach {
    /// The file, from the root of the project.
    file: String,
    /// The rule and how it is broken.
    rule: String,
    /// What to do.
    remedy: &'static str,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    {}", self.file, self.rule, self.remedy)
    }
}

/// Checks every rule; the breaches are in the error, and the answer is a line that says what was checked.
pub(crate) fn check() -> Result<String> {
    let workspace = Workspace::load()?;
    let mut breaches = layers::check(&workspace.packages);
    let mut count = 0;
    for package in &workspace.packages {
        let folder = workspace.root.join(&package.folder);
        breaches.extend(files::check_package(&package.folder, |name| folder.join(name).exists()));
        breaches.extend(files::check_manifest(
            &package.folder,
            &std::fs::read_to_string(folder.join("Cargo.toml")).context("a manifest")?,
        ));
        for file in rust_files(&folder.join("src"))? {
            let name = file.strip_prefix(&workspace.root)?.to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&file).with_context(|| name.clone())?;
            breaches.extend(files::check_file(&name, &text));
            count += 1;
        }
    }
    let list: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    ensure!(breaches.is_empty(), "{} breaches of the structure:\n{}", list.len(), list.join("\n"));
    Ok(format!("structure: {} crates and {count} files keep the rules", workspace.packages.len()))
}

/// The Rust files below a folder, sorted.
fn rust_files(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
