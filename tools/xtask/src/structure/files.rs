//! Files: short, documented first, in `foo.rs` + `foo/`, with long tests apart.

use super::Breach;

/// Production lines that a file may have; 200 are the aim.
const PRODUCTION_LINES: usize = 500;
/// Lines that `main.rs` of a service may have.
const MAIN_LINES: usize = 100;
/// Lines of tests that a file may hold itself.
const TEST_LINES: usize = 300;

/// What makes the proof that a broker has a record. It is public, since it lies in a crate below the one that may make it.
const PROOF: &str = "from_delivery_report";
/// Where the proof is made, and where it is declared. Tests may make it too.
const MAKES_PROOFS: [&str; 2] =
    ["crates/shell/kafka/src/producer/proof.rs", "crates/core/delivery/src/outcome.rs"];

/// Checks one Rust file below `src/`.
pub(super) fn check_file(file: &str, text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut breach = |rule: String, remedy| breaches.push(Breach { file: file.to_owned(), rule, remedy });
    let name = file.rsplit('/').next().unwrap_or(file);
    if name == "mod.rs" {
        breach(
            "modules lie in foo.rs beside foo/".into(),
            "rename it to the name of its folder, one level up",
        );
    }
    if name == "tests.rs" || file.contains("/tests/") {
        return breaches;
    }
    let (production, tests) = production_and_tests(text);
    if production > PRODUCTION_LINES {
        breach(
            format!("{production} production lines, {PRODUCTION_LINES} at most"),
            "split it by idea: one type or one decision a file",
        );
    }
    if tests > TEST_LINES {
        breach(format!("{tests} lines of tests, {TEST_LINES} at most"), "move them to foo/tests.rs");
    }
    if name == "main.rs" && production > MAIN_LINES {
        breach(
            format!("a main of {production} lines, {MAIN_LINES} at most"),
            "main parses arguments and calls the library: move the rest there",
        );
    }
    if !may_make_proofs(file) && text.lines().take(production).any(|line| line.contains(PROOF)) {
        breach(
            format!("{PROOF} is called: the proof that a broker has a record, made without a broker"),
            "take it from `AckReport::all_delivered`, which is made of delivery reports",
        );
    }
    if !starts_with_doc(text) {
        breach(
            "no documentation at its top".into(),
            "start it with //! and say what it does, why, and which invariants hold",
        );
    }
    breaches
}

/// Checks that a manifest takes the workspace's lints.
pub(super) fn check_manifest(folder: &str, manifest: &str) -> Option<Breach> {
    let lints = manifest.split("[lints]").nth(1).unwrap_or_default().trim_start();
    (!lints.starts_with("workspace = true")).then(|| Breach {
        file: format!("{folder}/Cargo.toml"),
        rule: "the lints of the workspace don't apply".into(),
        remedy: "add [lints] with workspace = true",
    })
}

/// Checks what lies in the folder of a crate.
pub(super) fn check_package(folder: &str, has: impl Fn(&str) -> bool) -> Option<Breach> {
    (folder.starts_with("services/") && !has("README.md")).then(|| Breach {
        file: format!("{folder}/README.md"),
        rule: "a service has a README".into(),
        remedy: "write what it does, what it promises, how to run it and what to watch",
    })
}

fn may_make_proofs(file: &str) -> bool {
    // The tests' crates simulate brokers; this one names it without calling it.
    MAKES_PROOFS.contains(&file) || file.starts_with("tests/") || file.starts_with("tools/xtask/")
}

/// The lines before the module of tests, and those from there on. `mod tests;` is no module in this file.
fn production_and_tests(text: &str) -> (usize, usize) {
    let lines: Vec<&str> = text.lines().collect();
    let opens_tests = |pair: &[&str]| {
        matches!(pair, [attribute, module] if attribute.starts_with("#[cfg(test)]")
            && module.starts_with("mod ") && module.ends_with('{'))
    };
    let production = lines.windows(2).position(opens_tests).unwrap_or(lines.len());
    (production, lines.len() - production)
}

fn starts_with_doc(text: &str) -> bool {
    text.lines()
        .find(|line| !line.is_empty() && !line.starts_with("#!["))
        .is_some_and(|line| line.starts_with("//!"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(file: &str, text: &str) -> Vec<String> {
        check_file(file, text).into_iter().map(|breach| breach.rule).collect()
    }

    fn lines(production: usize, tests: usize) -> String {
        let (code, test_code) = ("x\n".repeat(production - 1), "x\n".repeat(tests - 2));
        format!("//! Doc.\n{code}#[cfg(test)]\nmod tests {{\n{test_code}")
    }

    #[test]
    fn length_counts_production_and_tests_apart() {
        assert!(rules("a/src/b.rs", &lines(500, 300)).is_empty());
        assert_eq!(rules("a/src/b.rs", &lines(501, 2)), ["501 production lines, 500 at most"]);
        assert_eq!(rules("a/src/b.rs", &lines(1, 301)), ["301 lines of tests, 300 at most"]);
        assert_eq!(rules("a/src/main.rs", &lines(101, 2)), ["a main of 101 lines, 100 at most"]);
        assert!(rules("a/src/b/tests.rs", &lines(2_000, 2)).is_empty());
        let declared_early = format!("//! Doc.\n#[cfg(test)]\nmod tests;\n{}", "x\n".repeat(400));
        assert!(rules("a/src/b.rs", &declared_early).is_empty());
    }

    #[test]
    fn modules_and_documentation() {
        assert_eq!(rules("a/src/b/mod.rs", "//! Doc.\n"), ["modules lie in foo.rs beside foo/"]);
        assert_eq!(rules("a/src/b.rs", "use x;\n"), ["no documentation at its top"]);
        assert!(rules("a/src/lib.rs", "#![recursion_limit = \"256\"]\n//! Doc.\n").is_empty());
    }

    #[test]
    fn only_a_delivery_report_proves_a_delivery() {
        let forged = "//! Doc.\nlet ack = BrokerAck::from_delivery_report(1);\n";
        assert_eq!(rules("services/parser/src/lane.rs", forged).len(), 1);
        assert!(rules("crates/shell/kafka/src/producer/proof.rs", forged).is_empty());
        assert!(rules("services/parser/src/lane/tests.rs", forged).is_empty());
        let in_tests = "//! Doc.\n#[cfg(test)]\nmod tests {\n    BrokerAck::from_delivery_report(1);\n}\n";
        assert!(rules("services/parser/src/lane.rs", in_tests).is_empty());
    }

    #[test]
    fn manifests_and_readmes() {
        assert_eq!(check_manifest("a", "[package]\nname = \"a\"\n[lints]\nworkspace = true\n"), None);
        assert!(check_manifest("a", "[package]\nname = \"a\"\n").is_some());
        assert!(check_package("services/a", |_| false).is_some());
        assert_eq!(check_package("services/a", |name| name == "README.md"), None);
        assert_eq!(check_package("crates/core/a", |_| false), None);
    }
}
