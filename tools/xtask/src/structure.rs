//! `check-structure`: the rules of the house that no lint knows, checked on the real tree.
//!
//! - [`layers`]: who may depend on whom.
//! - [`files`]: how long files may be, where modules and documentation lie.
//! - [`links`]: what pages link to, and the tests that they lean on.
//!
//! The rules are pure and tested on made-up input; only this file looks at the disk.

mod files;
mod layers;
mod links;
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
        for file in files_below(&folder.join("src"), "rs")? {
            let name = file.strip_prefix(&workspace.root)?.to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&file).with_context(|| name.clone())?;
            breaches.extend(files::check_file(&name, &text));
            count += 1;
        }
    }
    for page in files_below(&workspace.root, "md")? {
        let name = page.strip_prefix(&workspace.root)?.to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&page).with_context(|| name.clone())?;
        let folder = page.parent().unwrap_or(&workspace.root);
        breaches.extend(links::check_page(&name, &text, |path| {
            let path = folder.join(path);
            if path.is_dir() { Some(String::new()) } else { std::fs::read_to_string(path).ok() }
        }));
    }
    let list: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    ensure!(breaches.is_empty(), "{} breaches of the structure:\n{}", list.len(), list.join("\n"));
    Ok(format!("structure: {} crates and {count} files keep the rules", workspace.packages.len()))
}

/// The files with this extension below a folder, sorted; what git or a build keeps is left out.
fn files_below(folder: &Path, wanted: &str) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                let name = path.file_name().unwrap_or_default();
                if !name.to_string_lossy().starts_with('.') && name != "target" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == wanted) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
