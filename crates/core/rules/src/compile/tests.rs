use super::*;

fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let mut rule_files = RuleFiles::new();
    for (path, content) in files {
        rule_files.add(*path, content.as_bytes().to_vec());
    }
    let formats = ["auto", "json"].map(str::to_owned).to_vec();
    let options = CompileOptions { formats, ..CompileOptions::default() };
    let problems = match compile(&rule_files, &options) {
        Ok((_, warnings)) => warnings,
        Err(problems) => problems,
    };
    problems.iter().map(ToString::to_string).collect()
}

/// Guarantees: whatever is wrong is named with file and line, all of it in one go, in words that say what to do.
#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (yaml, expected) in [
        ("steps:\n  - vrl: '.a = '\n", "a.yaml:2:5: error: vrl: "),
        (
            "steps:\n  - prase: json\n",
            "a.yaml:2:5: error: there is no key `prase` here; did you mean `parse`? Known",
        ),
        ("steps:\n  - parse: xml\n", "a.yaml:2:5: error: parse: `xml` is no format; there are auto, json"),
        ("steps:\n  - name: x\n", "a.yaml:2:5: error: the step does nothing: give it one of `parse`, "),
        (
            "steps:\n  - parse: json\n    drop: {reason: x}\n",
            "a.yaml:2:5: error: the step has both `parse` and `drop`: make two steps of it",
        ),
        ("steps:\n  - parse: json\n    when: 'true'\n", "a.yaml:2:5: error: parse: the body is read before"),
        ("steps:\n  - drop: {reason: 'a b'}\n", "a.yaml:2:5: error: drop: reason `a b`"),
        ("steps:\n  - sample: {keep: 2}\n", "a.yaml:2:5: error: sample: keep is 2"),
        ("steps:\n  - route: {target: 'A'}\n", "a.yaml:2:5: error: route: `A` can't be part of a target"),
        (
            "steps:\n  - mask: {detectors: [emial]}\n",
            "a.yaml:2:24: error: mask.detectors: `emial` is not known here; did you mean `email`? Known",
        ),
        (
            "steps:\n  - mask: {mode: hash}\n",
            "a.yaml:2:5: error: mask: `private_key` has the mode `hash`: name the file with the key in `hash_key_file`",
        ),
        ("steps:\n  - split: {max: 7}\n", "a.yaml:2:12: error: split: `field` is missing"),
        ("steps:\n  - mask: {hash_key_file: key}\n", "a.yaml:2:5: error: mask: there is no file `key`"),
        (
            "steps:\n  - mask: {custom: [{name: x, pattern: '(a'}]}\n",
            "a.yaml:2:5: error: mask: custom detector `x`",
        ),
        ("match: {tenant: 'a[b'}\nsteps: []\n", "a.yaml:1:8: error: match: `a[b` is no pattern"),
        (
            "match: {tenants: a}\nsteps: []\n",
            "a.yaml:1:9: error: match: there is no key `tenants` here; did you mean `tenant`?",
        ),
        ("steps: []\nx: [\n", "a.yaml:"),
        ("steps: []\n", "a.yaml: warning: it has no steps, and does nothing"),
        (
            "steps:\n  - drop: {reason: all}\n  - vrl: '.a = 1'\n",
            "a.yaml:3: warning: it is never reached: step `1-drop` drops every event",
        ),
        (
            "steps:\n  - {name: x, vrl: '.a = 1'}\n  - {name: x, vrl: '.a = 1'}\n",
            "a.yaml:3:5: error: there are two steps `x`",
        ),
    ] {
        let found = problems(&[("a.yaml", yaml)]);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{yaml}{found:#?}\nexpected {expected}");
    }
}

#[test]
fn all_problems_of_all_files_come_at_once() {
    let found = problems(&[
        ("a.yaml", "steps:\n  - vrl: '.a ='\n  - vrl: '.b ='\n"),
        ("b.yaml", "steps: 7\n"),
        ("tenants/Acme/c.yaml", "steps: []\n"),
        ("tenants/acme/d.yaml", "match: {tenant: other}\nsteps: []\n"),
    ]);
    let starts = [
        "a.yaml:2:5",
        "a.yaml:3:5",
        "b.yaml:1",
        "tenants/Acme/c.yaml: error",
        "tenants/acme/d.yaml:1:8: error",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}");
    }
}

/// Scenario: a file with three faults of three kinds, in its keys, its values and its programs, and another with two.
/// Guarantees: no fault hides another, and each is told once.
#[test]
fn no_problem_hides_another() {
    let broken =
        "match: {tenat: a}\nsteps:\n  - prase: json\n  - vrl: '.a ='\n  - {vrl: '.b = 1', on_error: go_on}\n";
    let found = problems(&[("a.yaml", broken), ("b.yaml", "stpes: []\ntenant: x\n")]);
    let starts = [
        "a.yaml:1:9: error: match: there is no key `tenat` here; did you mean `tenant`?",
        "a.yaml:3:5: error: there is no key `prase` here; did you mean `parse`?",
        "a.yaml:4:5: error: vrl: ",
        "a.yaml:5:31: error: on_error: `go_on` is not known here; known are: dead_letter, continue",
        "b.yaml:1:1: error: there is no key `stpes` here; did you mean `steps`?",
        "b.yaml:2:1: error: there is no key `tenant` here; it belongs under `match`",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}\nexpected {start}");
    }
}

#[test]
fn rules_behind_the_last_one_are_named() {
    let found = problems(&[
        ("10-all.yaml", "last: true\nsteps: [{vrl: '.a = 1'}]\n"),
        ("20-never.yaml", "steps: [{vrl: '.a = 1'}]\n"),
    ]);
    assert_eq!(
        found,
        ["20-never.yaml: warning: it is never reached: `10-all` matches everything and says `last`"]
    );
}

/// Guarantees: a tenant's rule that names another tenant's file doesn't compile.
#[test]
fn a_tenant_has_its_own_files_only() {
    let rule = "steps:\n  - mask: {mode: hash, hash_key_file: ../other/key}\n";
    let found = problems(&[("tenants/acme/a.yaml", rule), ("tenants/other/key", "0123456789abcdef")]);
    assert!(found.len() == 1 && found[0].contains("is not the tenant's own"), "{found:?}");
}
