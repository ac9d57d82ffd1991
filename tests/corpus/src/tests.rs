use std::collections::BTreeSet;
use std::fs;

use crate::inputs::{found, found_folder, fuzz_folder, read, seeds};
use crate::{TARGETS, Target};

/// Runs a target's check on its seeds and on all that was found. A target without either fails.
pub(crate) fn replay(target: &Target) {
    let (seeds, found) = (seeds(target.name).unwrap(), found(target.name).unwrap());
    assert!(!seeds.is_empty(), "no seeds in fuzz/seeds/{}", target.name);
    assert!(!found.is_empty(), "no inputs in tests/corpus/inputs: fuzz/README.md says how they are kept");
    (target.prepare)();
    for input in seeds.iter().chain(&found) {
        (target.check)(input);
    }
}

/// Scenario: a target is added to the table, or as a file, or to the manifest, and not to the others.
/// Guarantees: it is noticed; what is fuzzed is what is replayed.
#[test]
fn the_targets_are_those_that_are_fuzzed() {
    let table: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let files = fs::read_dir(fuzz_folder().join("fuzz_targets")).unwrap();
    let files: BTreeSet<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let manifest = fs::read_to_string(fuzz_folder().join("Cargo.toml")).unwrap();
    let paths = manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
    let listed: BTreeSet<String> = paths.map(|path| path.trim_end_matches(".rs\"").to_owned()).collect();
    assert_eq!((&files, &listed), (&table, &table));
}

/// Guarantees: what is kept for ordinary tests stays small.
#[test]
fn what_is_kept_is_small() {
    let files = fs::read_dir(found_folder()).unwrap();
    let size: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert!(size < 300 * 1024, "{size} bytes in tests/corpus/inputs");
}

#[test]
fn a_line_is_an_input() {
    assert_eq!(read("AA==\n\nYQr/\n").unwrap(), [&b"\0"[..], b"", b"a\n\xff"]);
    assert_eq!(read("AA==\n?\n").unwrap_err().to_string(), "line 2");
    assert!(read(&"AAAA".repeat(2000)).is_err(), "too large to be kept");
}
