//! The logs of the demo: where they are and what they look like.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// A file of logs.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) file: PathBuf,
    /// What its sender declares; nothing where the parser is to find out.
    pub(super) format: Option<&'static str>,
}

// === impl Source ===

impl Source {
    /// How many lines it has that aren't blank; nothing when there is no such file, or it may not be read.
    pub(super) fn lines(&self) -> Result<Option<u64>> {
        let text = match fs::read(&self.file) {
            Ok(text) => text,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error).with_context(|| format!("reading {}", self.file.display())),
        };
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
        Ok((lines > 0).then_some(lines as u64))
    }
}

/// Formats that need an expression. A line that continues the one before (a stack trace, a list of settings) doesn't
/// match and becomes a dead letter, which is what the demo's dead letters are.
pub(super) fn regexes() -> BTreeMap<String, String> {
    let named = [
        ("kafka", r"^\[(?P<timestamp>[^\]]+)\] (?P<log__level>[A-Z]+) (?P<message>.*)$"),
        (
            "elasticsearch",
            r"^\[(?P<timestamp>[^\]]+)\]\[(?P<log__level>[A-Z]+) *\]\[(?P<log__logger>[^\] ]+) *\] ?(?P<message>.*)$",
        ),
        ("dpkg", r"^(?P<timestamp>[0-9-]+ [0-9:]+) (?:status )?(?P<event__action>\S+) (?P<message>.*)$"),
    ];
    named.map(|(name, pattern)| (name.to_owned(), pattern.to_owned())).into()
}

/// All sources. What Kafka and Elasticsearch have printed is put into files first, as a shipper would find it.
pub(super) fn all(folder: &Path, kafka: &str, elasticsearch: &str) -> Result<Vec<Source>> {
    let written = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        anyhow::Ok(path)
    };
    let source = |name, file: PathBuf, format| Source { name, file, format };
    Ok(vec![
        source("nginx's access log", folder.join("access.log"), Some("combined")),
        source("nginx's error log", folder.join("error.log"), None),
        source("Kafka's log", written("kafka.log", kafka)?, Some("regex:kafka")),
        source(
            "Elasticsearch's log",
            written("elasticsearch.log", elasticsearch)?,
            Some("regex:elasticsearch"),
        ),
        source("dpkg's log", "/var/log/dpkg.log".into(), Some("regex:dpkg")),
        source("apt's history", "/var/log/apt/history.log".into(), None),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_and_absent_files_do_not_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x");
        let source = Source { name: "x", file: file.clone(), format: None };
        assert_eq!(source.lines().expect("no error"), None);
        fs::write(&file, "one\n\n  \ntwo").expect("writes");
        assert_eq!(source.lines().expect("reads"), Some(2));
    }
}
