//! `forebay send`: the lines of a file, or of standard input, to ingest.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::dev::state::Instance;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::progress::Progress;
use crate::output::{note, table, warn};
use crate::send::{Batch, Batches, Destination, KeyBase, Limits, Taken, Tally};
use crate::target::TargetArgs;

/// The content type of JSON lines.
pub(crate) const NDJSON: &str = "application/x-ndjson";
/// The content type of any other lines.
pub(crate) const TEXT: &str = "text/plain";

/// A batch is sent once it holds this many bytes, however few lines these are.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// The most rejected lines that are shown.
const SHOWN_REJECTED: usize = 5;

/// Sends lines in batches, each of them again until ingest has it, safe in Kafka. Sending a file a second time adds
/// nothing that is there already (see --new).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file, or - for standard input
    #[arg(value_name = "FILE|-")]
    file: String,

    /// Ingest's full address (default: that of a running `forebay dev`, or of ingest.listen)
    #[arg(long)]
    url: Option<String>,

    /// Certificates in PEM that make ingest's known (default: those that everybody knows, and that of the settings)
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// The lines' format, such as json, combined or syslog (default: found out line by line)
    #[arg(long)]
    format: Option<String>,

    /// How many lines a request has
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,

    /// For how many seconds a batch that isn't taken is tried again
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    retry_for: u64,

    /// Send the lines as new events, also those that were sent before
    #[arg(long)]
    new: bool,
}

pub(crate) async fn run(target: &TargetArgs, args: Args) -> Outcome {
    let default = match &args.url {
        Some(url) => Destination { url: url.clone(), ..Destination::default() },
        None => destination(target)?,
    };
    let input = Input::open(&args)?;
    let limits = Limits { lines: args.batch as usize, bytes: BATCH_BYTES };
    let batches = Batches::new(input.reader, limits, input.live);
    let mut batches = read_ahead(batches);
    let mut next = batches.recv().await.transpose().map_err(|error| unreadable(&args.file, &error))?;
    let content_type = match (&args.format, &next) {
        (Some(format), _) if format == "json" => NDJSON,
        (None, Some(first)) if is_json(&first.body) => NDJSON,
        _ => TEXT,
    };
    let stream = (args.file != "-").then(|| args.file.clone());
    let ca_file = args.ca_file.or(default.ca_file);
    let token_file = target.token.token_file.clone();
    let to = Destination { url: default.url, ca_file, token_file, format: args.format, stream };
    let poster = to.poster(content_type, input.keys, Duration::from_secs(args.retry_for))?;
    let mut progress = Progress::new("sending", "bytes", input.len);
    let mut tally = Tally::default();
    let outcome = loop {
        let Some(batch) = next else { break Ok(()) };
        match poster.post(&batch).await {
            Ok(taken) => {
                tell_rejected(&batch, &taken);
                tally.add(&batch, &taken);
            }
            Err(failure) => break Err(failure),
        }
        progress.at(tally.bytes, || format!("{} lines accepted", table::count(tally.accepted)));
        next = match batches.recv().await.transpose() {
            Ok(next) => next,
            Err(error) => break Err(unreadable(&args.file, &error)),
        };
    };
    progress.finish();
    note(summary(&tally));
    outcome?;
    Ok(if tally.rejected > 0 { Exit::Failed } else { Exit::Done })
}

/// What to read, and what is known about it.
struct Input {
    reader: Box<dyn Read + Send>,
    len: Option<u64>,
    live: bool,
    keys: KeyBase,
}

impl Input {
    fn open(args: &Args) -> Result<Self, Failure> {
        if args.file == "-" {
            if io::stdin().is_terminal() {
                note("reading lines from the terminal; Ctrl-D ends them");
            }
            return Ok(Self {
                reader: Box::new(io::stdin()),
                len: None,
                live: true,
                keys: KeyBase::random(),
            });
        }
        let opened = File::open(&args.file).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = opened.map_err(|error| unreadable(&args.file, &error))?;
        if metadata.is_dir() {
            return Err(Failure::usage(format!("{} is a folder, not a file", args.file)));
        }
        // A named pipe can't be sent again either.
        let keys = if args.new || !metadata.is_file() { KeyBase::random() } else { KeyBase::file(&metadata) };
        let len = metadata.is_file().then_some(metadata.len());
        Ok(Self { reader: Box::new(file), len, live: !metadata.is_file(), keys })
    }
}

fn unreadable(file: &str, error: &io::Error) -> Failure {
    Failure::failed(format!("can't read {}: {error}", if file == "-" { "standard input" } else { file }))
}

/// Reads the next batch while one is being sent.
fn read_ahead<R: Read + Send + 'static>(batches: Batches<R>) -> mpsc::Receiver<io::Result<Batch>> {
    let (to, from) = mpsc::channel(2);
    let _reader = tokio::task::spawn_blocking(move || {
        for batch in batches {
            if to.blocking_send(batch).is_err() {
                return;
            }
        }
    });
    from
}

/// Whether all lines of the first batch look like JSON objects. If they don't, they are sent as text, and the parser
/// finds out each line's format.
fn is_json(body: &[u8]) -> bool {
    let mut lines =
        body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).peekable();
    lines.peek().is_some() && lines.all(|line| line.starts_with(b"{"))
}

/// Ingest, as a running `forebay dev` or the settings say.
fn destination(target: &TargetArgs) -> Result<Destination, Failure> {
    let target = target.find()?;
    Ok(match target.dev {
        Some(Instance { ingest_url: url, ca_file, .. }) => {
            Destination { url, ca_file, ..Destination::default() }
        }
        None => Destination::of(&target.settings.ingest),
    })
}

/// Says which lines were rejected, by their numbers in the input.
pub(crate) fn tell_rejected(batch: &Batch, taken: &Taken) {
    for error in taken.errors.iter().take(SHOWN_REJECTED) {
        let line = batch.first_line + error.line.saturating_sub(1);
        warn(format!("line {line} was rejected: {}", crate::output::term::safe(&error.reason)));
    }
    let more = taken.rejected.saturating_sub(SHOWN_REJECTED as u64);
    if more > 0 && taken.errors.len() > SHOWN_REJECTED {
        warn(format!("... and {} more of lines {} on", table::count(more), batch.first_line));
    }
}

/// The counts in the end.
pub(crate) fn summary(tally: &Tally) -> String {
    format!(
        "{} events accepted, {} rejected ({} bytes in {} {})",
        table::count(tally.accepted),
        table::count(tally.rejected),
        table::count(tally.bytes),
        table::count(tally.batches),
        if tally.batches == 1 { "request" } else { "requests" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_lines_are_known_by_their_looks() {
        assert!(is_json(b"{\"a\":1}\n\n  {\"b\":2}"));
        assert!(!is_json(b"{\"a\":1}\n10.0.0.1 - - [x] \"GET /\"\n"), "mixed lines are text");
        assert!(!is_json(b""));
    }
}
