//! A change of an access file: as a whole or not at all, and by one at a time.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use forebay_access::edit::EditError;

use super::IssueError;
use crate::watched::{FileError, text};

/// Reads the file, changes its text and puts the new one in its place, while nobody else does.
pub(super) fn change(
    path: &Path,
    may_be_new: bool,
    edit: impl FnOnce(&str) -> Result<String, EditError>,
) -> Result<(), IssueError> {
    let shown = path.display().to_string();
    let write = |error| IssueError::Write { path: shown.clone(), error };
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(beside(path, ".lock"))
        .map_err(write)?;
    lock.lock().map_err(write)?;
    let before = match text(path) {
        Ok(text) => text,
        Err(FileError::Read(error)) if may_be_new && error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(IssueError::File { path: shown, error }),
    };
    let after = edit(&before).map_err(|error| IssueError::Edit { path: shown.clone(), error })?;
    if after == before { Ok(()) } else { replace(path, &after).map_err(write) }
}

fn beside(path: &Path, ending: &str) -> OsString {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name
}

/// Writes beside the file and renames, so that a reader sees either the old or the new one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = beside(path, ".new");
    let mut file: File =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    if let Ok(metadata) = fs::metadata(path) {
        fs::set_permissions(&beside, metadata.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
