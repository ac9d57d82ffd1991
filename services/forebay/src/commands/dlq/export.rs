//! `forebay dlq export`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::list::{Read, read};
use super::show::Whole;
use super::{FilterArgs, ScopeArgs, explain, json};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::progress::Progress;
use crate::output::{Data, note, table, warn};
use crate::target::Target;

/// Writes dead letters as NDJSON, each with the event that failed: its body as text, or in Base64 when it is none. The
/// letters stay as they are.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) filter: FilterArgs,

    #[command(flatten)]
    scope: ScopeArgs,

    /// A new file to write to, which only its owner may read; without it, standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The most letters; 0 means all
    #[arg(long, default_value_t = 0)]
    limit: u64,
}

/// Where it goes.
enum Sink<'a> {
    Data(Data),
    File(BufWriter<File>, &'a Path),
}

pub(super) async fn run(target: Target, args: Args) -> Outcome {
    let Args { filter, scope, output, limit } = args;
    let mut sink = Sink::open(output.as_deref())?;
    let mut from = read(&target, filter, scope);
    let mut progress = Progress::new("exporting", "letters", None);
    let mut written = 0;
    let mut malformed = 0;
    while let Some(read) = from.recv().await {
        match read.map_err(|error| explain(&error))? {
            Read::Letter(..) if limit > 0 && written == limit => break,
            Read::Letter(entry, mark) => {
                sink.line(&json(&Whole::of(&entry, mark, &target.settings.kafka.topics))?)?;
                written += 1;
                progress.at(written, String::new);
            }
            Read::End { malformed: found, .. } => malformed = found,
        }
    }
    progress.finish();
    sink.finish()?;
    if malformed > 0 {
        warn(format!(
            "{} records of the topic are no dead letters, and not exported",
            table::count(malformed)
        ));
    }
    let place = output.map(|path| format!(" to {}", path.display())).unwrap_or_default();
    note(format!("{} letters exported{place}", table::count(written)));
    Ok(Exit::Done)
}

// === impl Sink ===

impl<'a> Sink<'a> {
    fn open(path: Option<&'a Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Data(Data::new())) };
        let mut options = File::options();
        let _same = options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // It holds what customers log.
            let _same = options.mode(0o600);
        }
        match options.open(path) {
            Ok(file) => Ok(Self::File(BufWriter::new(file), path)),
            Err(error) => Err(unwritable(path, &error)),
        }
    }

    fn line(&mut self, text: &str) -> Result<(), Failure> {
        match self {
            Self::Data(data) => data.line(text),
            Self::File(file, path) => writeln!(file, "{text}").map_err(|error| unwritable(path, &error)),
        }
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Data(mut data) => data.flush(),
            Self::File(mut file, path) => {
                let synced = file.flush().and_then(|()| file.get_ref().sync_all());
                synced.map_err(|error| unwritable(path, &error))
            }
        }
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::failed(format!("can't write {}: {error}", path.display()));
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => failure.hint("give the name of a new file, or remove that one"),
        _ => failure,
    }
}
