//! The members of the workspace and what they depend on, as `cargo metadata` tells.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The project.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) root: PathBuf,
    pub(super) packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    /// From the root of the project, with `/` between.
    pub(super) folder: String,
    pub(super) dependencies: Vec<Dependency>,
}

/// A dependency that a manifest declares.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    #[serde(default)]
    pub(super) kind: Kind,
}

/// What a dependency is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Option<String>")]
pub(super) enum Kind {
    /// The crate itself, or its build script.
    #[default]
    Shipped,
    /// Tests and benches only.
    Dev,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    packages: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

// === impl Workspace ===

impl Workspace {
    /// Asks cargo; without network, since manifests are all it reads.
    pub(super) fn load() -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
        let output = Command::new(cargo).args(arguments).output().context("running cargo metadata")?;
        ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        Self::parse(&output.stdout)
    }

    fn parse(json: &[u8]) -> Result<Self> {
        let Metadata { workspace_root: root, packages } =
            serde_json::from_slice(json).context("the form of cargo metadata")?;
        let packages = packages.into_iter().map(|package| package.within(&root)).collect::<Result<_>>()?;
        Ok(Self { root, packages })
    }
}

// === impl RawPackage ===

impl RawPackage {
    fn within(self, root: &Path) -> Result<Package> {
        let folder =
            self.manifest_path.parent().unwrap_or(root).strip_prefix(root)?.to_string_lossy().into_owned();
        Ok(Package { name: self.name, folder, dependencies: self.dependencies })
    }
}

// === impl Kind ===

impl From<Option<String>> for Kind {
    fn from(kind: Option<String>) -> Self {
        if kind.as_deref() == Some("dev") { Self::Dev } else { Self::Shipped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_cargo_writes() {
        let json = br#"{"workspace_root":"/p","packages":[{"name":"a","manifest_path":"/p/crates/core/a/Cargo.toml",
            "dependencies":[{"name":"x","kind":null},{"name":"y","kind":"dev"},{"name":"z","kind":"build"}]}]}"#;
        let workspace = Workspace::parse(json).expect("parses");
        let package = workspace.packages.first().expect("one");
        assert_eq!(package.folder, "crates/core/a");
        let kinds: Vec<_> = package.dependencies.iter().map(|d| d.kind).collect();
        assert_eq!(kinds, [Kind::Shipped, Kind::Dev, Kind::Shipped]);
    }
}
