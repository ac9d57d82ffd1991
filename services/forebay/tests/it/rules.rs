//! `forebay check`, `test`, `try` and `profile` on a folder of rules.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use forebay_testkit::eventually;
use forebay_testkit::procs::Process;

use crate::support::{PATIENCE, Ran, command, program, ran, run};

const RULE: &str = "steps:
  - vrl: '.n = to_int!(.n)'
  - {when: '.n == 0', drop: {reason: zero}}
";

const SAMPLES: &str = "# by hand
samples:
  - name: a zero   # nothing
    event: {body: '{\"n\":\"0\"}'}
    dropped: zero

  - name: no number
    event: {json: {n: x}}
    dead_letter: {rule: 10-n/1-vrl, reason: to_int}
";

struct Rules {
    dir: tempfile::TempDir,
}

impl Rules {
    fn new() -> Self {
        let rules = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(rules.folder()).unwrap();
        rules.write("10-n.yaml", RULE);
        rules
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("rules")
    }

    fn path(&self, name: &str) -> String {
        self.folder().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: &str) {
        fs::create_dir_all(Path::new(&self.path(name)).parent().unwrap()).unwrap();
        fs::write(self.path(name), content).unwrap();
    }

    /// The command in the folder above the rules.
    fn run(&self, arguments: &[&str]) -> Ran {
        ran(&command(arguments).current_dir(self.dir.path()).output().unwrap())
    }
}

/// Guarantees: everything that is wrong is told at once, each with its file as it can be opened; warnings fail where asked for.
#[test]
fn check_tells_what_is_wrong_with_rules() {
    let rules = Rules::new();
    let good = rules.run(&["check"]);
    assert_eq!((good.code, good.out.as_str()), (0, "rules: 1 rule is valid\n"), "{}", good.err);

    rules.write("20-idle.yaml", "steps: []\n");
    let warned = rules.run(&["check", "rules/"]);
    assert!(
        warned.code == 0 && warned.out.contains("rules/20-idle.yaml: warning: it has no steps"),
        "{}",
        warned.out
    );
    assert_eq!(rules.run(&["check", "--strict", "rules"]).code, 1);

    rules.write("tenants/acme/30-a.yaml", "steps:\n  - vrl: '.a = to_int(.b)'\n  - prase: json\n");
    rules.write("40-b.yaml", "match: {tenant: 'a[b'}\nsteps:\n  - route: {target: X}\n");
    let wrong = rules.run(&["check"]);
    assert_eq!(wrong.code, 1, "{}", wrong.err);
    for line in [
        "rules/tenants/acme/30-a.yaml:2:5: error: vrl:",
        "rules/tenants/acme/30-a.yaml:3:5: error: there is no key `prase` here; did you mean `parse`?",
        "rules/40-b.yaml:1:8: error: match",
        "rules/40-b.yaml:3:5: error: route",
        "rules/20-idle.yaml: warning",
    ] {
        assert!(wrong.out.contains(line), "{line}: {}", wrong.out);
    }
    assert!(wrong.err.contains("4 errors, 1 warning"), "{}", wrong.err);
    assert_eq!(rules.run(&["check", "rules/10-n.yaml"]).code, 0, "a rule by itself");
    rules.write("50-c.yaml", "stpes: []\n");
    let misspelt = rules.run(&["check", "rules/50-c.yaml"]);
    assert!(
        misspelt.out.contains("50-c.yaml:1:1: error: there is no key `stpes` here; did you mean `steps`?"),
        "{}",
        misspelt.out
    );
}

/// Guarantees: `check` of settings checks the rules that they name, with those settings.
#[test]
fn check_of_settings_checks_their_rules() {
    let rules = Rules::new();
    let file = rules.dir.path().join("forebay.yaml");
    let text = format!(
        "parser:\n  regexes: {{app: '(?<a>x)'}}\n  rules: {{folder: '{}'}}\n",
        rules.folder().display()
    );
    fs::write(&file, text).unwrap();
    rules.write("20-app.yaml", "steps:\n  - parse: regex:app\n");
    let good = run(&["check", file.to_str().unwrap()]);
    assert_eq!(good.code, 0, "{}{}", good.out, good.err);
    assert!(
        good.out.contains("the settings are valid\n") && good.out.contains("2 rules are valid\n"),
        "{}",
        good.out
    );
    rules.write("20-app.yaml", "steps:\n  - parse: regex:other\n");
    let wrong = run(&["check", file.to_str().unwrap()]);
    assert!(
        wrong.code == 1 && wrong.out.contains("20-app.yaml:2:5: error: parse: `regex:other`"),
        "{}",
        wrong.out
    );
    assert_eq!(run(&["check", &rules.path("")]).code, 1, "without the settings too");
}

/// Scenario: good samples, then one that is wrong and one that is empty. Guarantees: the first pass; the others fail with a
/// difference, in JUnit too; `--update` mends them, keeps all else, and then they pass.
#[test]
fn samples_are_run_and_mended() {
    let rules = Rules::new();
    let none = rules.run(&["test"]);
    assert!(none.code == 1 && none.err.contains("there are no samples for rules"), "{}", none.err);
    rules.write("10-n.test.yaml", SAMPLES);
    let good = rules.run(&["test"]);
    assert_eq!(good.code, 0, "{}{}", good.out, good.err);
    assert!(
        good.out.ends_with("steps reached: 2 of 2 (100 %)\n2 samples: 2 passed, 0 failed\n"),
        "{}",
        good.out
    );

    let broken =
        SAMPLES.replace("dropped: zero", "dropped: other") + "  - name: new\n    event: {json: {n: 0}}\n";
    rules.write("10-n.test.yaml", &broken);
    let junit = rules.dir.path().join("junit.xml");
    let failed = rules.run(&["test", "rules", "--junit", junit.to_str().unwrap()]);
    assert_eq!(failed.code, 1, "{}", failed.err);
    for part in [
        "FAIL  a zero (rules/10-n.test.yaml:3)",
        "-   \"dropped\": \"other\"\n        +   \"dropped\": \"zero\"",
        "ok    no number",
        "FAIL  new (rules/10-n.test.yaml:10)",
        "3 samples: 1 passed, 2 failed",
    ] {
        assert!(failed.out.contains(part), "{part}: {}", failed.out);
    }
    assert!(fs::read_to_string(&junit).unwrap().contains("tests=\"3\""));

    let updated = rules.run(&["test", "rules/10-n.test.yaml", "--update"]);
    assert_eq!(updated.code, 0, "{}{}", updated.out, updated.err);
    assert!(updated.out.starts_with("rules/10-n.test.yaml: 2 samples updated\n"), "{}", updated.out);
    let expected = SAMPLES.to_owned() + "  - name: new\n    event: {json: {n: 0}}\n    dropped: zero\n";
    assert_eq!(fs::read_to_string(rules.path("10-n.test.yaml")).unwrap(), expected);
}

#[test]
fn coverage_can_be_demanded() {
    let rules = Rules::new();
    rules.write("10-n.test.yaml", SAMPLES);
    rules.write("20-x.yaml", "match: {tenant: acme}\nsteps:\n  - vrl: '.x = 1'\n");
    let short = rules.run(&["test", "--min-coverage", "67"]);
    assert_eq!(short.code, 1);
    assert!(short.out.contains("never    20-x/1-vrl (rules/20-x.yaml:3)"), "{}", short.out);
    assert!(short.out.contains("fewer than 67 % of the steps are reached"), "{}", short.out);
    assert_eq!(rules.run(&["test", "--min-coverage", "66"]).code, 0);
    assert_eq!(rules.run(&["test", "--min-coverage", "101"]).code, 2);
}

/// Guarantees: lines of a file, of standard input, or the samples are shown on their way, one rule by itself; nothing in them
/// steers the terminal; rules that don't compile are named.
#[test]
fn events_are_tried() {
    let rules = Rules::new();
    rules.write("10-n.test.yaml", SAMPLES);
    rules.write("20-other.yaml", "steps:\n  - vrl: '.never = true'\n");
    let samples = rules.run(&["try", "rules/10-n.yaml"]);
    assert_eq!(samples.code, 0, "{}", samples.err);
    for part in [
        "10-n.test.yaml:3  default, http, no format",
        "10-n/1-vrl   done",
        "dropped: zero",
        "vrl_error at 10-n/1-vrl",
    ] {
        assert!(samples.out.contains(part), "{part}: {}", samples.out);
    }
    let lines = rules.dir.path().join("x.ndjson");
    fs::write(&lines, "{\"n\":1,\"m\":\"\\u001b[2J\u{9b}\"}\n{\"n\":2}\n{\"n\":3}\n").unwrap();
    let tried =
        rules.run(&["try", "rules", "--from", lines.to_str().unwrap(), "--count", "2", "--tenant", "acme"]);
    assert_eq!(tried.code, 0, "{}", tried.err);
    assert!(tried.out.contains("x.ndjson:2  acme") && !tried.out.contains("x.ndjson:3"), "{}", tried.out);
    assert!(tried.out.contains("+   \"never\": true") && tried.out.contains("  document\n"), "{}", tried.out);
    assert!(tried.out.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", tried.out);

    let mut child = command(&["try", "rules", "--from", "-"]);
    let mut child =
        child.current_dir(rules.dir.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{\"n\":\"0\"}\n").unwrap();
    let piped = ran(&child.wait_with_output().unwrap());
    assert!(piped.code == 0 && piped.out.contains("standard input:1"), "{}", piped.out);

    rules.write("10-n.yaml", "steps:\n  - vrl: '.n ='\n");
    let broken = rules.run(&["try", "rules/10-n.yaml"]);
    assert!(broken.code == 1 && broken.out.contains("rules/10-n.yaml:2:5: error: vrl:"), "{}", broken.out);
    let nothing = rules.run(&["try", "rules/20-other.yaml"]);
    assert!(nothing.code == 2 && nothing.err.contains("--from"), "{}", nothing.err);
}

/// Guarantees: lines come from their file, and have the attributes that are given; a rule that isn't for them says why.
#[test]
fn lines_are_what_is_said_of_them() {
    let rules = Rules::new();
    let lines = rules.dir.path().join("x.log");
    fs::write(&lines, "{}\n").unwrap();
    let path = lines.to_str().unwrap();
    let condition =
        format!("match: {{tenant: acme, attributes: {{log.file.path: '{path}', zone: 'eu-*'}}}}\n");
    rules.write("20-x.yaml", &format!("{condition}steps: [{{vrl: '.x = 1'}}]\n"));
    let tried = |more: &[&str]| rules.run(&[&["try", "rules/20-x.yaml", "--from", "x.log"], more].concat());
    let other = tried(&["--attribute", "zone=us-1"]);
    assert_eq!(other.code, 0, "{}", other.err);
    let why = "20-x doesn't match: its tenant is `default`, wanted is `acme`; its attribute `zone` is `us-1`, wanted is `eu-*`";
    assert!(other.out.contains(why), "{}", other.out);
    assert!(other.err.contains("no rule is for any of these events"), "{}", other.err);
    let same = tried(&["--tenant", "acme", "--attribute", "zone=eu-1"]);
    assert!(same.out.contains("20-x/1-vrl  done") && !same.out.contains("match"), "{}", same.out);
    assert!(!same.err.contains("no rule"), "{}", same.err);
    assert_eq!(tried(&["--attribute", "zone"]).code, 2);
}

/// Scenario: a rule is edited while it is tried, first into something broken, then into something good.
/// Guarantees: the same events are shown again each time.
#[tokio::test]
async fn an_edit_is_shown_at_once() {
    let rules = Rules::new();
    rules.write("10-n.test.yaml", SAMPLES);
    let rule = rules.path("10-n.yaml");
    let mut process = Process::start(program(), ["try", &rule, "--follow"], []).unwrap();
    let shows = async |process: &mut Process, text: &str| {
        let shown = eventually(text, PATIENCE, async || process.log().contains(text)).await;
        assert!(shown.is_ok(), "{text}: {}", process.log());
    };
    shows(&mut process, "waiting for edits").await;
    rules.write("10-n.yaml", "steps:\n  - vrl: '.n ='\n");
    shows(&mut process, "10-n.yaml:2:5: error: vrl:").await;
    rules.write("10-n.yaml", "steps:\n  - {name: again, vrl: '.n = 7'}\n");
    shows(&mut process, "10-n/again  done").await;
}

#[test]
fn a_profile_names_every_step() {
    let rules = Rules::new();
    rules.write("10-n.test.yaml", SAMPLES);
    let profile = rules.run(&["profile", "--seconds", "1"]);
    assert_eq!(profile.code, 0, "{}", profile.err);
    for part in ["µs/event", "10-n/1-vrl", "10-n/2-drop", "reading, writing, matching", "dead letters"] {
        assert!(profile.out.contains(part), "{part}: {}", profile.out);
    }
}
