//! `forebay try`: rules at work on real events, step by step, again at each edit.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use forebay_access::Role;
use forebay_convert::Documents;
use forebay_rule_tools::folder::State;
use forebay_rule_tools::preview::preview;
use forebay_rule_tools::{Captured, Receipts, RuleFolder};
use forebay_rules::RuleFiles;
use forebay_settings::Settings;
use tokio::time::{MissedTickBehavior, interval};

use crate::exit::{Exit, Failure, Outcome};
use crate::operator::out_of_scope;
use crate::output::{Data, lines, note, term};
use crate::rules::{self, LikeArgs, Origin, Source};
use crate::target::{TargetArgs, chain, load};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How many looks there are between two at a topic.
const LOOKS_AT_TOPIC: u32 = 5;

/// Shows what rules make of events: what each step did and changed, how long it took, and what came of it. Nothing is written or
/// committed anywhere. On a terminal it goes on: when a file of the rules is saved, the same events are shown again. Ctrl-C ends.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// One rule, which is then tried alone, or a folder of rules
    #[arg(value_name = "RULE|FOLDER")]
    path: PathBuf,

    /// Events: a file of lines, - for standard input, topic:NAME (its newest records), dlq (the newest dead letters)
    /// (default: the samples beside the rules)
    #[arg(long, value_name = "FILE|-|topic:NAME|dlq")]
    from: Option<Origin>,

    /// The most events
    #[arg(long, default_value_t = 5)]
    count: u32,

    /// Go on with new records of the topic; and with edits, also where this is no terminal
    #[arg(long)]
    follow: bool,

    #[command(flatten)]
    like: LikeArgs,
}

pub(crate) async fn run(target: &TargetArgs, args: Args) -> Outcome {
    let settings = settings(target, args.from.as_ref())?;
    let path = rules::folder(Some(&args.path), &settings)?;
    let folder = RuleFolder::of(&path, settings.parser.rules.folder.as_deref());
    // Before they are read: what is edited meanwhile, or before anybody watches, is an edit.
    let state = folder.state().ok();
    let files = rules::read(&folder)?;
    let mut source = Source::new(args.from, args.like, &settings, args.count as usize)?;
    let events = source.read(&files).await?;
    let mut view = View { settings, folder, files, events, data: Data::new() };
    let shown = view.show_all()?;
    if !(args.follow || io::stdout().is_terminal()) {
        return Ok(if shown { Exit::Done } else { Exit::Failed });
    }
    note("waiting for edits; Ctrl-C ends");
    view.watch(&mut source, state, args.follow).await
}

/// The settings: where Kafka is needed, of what is spoken to; else of the file alone.
pub(super) fn settings(target: &TargetArgs, from: Option<&Origin>) -> Result<Settings, Failure> {
    if from.is_some_and(Origin::is_remote) {
        // Topics hold every tenant's events, side by side.
        let (target, operator) = target.ask(Role::Read)?;
        operator.scope.everybody().map_err(|error| out_of_scope(&error))?;
        Ok(target.settings)
    } else {
        load(target.config.as_deref())
    }
}

/// Events, and the rules that they are shown with.
struct View {
    settings: Settings,
    folder: RuleFolder,
    files: RuleFiles,
    events: Vec<Captured>,
    data: Data,
}

impl View {
    /// Shows all events; answers whether the rules could be used.
    fn show_all(&mut self) -> Result<bool, Failure> {
        let Self { settings, folder, files, events, data } = self;
        show(settings, folder, files, events, data)
    }

    /// Shows the events again whenever the files change from what they were when they were `shown`, and new ones as they come.
    async fn watch(mut self, source: &mut Source, mut shown: Option<State>, follow: bool) -> Outcome {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = shown.clone();
        for look in 1_u32.. {
            let _tick = ticks.tick().await;
            // What is being saved just now may be gone for a moment, or half there: it counts once two looks see the same.
            if let Ok(now) = self.folder.state() {
                let settled = seen.as_ref() == Some(&now);
                if settled && shown.as_ref() != Some(&now) {
                    shown = Some(now.clone());
                    self.reload()?;
                }
                seen = Some(now);
            }
            if follow && look.is_multiple_of(LOOKS_AT_TOPIC) {
                let new = source.newer().await?;
                if !new.is_empty() {
                    let Self { settings, folder, files, data, .. } = &mut self;
                    let _shown = show(settings, folder, files, &new, data)?;
                    self.events = new;
                }
            }
        }
        Ok(Exit::Interrupted)
    }

    fn reload(&mut self) -> Result<(), Failure> {
        match rules::read(&self.folder) {
            Ok(files) => {
                self.files = files;
                note("\nthe rules have changed");
                let _shown = self.show_all()?;
            }
            Err(failure) => note(failure.to_string()),
        }
        Ok(())
    }
}

fn show(
    settings: &Settings,
    folder: &RuleFolder,
    files: &RuleFiles,
    events: &[Captured],
    data: &mut Data,
) -> Result<bool, Failure> {
    let Some(engine) = rules::compile(files, settings, &folder.folder, data)? else {
        data.flush()?;
        return Ok(false);
    };
    let mut lane = engine.lane().map_err(|error| Failure::settings(chain(&error)))?;
    let mut receipts = Receipts::new(&engine).map_err(|error| Failure::settings(chain(&error)))?;
    let (style, mut buffer) = (term::stdout(), Documents::default());
    let mut any_applied = engine.rules.is_empty();
    for event in events {
        let seen = preview(&mut lane, &receipts.event(event), &mut buffer);
        any_applied |= seen.passed_over.len() < engine.rules.len();
        lines::write(data, style, &seen.lines(event))?;
        data.line("")?;
    }
    data.flush()?;
    if !any_applied {
        note(
            "no rule is for any of these events: mend its `match`, or say with --tenant, --source, --format and --attribute what the lines are",
        );
    }
    Ok(true)
}
