//! `docs`: the reference pages that are generated from the code.
//!
//! A page is a pure function of the code; only this file looks at the disk. The pages are checked in, so that they can
//! be read where the project is read, and `--check` fails as soon as one isn't what the code says. The README's table of protocols
//! is one too, made from the code and from what has passed the compatibility suite; and so is what the Helm chart knows of the settings.

mod access;
mod chart;
mod configuration;
mod formats;
mod metrics;
mod protocols;
mod rules;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use forebay_settings::Settings;

/// A generated page.
struct Page {
    /// Where it lies, from the root of the project.
    name: &'static str,
    text: String,
}

/// Writes the pages, or with `check` says whether they are up to date.
pub(crate) fn generate(check: bool) -> Result<String> {
    let root = root();
    let pages = pages(&root)?;
    if check {
        let stale = stale(&pages, &root);
        ensure!(
            stale.is_empty(),
            "not what the code says: {}\n    run `cargo run --package xtask -- docs` and commit what it writes",
            stale.join(", ")
        );
        return Ok(format!("docs: {} pages are what the code says", pages.len()));
    }
    for Page { name, text } in &pages {
        fs::write(root.join(name), text).with_context(|| format!("can't write {name}"))?;
    }
    Ok(format!("docs: {} pages written", pages.len()))
}

fn pages(root: &Path) -> Result<Vec<Page>> {
    let read = |name: &str| fs::read_to_string(root.join(name)).with_context(|| format!("can't read {name}"));
    let readme = protocols::inserted(&read("README.md")?, &read("tests/compat/passed.tsv")?)?;
    let settings = serde_json::to_string_pretty(&sorted(forebay_settings::schema()))?;
    let chart = serde_json::to_string_pretty(&sorted(chart::schema(forebay_settings::schema())?))?;
    let defaults = serde_json::to_string_pretty(&sorted(serde_json::to_value(Settings::default())?))?;
    let access = serde_json::to_string_pretty(&sorted(forebay_access::spec::schema()))?;
    let rule = serde_json::to_string_pretty(&sorted(forebay_rules::spec::schema()))?;
    Ok(vec![
        Page { name: "README.md", text: readme },
        Page { name: "docs/reference/access.md", text: access::page(&forebay_access::spec::shape()) },
        Page { name: "docs/reference/access.schema.json", text: access + "\n" },
        Page {
            name: "docs/reference/configuration.md",
            text: configuration::page(&forebay_settings::shape::sections()),
        },
        Page { name: "docs/reference/configuration.schema.json", text: settings + "\n" },
        Page { name: "docs/reference/formats.md", text: formats::page() },
        Page { name: "docs/reference/metrics.md", text: metrics::page() },
        Page { name: "docs/reference/rules.md", text: rules::page(&forebay_rules::spec::shape()) },
        Page { name: "docs/reference/rules.schema.json", text: rule + "\n" },
        Page { name: "helm/forebay/files/defaults.json", text: defaults + "\n" },
        Page { name: "helm/forebay/values.schema.json", text: chart + "\n" },
    ])
}

/// The same JSON with all keys sorted. Whether a map keeps the order of insertion is a feature that any crate of the
/// build can switch on; the page must not depend on it.
fn sorted(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// The pages that are missing or differ.
fn stale(pages: &[Page], root: &Path) -> Vec<&'static str> {
    let differs = |page: &&Page| fs::read_to_string(root.join(page.name)).ok().as_deref() != Some(&page.text);
    pages.iter().filter(differs).map(|page| page.name).collect()
}

/// The root of the project: this crate lies two folders below it.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{pages, stale};

    /// Scenario: pages are written, one is changed by hand and one is lost.
    /// Guarantees: the check names exactly these two.
    #[test]
    fn drift_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let pages = pages(&super::root()).unwrap();
        for page in &pages {
            fs::create_dir_all(folder.path().join(page.name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(page.name), &page.text).unwrap();
        }
        assert_eq!(stale(&pages, folder.path()), [""; 0]);
        fs::write(folder.path().join("docs/reference/metrics.md"), "changed").unwrap();
        fs::remove_file(folder.path().join("docs/reference/configuration.md")).unwrap();
        assert_eq!(
            stale(&pages, folder.path()),
            ["docs/reference/configuration.md", "docs/reference/metrics.md"]
        );
    }
}
