//! The file: its text, its tree, and the line of each key.
//!
//! The tree is what `config` makes of it; it keeps no lines, so that the text is gone through once before, event by
//! event. That pass also refuses what settings don't need and what would blow the second one up: depth, and aliases,
//! which can be nested so that a few lines stand for gigabytes.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use config::{FileFormat, Map, Source, Value};
use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::{Marker, ScanError};

use super::SettingsError;

/// Larger by far than any file of settings.
const MAX_BYTES: u64 = 1024 * 1024;
/// The settings themselves are three levels deep.
const MAX_DEPTH: usize = 16;

/// A file of settings.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) table: Map<String, Value>,
    /// The line of each key, from 1, by path: `kafka.topics.raw`.
    pub(super) lines: BTreeMap<String, usize>,
}

pub(super) fn read(path: &Path) -> Result<String, SettingsError> {
    let read = || -> io::Result<String> {
        let mut text = String::new();
        let file = std::fs::File::open(path)?;
        if file.take(MAX_BYTES + 1).read_to_string(&mut text)? as u64 > MAX_BYTES {
            return Err(io::Error::other("it is larger than 1 MiB"));
        }
        Ok(text)
    };
    read().map_err(|source| SettingsError::Read { path: path.to_owned(), source })
}

// === impl File ===

impl File {
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, SettingsError> {
        let lines = lines(text).map_err(|error| syntax(name, *error.marker(), error.info().to_owned()))?;
        let tree = config::File::from_str(text, FileFormat::Yaml).collect();
        let table =
            tree.map_err(|error| SettingsError::Tree { name: name.to_owned(), reason: error.to_string() })?;
        Ok(Self { table, lines })
    }
}

fn syntax(name: &str, marker: Marker, reason: String) -> SettingsError {
    SettingsError::Syntax { name: name.to_owned(), line: marker.line(), column: marker.col() + 1, reason }
}

/// Where the reader is inside a mapping or a list.
struct Level {
    /// The path of this level, without a dot at its end.
    path: String,
    /// In a mapping, the path of the key whose value comes next; in a list, always the list itself.
    key: Option<String>,
    is_list: bool,
}

fn lines(text: &str) -> Result<BTreeMap<String, usize>, ScanError> {
    let mut parser = Parser::new_from_str(text);
    let mut lines = BTreeMap::new();
    let mut levels: Vec<Level> = Vec::new();
    loop {
        let (event, marker) = parser.next_token()?;
        match event {
            Event::StreamEnd => return Ok(lines),
            Event::Alias(_) => {
                return Err(refuse(marker, "aliases (`*name`) are not supported; write the value out"));
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                if levels.len() == MAX_DEPTH {
                    return Err(refuse(marker, "this is nested too deep for settings"));
                }
                let is_list = matches!(event, Event::SequenceStart(..));
                let path = levels.last_mut().and_then(Level::value).unwrap_or_default();
                levels.push(Level { key: is_list.then(|| path.clone()), path, is_list });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let _left = levels.pop();
            }
            Event::Scalar(text, ..) => {
                let Some(level) = levels.last_mut() else { continue };
                // In a mapping, a scalar is a key or the value of the key before it.
                if level.value().is_none() {
                    let path = if level.path.is_empty() { text } else { format!("{}.{text}", level.path) };
                    if let Some(before) = lines.insert(path.clone(), marker.line()) {
                        return Err(refuse(
                            marker,
                            &format!("`{path}` is set twice, first in line {before}"),
                        ));
                    }
                    level.key = Some(path);
                }
            }
            Event::Nothing | Event::StreamStart | Event::DocumentStart | Event::DocumentEnd => {}
        }
    }
}

fn refuse(marker: Marker, reason: &str) -> ScanError {
    ScanError::new(marker, reason)
}

// === impl Level ===

impl Level {
    /// The path of the value that comes now, if it is a value's turn.
    fn value(&mut self) -> Option<String> {
        if self.is_list { self.key.clone() } else { self.key.take() }
    }
}
