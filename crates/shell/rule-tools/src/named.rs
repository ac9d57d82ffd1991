//! The files that one rule needs, found without reading the folder that it lies in, which may be anybody's home.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use forebay_rule_files::FolderError;
use forebay_rules::{RuleFiles, files};
use serde_json::Value;

/// The largest file, in bytes, as for folders.
const MAX_FILE: u64 = 256 << 20;

/// Keys of a rule whose value is a file.
const FILE_KEYS: [&str; 2] = ["file", "hash_key_file"];

/// What tells one state of some files from another.
pub(crate) type State = Vec<(PathBuf, Option<(u64, Option<SystemTime>)>)>;

/// A rule with its samples and the data that it names, each under its path below the folder. Data that aren't there are left out:
/// the compiler says so.
pub(crate) fn read(folder: &Path, rule: &str) -> Result<RuleFiles, FolderError> {
    let content = file(&folder.join(rule))?;
    let mut found = RuleFiles::new();
    for name in others(rule, &content) {
        match file(&folder.join(&name)) {
            Ok(content) => found.add(name, content),
            Err(FolderError::Unreadable { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    found.add(rule, content);
    Ok(found)
}

/// The state of these files.
pub(crate) fn state(folder: &Path, rule: &str) -> State {
    let content = file(&folder.join(rule)).unwrap_or_default();
    let names = std::iter::once(rule.to_owned()).chain(others(rule, &content));
    names
        .map(|name| {
            let path = folder.join(name);
            let found = fs::metadata(&path).ok().map(|found| (found.len(), found.modified().ok()));
            (path, found)
        })
        .collect()
}

fn file(path: &Path) -> Result<Vec<u8>, FolderError> {
    let name = || path.display().to_string();
    let unreadable = |error| FolderError::Unreadable { path: name(), error };
    let bytes = fs::metadata(path).map_err(unreadable)?.len();
    if bytes > MAX_FILE {
        return Err(FolderError::TooLarge { path: name(), bytes });
    }
    fs::read(path).map_err(unreadable)
}

/// Samples and data of a rule that there may be.
fn others(rule: &str, content: &[u8]) -> Vec<String> {
    let stem = rule.rsplit_once('.').map_or(rule, |(stem, _)| stem);
    let mut names = vec![format!("{stem}.test.yaml"), format!("{stem}.test.yml")];
    let text = std::str::from_utf8(content).unwrap_or_default();
    if let Ok(spec) = serde_saphyr::from_str::<Value>(text) {
        collect(&spec, rule, &mut names);
    }
    names
}

fn collect(value: &Value, rule: &str, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str().filter(|_| FILE_KEYS.contains(&name.as_str())) {
                    Some(file) => names.extend(files::path(rule, file)),
                    None => collect(member, rule, names),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, rule, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_are_found_where_the_rule_means_them() {
        let rule = b"steps:\n  - enrich: {table: {file: t.csv, key: a}}\n  - mask: {hash_key_file: k}\n";
        assert_eq!(others("w/a.yaml", rule), ["w/a.test.yaml", "w/a.test.yml", "w/t.csv", "w/k"]);
        assert_eq!(others("a.yml", b"\xff").len(), 2);
    }
}
