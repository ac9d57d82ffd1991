//! The files below a folder.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use forebay_rules::RuleFiles;
use thiserror::Error;

/// The largest file, in bytes. Tables are held in memory by every parser.
const MAX_FILE: u64 = 256 << 20;
/// All files together.
const MAX_TOTAL: u64 = 1 << 30;
/// The most files.
const MAX_FILES: usize = 10_000;
/// The deepest folder.
const MAX_DEPTH: usize = 16;

/// A folder that can't be taken.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The system refuses it.
    #[error("{path}: {error}")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// A file is too large.
    #[error(
        "{path} has {bytes} bytes; a file of rules may have {MAX_FILE}: leave out columns and rows that no rule needs"
    )]
    TooLarge {
        /// The file.
        path: String,
        /// Its size.
        bytes: u64,
    },
    /// All files together are too large, or too many, or too deep.
    #[error(
        "{path}: rules may have {MAX_FILES} files with {MAX_TOTAL} bytes in all, {MAX_DEPTH} folders deep"
    )]
    TooMuch {
        /// The folder.
        path: String,
    },
}

/// A file, its size, and what changes when its content does: times, and its number on the disk.
type Seen = (PathBuf, u64, Option<SystemTime>, (u64, i64, i64));

/// What tells one state of a folder from another without reading it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Signature(Vec<Seen>);

/// Reads all files below `folder`. Names that begin with a dot are passed over: editors' and Kubernetes' own.
///
/// # Errors
/// When something can't be read, or is too large. Sizes are looked at before anything is read.
pub fn read(folder: &Path) -> Result<RuleFiles, FolderError> {
    let mut files = RuleFiles::new();
    for (path, ..) in signature(folder)?.0 {
        let mut content = Vec::new();
        let file = fs::File::open(&path).map_err(|error| unreadable(&path, error))?;
        let read = file.take(MAX_FILE + 1).read_to_end(&mut content);
        let bytes = read.map_err(|error| unreadable(&path, error))? as u64;
        if bytes > MAX_FILE {
            return Err(FolderError::TooLarge { path: path.display().to_string(), bytes });
        }
        files.add(name(folder, &path), content);
    }
    Ok(files)
}

/// Looks at all files below a folder.
///
/// # Errors
/// When something can't be looked at, or is too large.
pub fn signature(folder: &Path) -> Result<Signature, FolderError> {
    let mut found = Vec::new();
    look(folder, folder, 0, &mut found)?;
    let total: u64 = found.iter().map(|(_, bytes, ..)| bytes).sum();
    if total > MAX_TOTAL {
        return Err(FolderError::TooMuch { path: folder.display().to_string() });
    }
    found.sort();
    Ok(Signature(found))
}

fn look(top: &Path, folder: &Path, depth: usize, found: &mut Vec<Seen>) -> Result<(), FolderError> {
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let entry = entry.map_err(|error| unreadable(folder, error))?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path();
        // Through links: a mounted ConfigMap is made of them.
        let metadata = fs::metadata(&path).map_err(|error| unreadable(&path, error))?;
        if found.len() >= MAX_FILES || depth >= MAX_DEPTH {
            return Err(FolderError::TooMuch { path: top.display().to_string() });
        }
        if metadata.is_dir() {
            look(top, &path, depth + 1, found)?;
        } else if !metadata.is_file() {
            return Err(unreadable(&path, io::Error::other("it is no regular file: take it away")));
        } else if !is_inside(top, &path)? {
            return Err(unreadable(
                &path,
                io::Error::other(
                    "it is a link out of the folder of the rules, or of its tenant: put the file itself there",
                ),
            ));
        } else if metadata.len() > MAX_FILE {
            return Err(FolderError::TooLarge { path: path.display().to_string(), bytes: metadata.len() });
        } else {
            let identity = (metadata.ino(), metadata.ctime(), metadata.ctime_nsec());
            found.push((path, metadata.len(), metadata.modified().ok(), identity));
        }
    }
    Ok(())
}

/// Whether a file lies where its path says: below the folder of the rules, and a tenant's below that tenant's.
fn is_inside(top: &Path, path: &Path) -> Result<bool, FolderError> {
    let real = |path: &Path| fs::canonicalize(path).map_err(|error| unreadable(path, error));
    let name = name(top, path);
    let folder = match forebay_rules::files::tenant_of(&name) {
        Some(tenant) => top.join("tenants").join(tenant),
        None => top.to_owned(),
    };
    Ok(real(path)?.starts_with(real(&folder)?))
}

/// The file's path below the folder, with `/` between its parts.
fn name(folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

fn unreadable(path: &Path, error: io::Error) -> FolderError {
    FolderError::Unreadable { path: path.display().to_string(), error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_their_path_and_hidden_ones_are_not() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("tenants/acme")).unwrap();
        fs::create_dir_all(dir.path().join("..2026_11_21")).unwrap();
        for name in ["a.yaml", "tenants/acme/b.yaml", ".a.yaml.swp", "..2026_11_21/a.yaml"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        let files = read(dir.path()).unwrap();
        let found: Vec<_> = files.iter().map(|(path, content)| (path, content.len())).collect();
        assert_eq!(found, [("a.yaml", 6), ("tenants/acme/b.yaml", 19)]);
        assert!(matches!(read(&dir.path().join("absent")), Err(FolderError::Unreadable { .. })));
    }

    /// Scenario: a lookup table of 1 GB. It is sparse, so that the test needs no disk.
    /// Guarantees: it is refused by its size, before any of it is read, and the message says what to do.
    #[test]
    fn a_huge_file_is_refused_unread() {
        let dir = tempfile::tempdir().unwrap();
        let file = fs::File::create(dir.path().join("hosts.csv")).unwrap();
        file.set_len(1 << 30).unwrap();
        let message = read(dir.path()).unwrap_err().to_string();
        assert!(
            message.contains("hosts.csv has 1073741824 bytes") && message.contains("leave out"),
            "{message}"
        );
    }

    /// Guarantees: nothing is read that a link leads to outside of the folder, and no tenant reads another's; what is no file is
    /// named and never opened.
    #[test]
    fn links_lead_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        fs::create_dir_all(dir.path().join("tenants/acme")).unwrap();
        fs::create_dir_all(dir.path().join("tenants/other")).unwrap();
        fs::create_dir_all(dir.path().join("..data")).unwrap();
        fs::write(dir.path().join("tenants/other/s.csv"), "secret").unwrap();
        fs::write(dir.path().join("..data/a.yaml"), "steps: []").unwrap();
        let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, dir.path().join(name)).unwrap();
        link(Path::new("..data/a.yaml"), "a.yaml");
        assert_eq!(read(dir.path()).unwrap().iter().count(), 2, "a mounted ConfigMap is fine");
        for (to, name) in [
            (outside.path(), "b.csv"),
            (Path::new("/dev/zero"), "c.csv"),
            (Path::new("../other/s.csv"), "tenants/acme/d.csv"),
        ] {
            link(to, name);
            let message = read(dir.path()).unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
            fs::remove_file(dir.path().join(name)).unwrap();
        }
    }

    #[test]
    fn a_loop_of_links_ends() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("again")).unwrap();
        assert!(matches!(
            read(dir.path()),
            Err(FolderError::TooMuch { .. } | FolderError::Unreadable { .. })
        ));
    }
}
