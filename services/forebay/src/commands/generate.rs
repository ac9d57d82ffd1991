//! `forebay generate`: realistic log lines, to look at or to send.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::send;
use crate::exit::{Exit, Outcome};
use crate::generate::{Generator, Kind};
use crate::output::progress::Progress;
use crate::output::{Data, note, table};
use crate::send::{Batch, Destination, KeyBase, Tally};
use crate::target::TargetArgs;

/// How often lines are made when they are made at a rate.
const TICK: Duration = Duration::from_millis(50);

/// The most lines that are made at once.
const CHUNK: u64 = 1000;

/// Makes lines that look like those of a real system. The same seed, kind and start give the same lines.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What kind of lines
    #[arg(long, value_enum, default_value = "json")]
    kind: Kind,

    /// How many lines a second; 0 means as many as possible
    #[arg(long, default_value_t = 0)]
    rate: u64,

    /// How many lines; 0 means until Ctrl-C
    #[arg(long, default_value_t = 10)]
    count: u64,

    /// What decides the lines
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// The time of the first line; the others follow at the rate (1000 a second without one) (default: now)
    #[arg(long)]
    start: Option<Timestamp>,

    /// Where the lines go: ingest's full address, or - for standard output
    #[arg(long, value_name = "URL|-", default_value = "-")]
    to: String,

    /// Certificates in PEM that make ingest's known (default: those that everybody knows)
    #[arg(long, value_name = "FILE", requires = "to")]
    ca_file: Option<std::path::PathBuf>,
}

pub(crate) async fn run(target: &TargetArgs, args: Args) -> Outcome {
    let mut source = Source::new(&args);
    if args.to == "-" { print(&mut source).await } else { post(&mut source, target, &args).await }
}

async fn print(source: &mut Source) -> Outcome {
    let mut data = Data::new();
    while let Some(batch) = source.next().await {
        data.raw(&batch.body)?;
        if source.rate > 0 {
            data.flush()?;
        }
    }
    data.flush()?;
    Ok(Exit::Done)
}

async fn post(source: &mut Source, target: &TargetArgs, args: &Args) -> Outcome {
    let content_type = if args.kind == Kind::Json { send::NDJSON } else { send::TEXT };
    let (token_file, ca_file) = (target.token.token_file.clone(), args.ca_file.clone());
    let to = Destination { url: args.to.clone(), token_file, ca_file, ..Destination::default() };
    let poster = to.poster(content_type, KeyBase::random(), Duration::from_secs(60))?;
    let mut progress = Progress::new("sending", "lines", (args.count > 0).then_some(args.count));
    let mut tally = Tally::default();
    while let Some(batch) = source.next().await {
        let taken = poster.post(&batch).await?;
        send::tell_rejected(&batch, &taken);
        tally.add(&batch, &taken);
        progress.at(tally.accepted + tally.rejected, || format!("{} accepted", table::count(tally.accepted)));
    }
    progress.finish();
    note(send::summary(&tally));
    Ok(if tally.rejected > 0 { Exit::Failed } else { Exit::Done })
}

/// Makes chunks of lines at the right times.
struct Source {
    generator: Generator,
    rate: u64,
    left: u64,
    endless: bool,
    made: u64,
    offset: u64,
    start_ms: i64,
    started: Instant,
}

impl Source {
    fn new(args: &Args) -> Self {
        Self {
            generator: Generator::new(args.kind, args.seed),
            rate: args.rate,
            left: args.count,
            endless: args.count == 0,
            made: 0,
            offset: 0,
            start_ms: args.start.unwrap_or_else(Timestamp::now).as_millisecond(),
            started: Instant::now(),
        }
    }

    async fn next(&mut self) -> Option<Batch> {
        if self.left == 0 && !self.endless {
            return None;
        }
        let mut due = self.due();
        while due == 0 {
            tokio::time::sleep(TICK).await;
            due = self.due();
        }
        let count = if self.endless { due.min(CHUNK) } else { due.min(CHUNK).min(self.left) };
        let mut body = String::with_capacity(320 * count as usize);
        for _ in 0..count {
            let pace = if self.rate == 0 { 1000 } else { self.rate };
            let after_ms = i64::try_from(self.made.saturating_mul(1000) / pace).unwrap_or(i64::MAX);
            self.generator.push(&mut body, self.start_ms.saturating_add(after_ms));
            self.made += 1;
        }
        self.left = self.left.saturating_sub(count);
        let offset = self.offset;
        self.offset += body.len() as u64;
        Some(Batch { body: body.into(), offset, first_line: self.made - count + 1, lines: count })
    }

    /// How many lines should have been made by now and have not.
    fn due(&self) -> u64 {
        if self.rate == 0 {
            return CHUNK;
        }
        let by_now = self.started.elapsed().as_secs_f64() * self.rate as f64 + 1.0;
        // A float that is too large becomes the largest number.
        (by_now as u64).saturating_sub(self.made)
    }
}
