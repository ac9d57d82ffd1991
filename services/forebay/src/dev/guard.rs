//! Who may read the store: the access file of the instance that writes it, also while none runs.
//!
//! `forebay search` opens the store's folder by itself, without asking anybody who would ask for a token. So each start says
//! beside the store which access file guards it, before anything new gets in, and a stop or a kill leaves that there.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::paths::DataDir;
use crate::exit::Failure;

#[derive(Deserialize, Serialize)]
struct Guard {
    access_file: Option<PathBuf>,
}

/// Says which access file guards the store from now on, if any does. Who says it has the store's lock.
///
/// # Errors
/// When it can't be written: the store must not be filled.
pub(crate) fn set(data: &DataDir, access_file: Option<&Path>) -> io::Result<()> {
    let access_file = access_file.map(std::path::absolute).transpose()?;
    let path = data.guard();
    let fresh = path.with_extension("new");
    fs::write(&fresh, serde_json::to_vec_pretty(&Guard { access_file })?)?;
    fs::rename(&fresh, &path)
}

/// The access file that guards the store, if one does.
///
/// # Errors
/// When it can't be said: nobody may read then.
pub(crate) fn access_file(data: &DataDir) -> Result<Option<PathBuf>, Failure> {
    let path = data.guard();
    let unknown = |error: &dyn std::fmt::Display| {
        Failure::settings(format!("{} should say who may read this store: {error}", path.display()))
            .hint("start `forebay dev` on this folder, which writes it anew")
    };
    match fs::read(&path) {
        Ok(bytes) => {
            let guard: Guard = serde_json::from_slice(&bytes).map_err(|error| unknown(&error))?;
            Ok(guard.access_file)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unknown(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: what was said last counts, as a whole path; what can't be understood lets nobody in.
    #[test]
    fn the_last_start_says_who_may_read() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::find(Some(dir.path())).unwrap();
        assert_eq!(access_file(&data).unwrap(), None, "nothing was ever started");
        set(&data, Some(Path::new("access.yaml"))).unwrap();
        let known = access_file(&data).unwrap().unwrap();
        assert!(known.is_absolute() && known.ends_with("access.yaml"), "{known:?}");
        set(&data, None).unwrap();
        assert_eq!(access_file(&data).unwrap(), None);
        fs::write(data.guard(), "{").unwrap();
        assert!(access_file(&data).unwrap_err().to_string().contains("who may read this store"));
    }
}
