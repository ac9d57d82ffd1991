use std::fs;
use std::path::Path;

use forebay_convert::{Documents, Outcome, Refusal};
use forebay_rules::Stage;

use super::*;

const GOOD: &str = "steps: [{vrl: '.a = 1'}]\n";
const OTHER: &str = "steps: [{vrl: '.a = 2'}]\n";
const BROKEN: &str = "steps: [{vrl: '.a ='}]\n";

fn start(folder: &Path, trial: Option<Trial>) -> (Watcher, Arc<Published>) {
    let source = Source { folder: folder.to_owned(), options: CompileOptions::default() };
    Watcher::start(source, trial).unwrap()
}

fn revision(published: &Published) -> String {
    published.load().rules.revision().to_owned()
}

/// Scenario: a rule is changed, broken, and mended.
/// Guarantees: a change is in force after two looks; what is broken leaves the rules in force as they are; the same
/// content has the same revision again.
#[test]
fn what_compiles_is_put_in_force_and_what_does_not_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let rule = dir.path().join("a.yaml");
    fs::write(&rule, GOOD).unwrap();
    let (mut watcher, published) = start(dir.path(), None);
    let mut after = |content: &str| {
        fs::write(&rule, content).unwrap();
        let before = revision(&published);
        watcher.look();
        assert_eq!(revision(&published), before, "a change counts when it has settled");
        watcher.look();
        revision(&published)
    };
    let good = after(GOOD);
    let other = after(OTHER);
    assert_ne!(good, other);
    assert_eq!(after(&format!("{BROKEN}#")), other);
    assert_eq!(after(&format!("{BROKEN}##")), other);
    assert_eq!(after(GOOD), good);
    fs::remove_file(&rule).unwrap();
    watcher.look();
    watcher.look();
    assert_eq!(revision(&published), good, "an empty folder turns nothing off");
    fs::write(&rule, GOOD).unwrap();
    fs::remove_dir_all(dir.path()).unwrap();
    watcher.look();
    watcher.look();
    assert_eq!(revision(&published), good);
}

/// Scenario: a rule is changed, broken, and the folder is taken away.
/// Guarantees: who asked is told of each, once, with the revisions and the reason.
#[test]
fn changes_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let rule = dir.path().join("a.yaml");
    fs::write(&rule, GOOD).unwrap();
    let (watcher, published) = start(dir.path(), None);
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let mut watcher = watcher.telling(move |change| {
        heard.lock().unwrap().push(match change {
            Change::InForce { rules, before } => format!("{} after {}", rules.revision(), before.revision()),
            Change::Rejected { revision, why } => format!("rejected {revision:?}: {why}"),
        });
    });
    let good = revision(&published);
    fs::write(&rule, OTHER).unwrap();
    watcher.look();
    watcher.look();
    let other = revision(&published);
    fs::write(&rule, format!("{BROKEN}#")).unwrap();
    watcher.look();
    watcher.look();
    fs::remove_dir_all(dir.path()).unwrap();
    watcher.look();
    watcher.look();
    let told = told.lock().unwrap();
    assert_eq!((told.len(), &told[0]), (3, &format!("{other} after {good}")), "{told:?}");
    assert!(told[1].starts_with("rejected None: the rules don't compile"), "{told:?}");
    assert!(told[2].starts_with("rejected None: "), "{told:?}");
}

#[test]
fn the_first_rules_have_to_compile() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.yaml"), BROKEN).unwrap();
    let source = Source { folder: dir.path().to_owned(), options: CompileOptions::default() };
    let message = Watcher::start(source, None).unwrap_err().to_string();
    assert!(message.contains("a.yaml:1") && message.contains("1 │ .a ="), "{message}");
}

/// Scenario: a revision is tried on all events for no time at all, then one for an hour that refuses too much.
/// Guarantees: while it is tried, the old one is in force; the first gets in force, the second is let go before its time.
#[test]
fn a_revision_on_trial_gets_in_force_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let rule = dir.path().join("a.yaml");
    fs::write(&rule, GOOD).unwrap();
    for (lasts, refused, promoted) in [(Duration::ZERO, 0, true), (Duration::from_secs(3_600), 2, false)] {
        let trial = Trial { percent: 100.0, lasts, max_refused_percent: 1.0 };
        let (mut watcher, published) = start(dir.path(), Some(trial));
        let before = revision(&published);
        fs::write(&rule, format!("# {refused}\n{OTHER}")).unwrap();
        watcher.look();
        watcher.look();
        assert_eq!(revision(&published), before);
        let candidate = published.load().candidate.clone().unwrap();
        let (same, empty) = (Outcome::Documents, Documents::default());
        for n in 0..200 {
            let fine = n >= refused * 50;
            let new = if fine { Outcome::Documents } else { refusal() };
            candidate.compare((&same, &empty), &before, (&new, &empty));
        }
        watcher.look();
        assert!(published.load().candidate.is_none());
        assert_eq!(revision(&published) != before, promoted);
    }
}

fn refusal() -> Outcome<'static> {
    Outcome::Refused(Box::new(Refusal {
        stage: Stage::Transform,
        rule: String::new(),
        error_type: "test".into(),
        reason: String::new(),
        masked_body: None,
    }))
}
