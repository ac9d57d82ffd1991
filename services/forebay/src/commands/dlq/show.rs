//! `forebay dlq show`.

use forebay_access::Scope;
use forebay_deadletters::{Entry, LetterView, Mark, OriginalView, Selector, State, find};
use forebay_settings::sections::TopicSettings;
use serde::Serialize;
use tokio::task::spawn_blocking;

use super::{joined, topic};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Data;
use crate::output::term::safe_json;
use crate::target::Target;

/// Shows one dead letter as JSON: where it failed and why, and the event as it was.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An event's id (its latest letter is shown), or PARTITION:OFFSET as `list` shows it
    #[arg(value_name = "ID|PARTITION:OFFSET")]
    letter: String,

    /// In the parked topic
    #[arg(long)]
    parked: bool,

    /// One line
    #[arg(long)]
    json: bool,
}

/// A letter with the event that failed: what `show` and `export` write.
#[derive(Serialize)]
pub(super) struct Whole {
    #[serde(flatten)]
    letter: LetterView,
    original: OriginalView,
}

impl Whole {
    pub(super) fn of(entry: &Entry, mark: Option<Mark>, topics: &TopicSettings) -> Self {
        Self { letter: LetterView::of(entry, mark), original: OriginalView::of(entry, topics) }
    }

    pub(super) const fn letter(&self) -> &LetterView {
        &self.letter
    }
}

pub(super) async fn run(target: Target, args: Args, scope: Scope) -> Outcome {
    let Ok(selector) = args.letter.parse::<Selector>();
    let kafka = target.settings.kafka;
    let topics = kafka.topics.clone();
    let found = spawn_blocking(move || {
        let state = State::read(&kafka)?;
        let may_see = |tenant: &str| scope.holds(tenant);
        find(&kafka, topic(args.parked), &selector, may_see).map(|entry| (entry.mark(&state.marks), entry))
    });
    let (mark, entry) = joined(found.await)?;
    let whole = Whole::of(&entry, mark, &topics);
    let text = if args.json { serde_json::to_string(&whole) } else { serde_json::to_string_pretty(&whole) };
    let mut data = Data::new();
    // Nothing of the event reaches the terminal as a command.
    data.line(safe_json(&text.map_err(|error| Failure::failed(error.to_string()))?).as_bytes())?;
    data.flush()?;
    Ok(Exit::Done)
}
