//! `forebay dlq stats`.

use forebay_deadletters::stats::Group;
use forebay_deadletters::{By, LetterTopic, Stats};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{FilterArgs, count, json, topic};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::table::{self, Table};
use crate::output::term::safe;
use crate::output::{Data, note, warn};
use crate::target::Target;
use crate::when;

/// How many rows a count has for people, unless it is the only one.
const ROWS: usize = 12;

/// The longest name in a table, in characters.
const MAX_NAME: usize = 110;

/// The width of the longest bar.
const BAR: u64 = 30;

/// Counts the dead letters that are open: by kind of failure, rule, tenant and hour.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) filter: FilterArgs,

    /// Only this count: reason, error-type, rule, tenant, stage, hour, source or target
    #[arg(long, value_name = "WHAT", value_parser = by)]
    by: Option<By>,

    /// In the parked topic
    #[arg(long)]
    parked: bool,

    /// One JSON object with all counts
    #[arg(long)]
    json: bool,
}

fn by(text: &str) -> Result<By, String> {
    By::ALL.into_iter().find(|by| by.name() == text).ok_or_else(|| {
        let names: Vec<&str> = By::ALL.into_iter().map(By::name).collect();
        format!("it can be {}", names.join(", "))
    })
}

pub(super) async fn run(target: &Target, args: Args, words: &str) -> Outcome {
    let topic = topic(args.parked);
    let stats = count(&target.settings.kafka, topic, args.filter.into()).await?;
    let mut data = Data::new();
    if args.json {
        data.line(as_json(&stats, args.by)?)?;
    } else {
        let name = topic.name(&target.settings.kafka.topics);
        lines(&stats, name, args.by, &TimeZone::system()).iter().try_for_each(|line| data.line(line))?;
    }
    data.flush()?;
    if !args.json {
        if stats.malformed > 0 {
            warn(format!("{} records of the topic are no dead letters", table::count(stats.malformed)));
        }
        hints(&stats, topic, words).iter().for_each(note);
    }
    Ok(Exit::Done)
}

fn as_json(stats: &Stats, by: Option<By>) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Counted<'a> {
        states: &'a std::collections::BTreeMap<&'static str, u64>,
        malformed: u64,
        by: std::collections::BTreeMap<&'static str, Vec<Group>>,
    }
    let wanted = By::ALL.into_iter().filter(|one| by.is_none_or(|by| by == *one));
    let by = wanted.map(|by| (by.name(), stats.groups(by))).collect();
    json(&Counted { states: &stats.states, malformed: stats.malformed, by })
}

/// The counts for people.
pub(super) fn lines(stats: &Stats, topic: &str, by: Option<By>, zone: &TimeZone) -> Vec<String> {
    let closed = stats.states.iter().filter(|(state, _)| **state != "open");
    let closed: Vec<String> =
        closed.map(|(state, number)| format!("{} {state}", table::count(*number))).collect();
    let more = if closed.is_empty() { String::new() } else { format!(" ({})", closed.join(", ")) };
    let mut lines = vec![format!("{topic}: {} open letters{more}", table::count(stats.open()))];
    if let Some((first, last)) = stats.failed {
        lines.push(format!("failed from {} to {}", when::local(first, zone), when::local(last, zone)));
    }
    if stats.open() == 0 {
        return lines;
    }
    let shown: &[By] = match &by {
        Some(by) => std::slice::from_ref(by),
        None => &[By::Reason, By::Rule, By::Tenant, By::Hour],
    };
    for one in shown {
        lines.push(String::new());
        let rows = if by.is_some() { usize::MAX } else { ROWS };
        lines.extend(group_lines(stats, *one, rows, zone));
    }
    lines
}

fn group_lines(stats: &Stats, by: By, rows: usize, zone: &TimeZone) -> Vec<String> {
    let mut groups = stats.groups(by);
    let all = groups.len();
    // Of the hours the last ones count.
    let skip = if by == By::Hour { all.saturating_sub(rows) } else { 0 };
    groups = groups.into_iter().skip(skip).take(rows).collect();
    let most = groups.iter().map(|group| group.letters).max().unwrap_or(1).max(1);
    let mut table = match by {
        By::Reason => Table::new(&["letters", "last failed", "for example", "reason"]),
        _ => Table::new(&["letters", "", by.name()]),
    };
    for group in &groups {
        let letters = table::count(group.letters);
        let name = match by {
            By::Hour => time(&group.name, zone, 16),
            _ if group.name.is_empty() => "(none)".to_owned(),
            _ => cut(&safe(&group.name)),
        };
        table.row(match by {
            By::Reason => vec![letters, time(&group.last_failed_at, zone, 19), group.example.clone(), name],
            _ => vec![
                letters,
                "█".repeat(usize::try_from((group.letters * BAR).div_ceil(most)).unwrap_or(0)),
                name,
            ],
        });
    }
    let mut lines = table.lines();
    if groups.len() < all {
        lines.push(format!("... {} more: --by {}", table::count((all - groups.len()) as u64), by.name()));
    }
    lines
}

/// What a person does next.
fn hints(stats: &Stats, topic: LetterTopic, words: &str) -> Vec<String> {
    let parked = if topic == LetterTopic::Parked { " --parked" } else { "" };
    let mut hints = Vec::new();
    if let Some(Group { example, .. }) = stats.groups(By::Reason).first() {
        hints.push(format!("look at one:       {words} dlq show {example}{parked}"));
        hints.push(format!("list its like:     {words} dlq list --like {example}{parked}"));
        hints.push(format!("try a replay:      {words} dlq replay --like {example}{parked} --dry-run"));
    }
    if topic == LetterTopic::DeadLetters && stats.states.contains_key("parked") {
        hints.push(format!("those parked:      {words} dlq stats --parked"));
    }
    hints
}

/// The beginning of a time, in local time.
fn time(rfc3339: &str, zone: &TimeZone, length: usize) -> String {
    match rfc3339.parse::<Timestamp>() {
        Ok(moment) => when::local(moment.as_millisecond(), zone).chars().take(length).collect(),
        Err(_) => rfc3339.to_owned(),
    }
}

pub(super) fn cut(name: &str) -> String {
    let mut short: String = name.chars().take(MAX_NAME).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short
}
