//! `forebay dlq list`.

use forebay_deadletters::{DeadLettersError, Entry, LetterView, Letters, Mark, State};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::{FilterArgs, ScopeArgs, explain, json};
use crate::exit::{Exit, Outcome};
use crate::output::progress::Progress;
use crate::output::table::Table;
use crate::output::term::safe;
use crate::output::{Data, note, table, warn};
use crate::target::Target;
use crate::when;

/// How many letters are read ahead of what is printed.
const AHEAD: usize = 256;

/// How many lines share their columns' widths.
const PAGE: usize = 200;

/// The longest reason in the list, in characters; `show` has all of it.
const MAX_REASON: usize = 160;

/// Lists dead letters that are open, one a line: place, time, tenant, stage, event's id, error.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) filter: FilterArgs,

    #[command(flatten)]
    scope: ScopeArgs,

    /// The most letters; 0 means all
    #[arg(long, default_value_t = 100)]
    limit: u64,

    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// What a reader on another thread has to say.
pub(super) enum Read {
    /// A letter, and what closed it.
    Letter(Box<Entry>, Option<Mark>),
    /// No more: how many letters there are of the tenant, or of all where none is named; how many that match are closed; how many records
    /// were no letters.
    End { letters: u64, closed: u64, malformed: u64 },
}

/// Reads the letters that match on another thread.
pub(super) fn read(
    target: &Target,
    filter: FilterArgs,
    scope: ScopeArgs,
) -> mpsc::Receiver<Result<Read, DeadLettersError>> {
    let (to, from) = mpsc::channel(AHEAD);
    let settings = target.settings.kafka.clone();
    let _reader = spawn_blocking(move || {
        let reading = || -> Result<Read, DeadLettersError> {
            let state = State::read(&settings)?;
            let mut letters = Letters::open(&settings, scope.topic(), filter.into())?;
            let mut closed = 0;
            while let Some(entry) = letters.next_entry()? {
                let mark = entry.mark(&state.marks);
                closed += u64::from(mark.is_some());
                let wanted = scope.all || mark.is_none();
                if wanted && to.blocking_send(Ok(Read::Letter(Box::new(entry), mark))).is_err() {
                    break;
                }
            }
            Ok(Read::End { letters: letters.of_tenant(), closed, malformed: letters.malformed() })
        };
        let end = reading();
        // Who has read enough has hung up.
        let _hung_up = to.blocking_send(end);
    });
    from
}

pub(super) async fn run(target: Target, args: Args) -> Outcome {
    let Args { filter, scope, limit, json: as_json } = args;
    let tenant = filter.tenant.clone();
    let mut from = read(&target, filter, scope);
    let mut data = Data::new();
    let mut progress = Progress::new("listing", "letters", None);
    let (mut listed, mut cut, mut end) = (0, false, None);
    let mut page = Page::new(scope.all);
    while let Some(read) = from.recv().await {
        match read.map_err(|error| explain(&error))? {
            Read::Letter(..) if limit > 0 && listed == limit => {
                cut = true;
                break;
            }
            Read::Letter(entry, mark) => {
                listed += 1;
                let view = LetterView::of(&entry, mark);
                if as_json {
                    data.line(json(&view)?)?;
                } else {
                    page.add(&view, &mut data)?;
                }
                progress.at(listed, String::new);
            }
            Read::End { letters, closed, malformed } => end = Some((letters, closed, malformed)),
        }
    }
    // In this order, so that a terminal shows the letters without the bar, and what is said about them below.
    progress.finish();
    page.flush(&mut data)?;
    data.flush()?;
    if cut {
        note(format!("only the first {} are shown; --limit 0 shows all", table::count(listed)));
    }
    if let Some((letters, closed, malformed)) = end {
        if malformed > 0 {
            warn(format!("{} records of the topic are no dead letters", table::count(malformed)));
        }
        if !as_json {
            let of = tenant.map(|tenant| format!(" of tenant `{}`", safe(&tenant))).unwrap_or_default();
            note(format!("{} of {} dead letters{of}", table::count(listed), table::count(letters)));
            if closed > 0 && !scope.all {
                note(format!(
                    "{} more match and were dealt with; --all shows them too",
                    table::count(closed)
                ));
            }
        }
    }
    Ok(Exit::Done)
}

/// Lines whose columns line up.
struct Page {
    zone: TimeZone,
    states: bool,
    rows: Vec<Vec<String>>,
    first: bool,
}

impl Page {
    fn new(states: bool) -> Self {
        Self { zone: TimeZone::system(), states, rows: Vec::new(), first: true }
    }

    fn add(&mut self, view: &LetterView, data: &mut Data) -> Result<(), crate::exit::Failure> {
        self.rows.push(row(view, self.states, &self.zone));
        if self.rows.len() >= PAGE { self.flush(data) } else { Ok(()) }
    }

    fn flush(&mut self, data: &mut Data) -> Result<(), crate::exit::Failure> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut headings = vec!["place", "failed", "tenant", "stage", "event"];
        headings.extend(self.states.then_some("state"));
        headings.push("error");
        let mut table = Table::new(&headings);
        self.rows.drain(..).for_each(|row| table.row(row));
        let skip = usize::from(!std::mem::take(&mut self.first));
        table.lines().iter().skip(skip).try_for_each(|line| data.line(line))
    }
}

fn row(view: &LetterView, states: bool, zone: &TimeZone) -> Vec<String> {
    let failed = match view.last_failed_at.parse::<Timestamp>() {
        Ok(moment) => when::local(moment.as_millisecond(), zone),
        Err(_) => view.last_failed_at.clone(),
    };
    let mut reason: String = view.reason.chars().take(MAX_REASON).collect();
    if reason.len() < view.reason.len() {
        reason.push('…');
    }
    let replays =
        if view.replay_count > 0 { format!(" (replayed {}x)", view.replay_count) } else { String::new() };
    let error = format!("{}: {}{replays}", safe(&view.error_type), safe(&reason));
    let mut cells = vec![
        format!("{}:{}", view.partition, view.offset),
        failed,
        safe(&view.tenant).into_owned(),
        view.stage.to_owned(),
        safe(&view.event_id).into_owned(),
    ];
    cells.extend(states.then(|| view.state.to_owned()));
    cells.push(error);
    cells
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn view() -> LetterView {
        LetterView {
            state: "open",
            partition: 0,
            offset: 17,
            event_id: "e-1".to_owned(),
            tenant: "acme".to_owned(),
            stage: "index",
            error_type: "document_parsing_exception".to_owned(),
            error_domain: "user",
            status: 400,
            reason: "failed to parse\nfield [n]".to_owned(),
            target: String::new(),
            rule: String::new(),
            rule_revision: String::new(),
            source_topic: String::new(),
            source_partition: 0,
            source_offset: 0,
            source_timestamp: String::new(),
            first_failed_at: String::new(),
            last_failed_at: "2026-11-21T10:00:00Z".to_owned(),
            attempts: 1,
            replay_count: 2,
        }
    }

    #[test]
    fn a_letter_is_a_line() {
        let cells = row(&view(), false, &TimeZone::UTC);
        assert_eq!(
            cells.join(" "),
            "0:17 2026-11-21 10:00:00.000 acme index e-1 document_parsing_exception: failed to parse\\nfield [n] \
             (replayed 2x)"
        );
        assert_eq!(row(&view(), true, &TimeZone::UTC)[5], "open");
        let long = LetterView { reason: "é".repeat(MAX_REASON + 1), replay_count: 0, ..view() };
        let cut = format!("{}…", "é".repeat(MAX_REASON));
        assert!(row(&long, false, &TimeZone::UTC)[5].ends_with(&cut), "what is cut says so");
    }
}
