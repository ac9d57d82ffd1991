//! What has passed: protocol, client and version, a line each, in `passed.tsv`. The README's table is made from it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::clients::{CLIENTS, Client, Package};

/// The version of a client, as it is pinned or, for one of Debian's, as it was unpacked.
///
/// # Errors
/// When it isn't pinned, or not there.
pub fn version(client: &Client) -> Result<String> {
    let of = |file: &str, before: &str| -> Result<String> {
        let path = folder().join(file);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        // A module that needs one other says so in one line.
        let bare = |line: &'_ str| line.trim().trim_start_matches("require ").to_owned();
        let line = text.lines().find_map(|line| bare(line).strip_prefix(before).map(str::to_owned));
        let line = line.with_context(|| format!("{file} doesn't say which {before}"))?;
        Ok(line.split_whitespace().next().unwrap_or_default().to_owned())
    };
    match client.from {
        Package::Python(package) => of("clients/requirements.txt", &format!("{package}==")),
        Package::Go(module) => of(&format!("clients/{}/go.mod", go_folder(client)), &format!("{module} v")),
        Package::Debian(package) => {
            let script = folder().join("client.sh");
            let output = Command::new("bash").arg(script).args(["--debian-version", package]).output()?;
            ensure!(output.status.success(), "{package}: {}", String::from_utf8_lossy(&output.stderr));
            Ok(String::from_utf8(output.stdout)?.trim().to_owned())
        }
    }
}

/// What `passed.tsv` says when all clients have passed.
///
/// # Errors
/// When a version isn't known.
pub fn text() -> Result<String> {
    let mut lines = Vec::new();
    for client in CLIENTS {
        lines.push(format!("{}\t{}\t{}\n", client.speaks, client.title, version(client)?));
    }
    Ok(lines.concat())
}

/// Notes that all have passed.
///
/// # Errors
/// When that can't be written.
pub fn write() -> Result<()> {
    std::fs::write(path(), text()?).context("writing what has passed")
}

/// Where it stands.
#[must_use]
pub fn path() -> PathBuf {
    folder().join("passed.tsv")
}

/// The module of a client in Go lies in the folder of its name; that of the collector has a script in front.
fn go_folder(client: &Client) -> String {
    client.name.replace('_', "-")
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
