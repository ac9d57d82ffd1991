//! `forebay dlq list`.

use forebay_deadletters::{Entry, LetterView, Letters};
use forebay_kafka::KafkaError;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::{FilterArgs, explain};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::progress::Progress;
use crate::output::term::safe;
use crate::output::{Data, note, table, warn};
use crate::target::Target;
use crate::when;

/// How many letters are read ahead of what is printed.
const AHEAD: usize = 256;

/// The longest reason in the list, in characters; `show` has all of it.
const MAX_REASON: usize = 160;

/// Lists dead letters, one a line: place, time, tenant, stage, event's id, error.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    filter: FilterArgs,

    /// The most letters; 0 means all
    #[arg(long, default_value_t = 100)]
    limit: u64,

    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

enum Read {
    Letter(Box<Entry>),
    End { scanned: u64, malformed: u64 },
}

pub(super) async fn run(target: Target, args: Args) -> Outcome {
    let (to, mut from) = mpsc::channel(AHEAD);
    let filter = args.filter.into();
    let _reader = spawn_blocking(move || {
        let letters = Letters::open(&target.settings.kafka, filter);
        let end = letters.and_then(|letters| read(letters, &to));
        // Who has read enough has hung up.
        let _hung_up = to.blocking_send(end);
    });
    let mut data = Data::new();
    let mut progress = Progress::new("listing", "letters", None);
    let mut listed = 0;
    let mut cut = false;
    let mut end = None;
    let zone = TimeZone::system();
    while let Some(read) = from.recv().await {
        match read.map_err(|error| explain(&error.into()))? {
            Read::Letter(_) if args.limit > 0 && listed == args.limit => {
                cut = true;
                break;
            }
            Read::Letter(entry) => {
                listed += 1;
                let view = LetterView::from(&*entry);
                data.line(if args.json { json(&view)? } else { line(&view, &zone) })?;
                progress.at(listed, String::new);
            }
            Read::End { scanned, malformed } => end = Some((scanned, malformed)),
        }
    }
    // In this order, so that a terminal shows the letters without the bar, and what is said about them below.
    progress.finish();
    data.flush()?;
    if cut {
        note(format!("only the first {} are shown; --limit 0 shows all", table::count(listed)));
    }
    if let Some((scanned, malformed)) = end {
        if malformed > 0 {
            warn(format!("{} records of the topic are no dead letters", table::count(malformed)));
        }
        if !args.json {
            let letters = scanned.saturating_sub(malformed);
            note(format!("{} of {} dead letters", table::count(listed), table::count(letters)));
        }
    }
    Ok(Exit::Done)
}

fn read(mut letters: Letters, to: &mpsc::Sender<Result<Read, KafkaError>>) -> Result<Read, KafkaError> {
    while let Some(entry) = letters.next_entry()? {
        if to.blocking_send(Ok(Read::Letter(Box::new(entry)))).is_err() {
            break;
        }
    }
    Ok(Read::End { scanned: letters.scanned(), malformed: letters.malformed() })
}

pub(super) fn json(view: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string(view).map_err(|error| Failure::failed(error.to_string()))
}

fn line(view: &LetterView, zone: &TimeZone) -> String {
    let place = format!("{}:{}", view.partition, view.offset);
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
    let (tenant, id, error) = (safe(&view.tenant), safe(&view.event_id), safe(&view.error_type));
    format!("{place:<8} {failed} {tenant} {} {id} {error}: {}{replays}", view.stage, safe(&reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_a_line() {
        let view = LetterView {
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
        };
        assert_eq!(
            line(&view, &TimeZone::UTC),
            "0:17     2026-11-21 10:00:00.000 acme index e-1 document_parsing_exception: failed to parse\\nfield [n] \
             (replayed 2x)"
        );
        let long = LetterView { reason: "é".repeat(MAX_REASON + 1), replay_count: 0, ..view };
        let cut = format!("{}…", "é".repeat(MAX_REASON));
        assert!(line(&long, &TimeZone::UTC).ends_with(&cut), "what is cut says so");
    }
}
