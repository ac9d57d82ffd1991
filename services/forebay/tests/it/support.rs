//! Runs the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use forebay_testkit::eventually;
use forebay_testkit::procs::Process;

/// Long enough for a busy machine; nothing waits that long when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_forebay"))
}

/// The command with these arguments, in an environment without settings of the person who runs the tests.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    let ours = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FOREBAY"));
    ours.for_each(|(name, _)| {
        command.env_remove(name);
    });
    command.args(arguments).stdin(Stdio::null());
    command
}

/// What the command did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn run(arguments: &[&str]) -> Ran {
    ran(&command(arguments).output().expect("the command starts"))
}

pub(crate) fn ran(output: &Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

/// A `forebay dev` on a folder of its own.
pub(crate) struct Dev {
    pub(crate) process: Process,
    pub(crate) data: PathBuf,
    pub(crate) ingest: String,
    pub(crate) metrics: String,
}

impl Dev {
    /// Starts it on a free port and waits until it is ready.
    pub(crate) async fn start(data: &Path, more: &[&str]) -> Self {
        let folder = data.to_str().expect("a path of text");
        let arguments = [&["dev", "--data", folder, "--port", "0"], more].concat();
        let mut process = Process::start(program(), arguments, []).expect("the command starts");
        let state = data.join("dev.json");
        let pid = u64::from(process.pid());
        let mut found = serde_json::Value::Null;
        eventually("forebay dev is ready", PATIENCE, async || {
            assert!(process.is_running(), "it ended:\n{}", process.log());
            // A killed instance leaves its file behind.
            let text = std::fs::read(&state).unwrap_or_default();
            found = serde_json::from_slice(&text).unwrap_or_default();
            found["pid"] == pid && process.log().contains("Ctrl-C")
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", process.log()));
        let text = |name: &str| found[name].as_str().expect("a text").to_owned();
        Self { ingest: text("ingest_url"), metrics: text("metrics"), process, data: data.to_owned() }
    }

    /// Another command that speaks to this instance.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let folder = self.data.to_str().expect("a path of text");
        run(&[&["--data", folder], arguments].concat())
    }

    /// The documents that a query finds.
    pub(crate) fn found(&self, query: &str) -> Vec<String> {
        let ran = self.run(&["search", "--json", "--limit", "100000", query]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.lines().map(str::to_owned).collect()
    }

    /// Waits until a query finds so many documents, and makes sure that it is not more.
    pub(crate) async fn finds(&self, query: &str, count: usize) {
        let mut found = 0;
        let waited = eventually("the documents are found", PATIENCE, async || {
            found = self.found(query).len();
            found >= count
        })
        .await;
        assert!(waited.is_ok(), "{query}: {found} of {count} found\n{}", self.process.log());
        assert_eq!(found, count, "{query}");
    }
}
