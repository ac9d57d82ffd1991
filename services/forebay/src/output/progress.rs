//! Progress of long work: a bar on a terminal, a plain line every few seconds elsewhere.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{note, table};

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The progress of one piece of work.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    unit: &'static str,
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Progress {
    /// `total` is in what is passed to [`Progress::at`]; `unit` is a plural: `bytes`, `records`.
    pub(crate) fn new(what: &'static str, unit: &'static str, total: Option<u64>) -> Self {
        let bar = io::stderr().is_terminal().then(|| bar(what, unit, total));
        Self { what, unit, bar, last_line: Instant::now() }
    }

    /// So much is done by now; `detail` says more than the number.
    pub(crate) fn at(&mut self, done: u64, detail: impl FnOnce() -> String) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(done);
                bar.set_message(detail());
            }
            None if self.last_line.elapsed() >= LINE_EVERY => {
                self.last_line = Instant::now();
                let detail = detail();
                let detail = if detail.is_empty() { detail } else { format!(" ({detail})") };
                note(format!("{}: {} {}{detail}", self.what, table::count(done), self.unit));
            }
            None => {}
        }
    }

    /// Takes the bar away, so that what follows stands alone.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(what: &'static str, unit: &str, total: Option<u64>) -> ProgressBar {
    let bar = match total {
        Some(total) => ProgressBar::new(total),
        None => ProgressBar::new_spinner(),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    bar.set_prefix(what);
    let done = match (unit, total) {
        ("bytes", Some(_)) => "{prefix} [{bar:30}] {bytes}/{total_bytes} {msg} (about {eta} left)",
        ("bytes", None) => "{prefix} {spinner} {bytes} {msg}",
        (_, Some(_)) => "{prefix} [{bar:30}] {human_pos}/{human_len} {msg} (about {eta} left)",
        (_, None) => "{prefix} {spinner} {human_pos} {msg}",
    };
    // The templates are ours; should one not be understood, the default style shows.
    bar.set_style(ProgressStyle::with_template(done).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
