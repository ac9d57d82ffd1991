//! `forebay audit show`.

use forebay_audit::{Place, Record};
use jiff::tz::TimeZone;
use serde::Serialize;

use super::explain;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::table::Table;
use crate::output::term::{safe, safe_json};
use crate::output::{Data, note, warn};
use crate::target::Target;
use crate::when;

/// The longest details in the list, in characters; `--json` has all of them.
const MAX_DETAILS: usize = 100;

/// Lists records. It believes what they say: `forebay audit verify` tells whether somebody touched them.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Written at or after then: a length of time before now (1h, 7d), a day or a moment
    #[arg(long, value_name = "TIME", value_parser = when::argument)]
    since: Option<i64>,

    /// What was done, or the beginning of it: token, token.revoke, dlq, rules, access
    #[arg(long)]
    action: Option<String>,

    /// Who did it, or some of it: credential:ann, os:ann, service:ingest
    #[arg(long)]
    actor: Option<String>,

    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// What is read.
#[derive(Default)]
struct Read {
    /// What meets the conditions.
    records: Vec<(Place, Record)>,
    unreadable: u64,
}

/// A record and where it stands.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    place: Place,
    #[serde(flatten)]
    record: &'a Record,
}

pub(super) async fn run(target: Target, args: Args) -> Outcome {
    let kafka = target.settings.kafka;
    let conditions = args.clone();
    let add = move |read: &mut Read, place, bytes: &[u8]| read.add(&conditions, place, bytes);
    let Read { records, unreadable } =
        forebay_audit_log::read(&kafka, Read::default(), add).await.map_err(|error| explain(&error))?;
    let mut data = Data::new();
    let mut table = Table::new(&["when", "who", "what", "how far", "to what", "details"]);
    let zone = TimeZone::system();
    for (place, record) in &records {
        if args.json {
            let json = serde_json::to_string(&Shown { place: *place, record }).map_err(Failure::failed)?;
            data.line(safe_json(&json).as_bytes())?;
        } else {
            table.row(row(record, &zone));
        }
    }
    if !records.is_empty() && !args.json {
        table.lines().iter().try_for_each(|line| data.line(line))?;
    }
    data.flush()?;
    if records.is_empty() {
        note("there is no such record");
    }
    if unreadable > 0 {
        warn(format!("records that can't be read: {unreadable}; `forebay audit verify` says which, and why"));
    }
    Ok(Exit::Done)
}

impl Read {
    fn add(&mut self, conditions: &Args, place: Place, bytes: &[u8]) {
        match Record::read(bytes) {
            Ok(record) if matches(conditions, &record) => self.records.push((place, record)),
            Ok(_) => {}
            Err(_) => self.unreadable += 1,
        }
    }
}

fn matches(args: &Args, record: &Record) -> bool {
    let is_since = |since: i64| record.moment().is_some_and(|moment| moment.as_millisecond() >= since);
    let is_action = |action: &String| {
        let rest = record.action.strip_prefix(action.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || action.ends_with('.'))
    };
    args.since.is_none_or(is_since)
        && args.action.as_ref().is_none_or(is_action)
        && args.actor.as_ref().is_none_or(|actor| record.actor.contains(actor.as_str()))
}

fn row(record: &Record, zone: &TimeZone) -> [String; 6] {
    let time = match record.moment() {
        Some(moment) => when::local(moment.as_millisecond(), zone).chars().take(19).collect(),
        None => record.time.clone(),
    };
    let details: Vec<String> = record.details.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let details = details.join(" ");
    let short: String = details.chars().take(MAX_DETAILS).collect();
    let details = if short.len() < details.len() { format!("{short}…") } else { details };
    [
        time,
        safe(&record.actor).into_owned(),
        safe(&record.action).into_owned(),
        record.state.name().to_owned(),
        safe(&record.subject).into_owned(),
        safe(&details).into_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use forebay_audit::{Action, Chain, Entry};
    use jiff::Timestamp;

    use super::*;

    fn record() -> Record {
        let entry =
            Entry::new("os:ann@ops\u{1b}[2J", Action::TokenRevoke, "web").detail("file", "access.yaml");
        Record::read(&Chain::new("cli/1").record(&entry, Timestamp::from_second(10).unwrap(), None)).unwrap()
    }

    #[test]
    fn a_record_is_a_line_that_steers_no_terminal() {
        let line = row(&record(), &TimeZone::UTC).join(" | ");
        assert_eq!(
            line,
            "1970-01-01 00:00:10 | os:ann@ops\\u{1b}[2J | token.revoke | done | web | file=access.yaml"
        );
    }

    #[test]
    fn conditions_are_what_they_say() {
        let args = |since: Option<i64>, action: &str, actor: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Args { since, action: some(action), actor: some(actor), json: false }
        };
        let is = |args: Args| matches(&args, &record());
        assert!(is(args(None, "", "")) && is(args(Some(10_000), "token", "ann")));
        assert!(is(args(None, "token.revoke", "os:ann@ops")) && is(args(None, "token.", "")));
        assert!(!is(args(Some(10_001), "", "")) && !is(args(None, "tok", "")) && !is(args(None, "", "bob")));
    }
}
