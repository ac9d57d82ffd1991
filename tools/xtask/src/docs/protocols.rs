//! The README's table of protocols: what the code says of each, and the clients that have passed the compatibility suite.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use forebay_ingest::protocols::reference::{REFERENCE, Reference};

/// What stands before and behind the table.
const BEGIN: &str = "<!-- written by `cargo run --package xtask -- docs` from what passes: begin -->\n";
const END: &str = "<!-- end -->\n";

/// The page with the table that the code and `passed` (see `tests/compat`) make.
pub(super) fn inserted(page: &str, passed: &str) -> Result<String> {
    let (before, rest) =
        page.split_once(BEGIN).context("README.md has no place for the table of protocols")?;
    let (_old, after) = rest.split_once(END).context("README.md's table of protocols has no end")?;
    Ok(format!("{before}{BEGIN}{}{END}{after}", table(passed)?))
}

fn table(passed: &str) -> Result<String> {
    let mut clients: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in passed.lines() {
        let mut fields = line.split('\t');
        let (Some(protocol), Some(client), Some(version), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            anyhow::bail!("tests/compat/passed.tsv: {line:?} isn't protocol, client and version");
        };
        clients.entry(protocol).or_default().push(format!("{client} {version}"));
    }
    let mut text = String::from(
        "| protocol | where (usual ports) | acknowledged | when Kafka is slow or away | tested with |\n|---|---|---|---|---|\n",
    );
    for row in REFERENCE {
        let Reference { title, specification, place, acknowledged, slowed, .. } = row;
        let tested = clients.remove(row.protocol.as_str()).unwrap_or_default().join(", ");
        let tested = if tested.is_empty() { "our own driver" } else { &tested };
        writeln!(text, "| [{title}]({specification}) | {place} | {acknowledged} | {slowed} | {tested} |")?;
    }
    let unknown: Vec<&str> = clients.into_keys().collect();
    ensure!(unknown.is_empty(), "tests/compat/passed.tsv names protocols that there aren't: {unknown:?}");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_stand_beside_their_protocol() {
        let page = format!("# Title\n{BEGIN}old\n{END}rest\n");
        let new = inserted(&page, "relp\trsyslog\t8.1\nrelp\tother\t2\n").unwrap();
        assert!(new.starts_with("# Title\n") && new.ends_with("rest\n") && !new.contains("old"), "{new}");
        let relp = new.lines().find(|line| line.contains("[RELP]")).unwrap();
        assert!(relp.ends_with("| rsyslog 8.1, other 2 |"), "{relp}");
        assert_eq!(inserted(&new, "relp\trsyslog\t8.1\nrelp\tother\t2\n").unwrap(), new);
    }

    #[test]
    fn what_cannot_be_right_is_refused() {
        let page = format!("{BEGIN}{END}");
        for passed in ["relp\trsyslog", "smoke\tsignal\t1"] {
            assert!(inserted(&page, passed).is_err(), "{passed}");
        }
        assert!(inserted("nothing", "").is_err());
    }
}
