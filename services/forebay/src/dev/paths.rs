//! Where an instance keeps its data.

use std::env;
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// The folder of one instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// The folder that was asked for, or the one of this user by the XDG base directory specification.
    pub(crate) fn find(asked: Option<&Path>) -> Result<Self, Failure> {
        let home = |name, rest: &str| {
            env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute()).map(|path| path.join(rest))
        };
        asked
            .map(Path::to_owned)
            .or_else(|| home("XDG_DATA_HOME", "forebay/dev"))
            .or_else(|| home("HOME", ".local/share/forebay/dev"))
            .map(Self)
            .ok_or_else(|| {
                Failure::usage("there is no folder for data: HOME is not set").hint("give one with --data")
            })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The embedded broker's folder.
    pub(crate) fn broker(&self) -> PathBuf {
        self.0.join("broker")
    }

    /// The embedded store's folder.
    pub(crate) fn store(&self) -> PathBuf {
        self.0.join("store")
    }

    /// How far followed files have been read.
    pub(crate) fn positions(&self) -> PathBuf {
        self.0.join("positions.json")
    }

    /// Which access file guards the store.
    pub(crate) fn guard(&self) -> PathBuf {
        self.0.join("guard.json")
    }

    /// Where a running instance can be found.
    pub(crate) fn state(&self) -> PathBuf {
        self.0.join("dev.json")
    }
}
