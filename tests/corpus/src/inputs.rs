//! The inputs of a target: seeds, a file each, which people wrote or clients sent; and those that searches found, one a line in
//! Base64, in a file for each target, since there are thousands of them and most are no text. `fuzz/keep.sh` writes these.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The largest input that is kept, in bytes: all of them together are to stay small. Seeds have the sizes of real life.
pub const MAX_INPUT: usize = 256;

/// The folder `fuzz` of the project.
#[must_use]
pub fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The folder with what was found.
#[must_use]
pub fn found_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("inputs")
}

/// The seeds of a target.
///
/// # Errors
/// When it has none, or they can't be read.
pub fn seeds(target: &str) -> Result<Vec<Vec<u8>>> {
    let folder = fuzz_folder().join("seeds").join(target);
    let files = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    files.map(|file| Ok(fs::read(file?.path())?)).collect()
}

/// What was found for a target.
///
/// # Errors
/// When nothing was, or it can't be read.
pub fn found(target: &str) -> Result<Vec<Vec<u8>>> {
    let file = found_folder().join(format!("{target}.base64"));
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    read(&text).with_context(|| file.display().to_string())
}

/// The inputs in the text of such a file. An empty line is an input without bytes.
///
/// # Errors
/// When a line isn't Base64, or an input too large.
pub fn read(text: &str) -> Result<Vec<Vec<u8>>> {
    let read_line = |(number, line): (usize, &str)| {
        let input = STANDARD.decode(line).with_context(|| format!("line {number}"))?;
        ensure!(input.len() <= MAX_INPUT, "line {number}: more than {MAX_INPUT} bytes");
        Ok(input)
    };
    (1..).zip(text.lines()).map(read_line).collect()
}
