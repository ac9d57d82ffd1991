use std::fs::{self, OpenOptions};
use std::io::Write;

use proptest::prelude::*;

use super::*;

/// A folder with followed files, and a clock that the test moves.
struct Bench {
    dir: tempfile::TempDir,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), now: Instant::now() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("logs").join(name)
    }

    fn append(&self, name: &str, text: &str) {
        fs::create_dir_all(self.dir.path().join("logs")).unwrap();
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn tail(&self, pattern: &str) -> Tail {
        let mut options = Options::new(vec![self.path(pattern).to_str().unwrap().to_owned()]);
        options.limits = Limits { lines: 3, bytes: 64, max_line: MaxLine::new(32) };
        options.discover_every = Duration::ZERO;
        Tail::new(options, PositionStore::load(self.dir.path().join("positions.json"))).unwrap()
    }

    /// Everything that is there now, acknowledged batch by batch: ids and lines.
    fn drain(&self, tail: &mut Tail) -> Vec<(String, String)> {
        let mut found = Vec::new();
        loop {
            let batch = tail.poll(self.now);
            if batch.is_empty() {
                return found;
            }
            found.extend(pairs(&batch));
            tail.acknowledge(&batch).unwrap();
        }
    }

    fn later(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }
}

fn pairs(batch: &Batch) -> Vec<(String, String)> {
    let pair = |line: TailedLine<'_>| {
        (line.identity.line_id(line.offset), String::from_utf8_lossy(line.bytes).into_owned())
    };
    batch.lines().map(pair).collect()
}

fn texts(found: &[(String, String)]) -> Vec<&str> {
    found.iter().map(|(_, text)| text.as_str()).collect()
}

#[test]
fn reads_from_the_start_and_follows() {
    let bench = Bench::new();
    let mut tail = bench.tail("app.log");
    assert!(bench.drain(&mut tail).is_empty(), "the file may appear later");
    bench.append("app.log", "one\ntwo\nthree\nfour\nfi");
    assert_eq!(texts(&bench.drain(&mut tail)), ["one", "two", "three", "four"]);
    bench.append("app.log", "ve\nsix\n");
    assert_eq!(texts(&bench.drain(&mut tail)), ["five", "six"]);
}

/// Scenario: lines were read, but not delivered, when the process died.
/// Guarantees: they are read again with the same ids; delivered ones are not.
#[test]
fn only_delivered_lines_are_left_behind() {
    let bench = Bench::new();
    bench.append("app.log", "one\ntwo\nthree\nfour\n");
    let mut tail = bench.tail("app.log");
    let first = tail.poll(bench.now);
    tail.acknowledge(&first).unwrap();
    let lost = pairs(&tail.poll(bench.now));
    assert_eq!(texts(&lost), ["four"]);
    drop(tail);
    assert_eq!(bench.drain(&mut bench.tail("app.log")), lost);
    assert!(bench.drain(&mut bench.tail("app.log")).is_empty());
}

/// Scenario: the positions are lost, and the file has grown. Guarantees: the lines come again with the ids they had.
#[test]
fn reading_again_gives_the_same_ids() {
    let bench = Bench::new();
    bench.append("app.log", "one\ntwo\n");
    let before = bench.drain(&mut bench.tail("app.log"));
    bench.append("app.log", "three\n");
    fs::remove_file(bench.dir.path().join("positions.json")).unwrap();
    let after = bench.drain(&mut bench.tail("app.log"));
    assert_eq!((&after[..2], texts(&after[2..])), (&before[..], vec!["three"]));
}

/// Scenario: rotation by rename while the writer still has the old file open and writes to both.
/// Guarantees: every line of both, once; the unfinished last line of the old one too.
#[test]
fn rotation_by_rename_loses_nothing() {
    let mut bench = Bench::new();
    bench.append("app.log", "one\n");
    let mut tail = bench.tail("app.log");
    assert_eq!(texts(&bench.drain(&mut tail)), ["one"]);
    bench.append("app.log", "two\n");
    fs::rename(bench.path("app.log"), bench.path("app.log.1")).unwrap();
    bench.append("app.log", "three\n");
    bench.append("app.log.1", "late\nunfinished");
    let mut found = bench.drain(&mut tail);
    bench.later(6);
    found.extend(bench.drain(&mut tail));
    let mut texts = texts(&found);
    texts.sort_unstable();
    assert_eq!(texts, ["late", "three", "two", "unfinished"]);
    assert_eq!(tail.files(), 2);
    bench.later(31);
    assert!(bench.drain(&mut tail).is_empty());
    assert_eq!(tail.files(), 1, "the old file is let go");
}

/// Scenario: a folder is followed, so the renamed file is found under its new name. Guarantees: it is not read again.
#[test]
fn a_new_name_is_not_a_new_file() {
    let bench = Bench::new();
    bench.append("app.log", "one\n");
    let mut tail = bench.tail("");
    assert_eq!(texts(&bench.drain(&mut tail)), ["one"]);
    fs::rename(bench.path("app.log"), bench.path("app.log.1")).unwrap();
    assert!(bench.drain(&mut tail).is_empty());
    assert!(bench.drain(&mut bench.tail("")).is_empty(), "nor after a restart");
}

/// Scenario: copytruncate, the new content shorter, or grown past the old offset before it is looked at.
/// Guarantees: the new content is read whole, under ids of its own, while running and over a restart.
#[test]
fn truncation_is_noticed() {
    let bench = Bench::new();
    bench.append("app.log", "header\none\ntwo\n");
    let mut tail = bench.tail("app.log");
    let mut all = bench.drain(&mut tail);
    for content in ["header\nnew\n", "header\nuno\ndue\ntre\nquattro\n"] {
        fs::write(bench.path("app.log"), content).unwrap();
        let found = bench.drain(&mut tail);
        assert_eq!(texts(&found).join("\n") + "\n", content);
        all.extend(found);
    }
    drop(tail);
    fs::write(bench.path("app.log"), "header\nafter the restart\nand more of it\nmore\nmore\n").unwrap();
    all.extend(bench.drain(&mut bench.tail("app.log")));
    let ids: BTreeSet<&String> = all.iter().map(|(id, _)| id).collect();
    assert_eq!((all.len(), ids.len()), (15, 15));
}

#[test]
fn a_last_line_without_an_end_is_taken_in_the_end() {
    let mut bench = Bench::new();
    bench.append("app.log", "only");
    let mut tail = bench.tail("app.log");
    assert!(bench.drain(&mut tail).is_empty());
    bench.later(4);
    assert!(bench.drain(&mut tail).is_empty());
    bench.later(1);
    assert_eq!(texts(&bench.drain(&mut tail)), ["only"]);
    bench.append("app.log", " this\nnext\n");
    assert_eq!(texts(&bench.drain(&mut tail)), [" this", "next"]);
}

#[test]
fn a_busy_file_does_not_starve_the_others() {
    let bench = Bench::new();
    bench.append("a.log", &"busy\n".repeat(100));
    bench.append("b.log", "quiet\n");
    let mut tail = bench.tail("*.log");
    let two = [pairs(&tail.poll(bench.now)), pairs(&tail.poll(bench.now))].concat();
    assert!(texts(&two).contains(&"quiet"), "{two:?}");
}

#[test]
fn folders_unreadable_files_and_too_many_files_stop_nothing() {
    let bench = Bench::new();
    bench.append("a.log", "a\n");
    bench.append("b.log", "b\n");
    fs::create_dir(bench.path("c.log")).unwrap();
    std::os::unix::fs::symlink("nowhere", bench.path("d.log")).unwrap();
    let mut tail = bench.tail("*.log");
    tail.options.max_files = 1;
    assert_eq!(texts(&bench.drain(&mut tail)), ["a"]);
    assert_eq!(tail.files(), 1);
}

#[derive(Clone, Debug)]
enum Act {
    Write(String),
    Rename,
    Poll,
    Crash,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => "[a-z]{0,12}(\n[a-z]{0,40}){0,3}".prop_map(Act::Write),
        1 => Just(Act::Rename),
        4 => Just(Act::Poll),
        2 => Just(Act::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Scenario: any order of writes, rotations, deliveries and crashes before or after an acknowledgement.
    /// Guarantees: every byte of every file is delivered, and under one id always the same line.
    #[test]
    fn nothing_is_lost_and_ids_are_stable(acts in prop::collection::vec(act(), 1..40)) {
        let mut bench = Bench::new();
        let (mut files, mut delivered) = (1, BTreeMap::new());
        let mut tail = bench.tail("");
        for act in acts {
            match act {
                Act::Write(text) => bench.append("app.log", &text),
                Act::Rename => {
                    if bench.path("app.log").exists() {
                        fs::rename(bench.path("app.log"), bench.path(&format!("app.log.{files}"))).unwrap();
                        files += 1;
                    }
                }
                Act::Poll => {
                    let batch = tail.poll(bench.now);
                    for (id, text) in pairs(&batch) {
                        let before = delivered.entry(id).or_insert(text.clone());
                        prop_assert_eq!(before, &text);
                    }
                    tail.acknowledge(&batch).unwrap();
                }
                Act::Crash => {
                    let _undelivered = tail.poll(bench.now);
                    tail = bench.tail("");
                }
            }
        }
        delivered.extend(bench.drain(&mut tail));
        // What has no line end is given out once nothing more has come for a while; of a line that is too long each piece
        // waits by itself.
        loop {
            bench.later(10);
            let rest = bench.drain(&mut tail);
            if rest.is_empty() {
                break;
            }
            delivered.extend(rest);
        }
        let mut written = 0;
        for entry in fs::read_dir(bench.dir.path().join("logs")).into_iter().flatten() {
            let content = fs::read(entry.unwrap().path()).unwrap();
            written += content.iter().filter(|byte| **byte != b'\n').count();
        }
        prop_assert_eq!(delivered.values().map(String::len).sum::<usize>(), written);
    }
}
