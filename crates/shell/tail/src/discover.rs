//! Finds the files that the given paths mean: a file, the files of a folder, or a pattern.
//!
//! A folder means the regular files directly in it, but hidden and compressed ones: those hold old lines once more.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The endings of compressed files, which a folder's listing leaves out.
const COMPRESSED: [&str; 6] = ["gz", "zst", "xz", "bz2", "lz4", "zip"];

/// What one `PATH` of the command line means.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file or folder of this name; it may appear later.
    Path(PathBuf),
    /// All files that the pattern matches.
    Pattern(String),
}

/// A pattern that can't be one.
#[derive(Debug, Error)]
#[error("`{pattern}` is not a pattern: {reason} at character {at}")]
pub struct PatternError {
    pattern: String,
    reason: &'static str,
    at: usize,
}

impl Source {
    /// Reads a `PATH`: one that exists is taken by its name, whatever characters it has.
    ///
    /// # Errors
    /// When it is a pattern with a mistake.
    pub fn new(path: &str) -> Result<Self, PatternError> {
        if Path::new(path).exists() || !path.contains(['*', '?', '[']) {
            return Ok(Self::Path(PathBuf::from(path)));
        }
        match glob::Pattern::new(path) {
            Ok(_) => Ok(Self::Pattern(path.to_owned())),
            Err(error) => {
                Err(PatternError { pattern: path.to_owned(), reason: error.msg, at: error.pos + 1 })
            }
        }
    }

    /// The names of regular files that it means now, at most `limit`. What can't be read is left out.
    #[must_use]
    pub fn files(&self, limit: usize) -> BTreeSet<PathBuf> {
        match self {
            Self::Path(path) if path.is_dir() => folder(path, limit),
            Self::Path(path) => path.is_file().then(|| path.clone()).into_iter().collect(),
            Self::Pattern(pattern) => match glob::glob(pattern) {
                Ok(paths) => paths.filter_map(Result::ok).filter(|path| path.is_file()).take(limit).collect(),
                Err(_) => BTreeSet::new(),
            },
        }
    }
}

fn folder(path: &Path, limit: usize) -> BTreeSet<PathBuf> {
    let Ok(entries) = fs::read_dir(path) else { return BTreeSet::new() };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    paths.filter(|path| is_log(path) && path.is_file()).take(limit).collect()
}

fn is_log(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    !hidden && !ending.is_some_and(|ending| COMPRESSED.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &Source) -> Vec<String> {
        source.files(10).iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_path_is_a_file_a_folder_or_a_pattern() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.log", "b.log", "c.txt", ".hidden", "a.log.1.GZ", "odd[1].log"] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        fs::create_dir(dir.path().join("sub")).unwrap();
        let source = |name: &str| Source::new(dir.path().join(name).to_str().unwrap()).unwrap();
        assert_eq!(names(&source("")), ["a.log", "b.log", "c.txt", "odd[1].log"]);
        assert_eq!(names(&source("*.log")), ["a.log", "b.log", "odd[1].log"]);
        assert_eq!(names(&source("odd[1].log")), ["odd[1].log"], "a name that exists is no pattern");
        assert_eq!(names(&source("later.log")), Vec::<String>::new());
    }

    #[test]
    fn a_wrong_pattern_says_where() {
        let error = Source::new("logs/[a-.log*").unwrap_err().to_string();
        assert!(error.starts_with("`logs/[a-.log*` is not a pattern:"), "{error}");
    }
}
