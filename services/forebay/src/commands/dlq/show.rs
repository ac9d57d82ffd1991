//! `forebay dlq show`.

use forebay_deadletters::{LetterView, OriginalView, Selector, scan};
use serde::Serialize;
use tokio::task::spawn_blocking;

use super::explain;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Data;
use crate::target::Target;

/// Shows one dead letter as JSON: where it failed and why, and the event as it was.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An event's id (its latest letter is shown), or PARTITION:OFFSET as `list` shows it
    #[arg(value_name = "ID|PARTITION:OFFSET")]
    letter: String,

    /// One line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    letter: LetterView,
    original: OriginalView,
}

pub(super) async fn run(target: Target, args: Args) -> Outcome {
    let Ok(selector) = args.letter.parse::<Selector>();
    let kafka = target.settings.kafka;
    let topics = kafka.topics.clone();
    let found = spawn_blocking(move || scan::find(&kafka, &selector)).await;
    let entry =
        found.map_err(|error| Failure::failed(error.to_string()))?.map_err(|error| explain(&error))?;
    let whole = Whole { letter: LetterView::from(&entry), original: OriginalView::of(&entry, &topics) };
    let text = if args.json { serde_json::to_string(&whole) } else { serde_json::to_string_pretty(&whole) };
    let mut data = Data::new();
    // JSON has no control characters, so that nothing of the event reaches the terminal as a command.
    data.line(text.map_err(|error| Failure::failed(error.to_string()))?)?;
    data.flush()?;
    Ok(Exit::Done)
}
