//! `forebay profile`: what rules cost, step by step.

use std::path::PathBuf;
use std::time::Duration;

use forebay_rule_tools::{RuleFolder, profile};
use tokio::task::spawn_blocking;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Data, lines, term, warn};
use crate::rules::{self, LikeArgs, Origin, Source};
use crate::target::{TargetArgs, chain};

/// Applies rules to events again and again on one thread, and says how much CPU time each step takes of it, slowest first.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A folder of rules, or one rule, which is then measured alone (default: parser.rules.folder, else `rules`)
    #[arg(value_name = "FOLDER")]
    path: Option<PathBuf>,

    /// Events: a file of lines, - for standard input, topic:NAME (its newest records), dlq (the newest dead letters)
    /// (default: the samples beside the rules)
    #[arg(long, value_name = "FILE|-|topic:NAME|dlq")]
    from: Option<Origin>,

    /// How long
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,

    /// The most events that are taken
    #[arg(long, default_value_t = 10_000)]
    count: u32,

    #[command(flatten)]
    like: LikeArgs,
}

pub(crate) async fn run(target: &TargetArgs, args: Args) -> Outcome {
    let settings = super::preview::settings(target, args.from.as_ref())?;
    let path = rules::folder(args.path.as_deref(), &settings)?;
    let folder = RuleFolder::of(&path, settings.parser.rules.folder.as_deref());
    let files = rules::read(&folder)?;
    let mut data = Data::new();
    let Some(engine) = rules::compile(&files, &settings, &folder.folder, &mut data)? else {
        data.flush()?;
        return Ok(Exit::Failed);
    };
    let mut source = Source::new(args.from, args.like, &settings, args.count as usize)?;
    let events = source.read(&files).await?;
    if cfg!(debug_assertions) {
        warn("this forebay is built without optimisation: the figures are several times those of a release");
    }
    let lasts = Duration::from_secs(args.seconds);
    let measuring = spawn_blocking(move || profile::profile(&engine, &events, lasts));
    let profile = measuring.await.map_err(|error| Failure::failed(error.to_string()))?;
    let profile = profile.map_err(|error| Failure::settings(chain(&error)))?;
    lines::write(&mut data, term::stdout(), &profile.lines())?;
    data.flush()?;
    Ok(Exit::Done)
}
