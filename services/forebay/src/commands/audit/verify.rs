//! `forebay audit verify`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use forebay_audit::{Anchor, Fault, Verdict};
use forebay_kafka::Admin;
use forebay_kafka::admin::{TopicAction, wanted_topics};
use forebay_settings::sections::KafkaSettings;
use serde::Serialize;

use super::explain;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::table::count;
use crate::output::term::{safe, safe_json};
use crate::output::{Data, note, warn};
use crate::target::Target;

/// Reads the whole topic and names each record that was altered, removed, moved or forged. Whether its end was cut off can
/// only be told with an anchor, which is to be kept where those who can delete from the topic can't write.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Compare with the heads of all chains in this file, then write the new ones there; where there is no such file, only
    /// write it. Nothing is written when something is wrong, unless that is accepted
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,

    /// Accept what is wrong now: write the new heads all the same, and these faults, which later runs with this anchor tell no
    /// more. Only after you know who did that
    #[arg(long, requires = "anchor")]
    accept: bool,

    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    topic: &'a str,
    good: bool,
    records: u64,
    repeated: u64,
    writers: usize,
    anchored: bool,
    accepted: u64,
    faults: Vec<Told<'a>>,
    more_faults: u64,
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    fault: &'a Fault,
    text: String,
}

pub(super) async fn run(target: Target, args: Args) -> Outcome {
    let kafka = &target.settings.kafka;
    let topic = &kafka.topics.audit;
    let anchor = match &args.anchor {
        Some(path) => read_anchor(path, topic)?,
        None => None,
    };
    let anchored = anchor.is_some();
    let verdict = forebay_audit_log::verify(kafka, anchor).await.map_err(|error| explain(&error))?;
    if target.dev.is_none() {
        warn_of_differences(kafka).await;
    }
    let mut data = Data::new();
    if args.json {
        let json = serde_json::to_string(&report(topic, anchored, &verdict)).map_err(Failure::failed)?;
        data.line(safe_json(&json).as_bytes())?;
    } else {
        lines(topic, args.anchor.is_some().then_some(anchored), &verdict)
            .iter()
            .try_for_each(|line| data.line(line))?;
    }
    data.flush()?;
    if !verdict.is_good() && !args.accept {
        if args.anchor.is_some() {
            note(
                "the anchor is left as it was; what can't be mended is accepted with --accept, once you know who did it",
            );
        }
        return Ok(Exit::Failed);
    }
    if verdict.more_faults > 0 {
        warn(
            "more than a thousand faults are accepted in several runs: the next one tells those that are left",
        );
    }
    let accepted = verdict.faults.len();
    if let Some(path) = &args.anchor {
        let anchor = verdict.into_anchor(topic);
        write_anchor(path, &anchor).map_err(|error| {
            Failure::failed(format!("can't write the anchor {}: {error}", path.display()))
        })?;
        note(format!(
            "the anchor is in {}: keep it where nobody can write who can delete from Kafka",
            path.display()
        ));
        if accepted > 0 {
            note(format!(
                "it has {} faults more as accepted: later runs tell only new ones",
                count(accepted as u64)
            ));
        }
    }
    Ok(Exit::Done)
}

fn report<'a>(topic: &'a str, anchored: bool, verdict: &'a Verdict) -> Report<'a> {
    let told = |fault: &'a Fault| Told { fault, text: fault.to_string() };
    Report {
        topic,
        good: verdict.is_good(),
        records: verdict.records,
        repeated: verdict.repeated,
        writers: verdict.heads.len(),
        anchored,
        accepted: verdict.accepted,
        faults: verdict.faults.iter().map(told).collect(),
        more_faults: verdict.more_faults,
    }
}

/// `anchored` says whether there was an anchor to compare with, where one was named.
fn lines(topic: &str, anchored: Option<bool>, verdict: &Verdict) -> Vec<String> {
    let mut lines: Vec<String> =
        verdict.faults.iter().map(|fault| safe(&fault.to_string()).into_owned()).collect();
    if verdict.more_faults > 0 {
        lines.push(format!("... and {} faults more", count(verdict.more_faults)));
    }
    let (records, writers) = (count(verdict.records), count(verdict.heads.len() as u64));
    let mut line = format!("{topic}: {records} records of {writers} writers");
    if verdict.repeated > 0 {
        line += &format!(", {} repeated", count(verdict.repeated));
    }
    if verdict.accepted > 0 {
        line += &format!(", {} faults accepted before", count(verdict.accepted));
    }
    let faults = verdict.faults.len() as u64 + verdict.more_faults;
    let rest = if verdict.accepted > 0 { "the rest" } else { "all" };
    line += &match (verdict.is_good(), anchored) {
        (false, _) => format!(", and {} faults", count(faults)),
        (true, Some(true)) => format!(", {rest} in order, none missing since the anchor"),
        (true, Some(false)) => format!(
            ", {rest} in order (the anchor is new: from now on it tells whether the last ones were removed)"
        ),
        (true, None) => {
            format!(", {rest} in order (without --anchor nobody can tell whether the last ones were removed)")
        }
    };
    lines.push(line);
    lines
}

/// Says where the topic isn't as it should be: one that is compacted, or has a retention, loses records.
async fn warn_of_differences(kafka: &KafkaSettings) {
    let wanted: Vec<_> =
        wanted_topics(kafka).into_iter().filter(|topic| topic.name == kafka.topics.audit).collect();
    let Ok(admin) = Admin::new(kafka) else { return };
    let Ok(plans) = admin.plan(&wanted).await else { return };
    for plan in plans {
        if let TopicAction::Differs(differences) = plan.action {
            // The embedded broker tells nothing of a topic's configuration.
            for one in differences.iter().filter(|one| !one.found.is_empty()) {
                warn(format!(
                    "topic `{}`: {} is {}, and should be {}",
                    plan.topic.name, one.what, one.found, one.wanted
                ));
            }
        }
    }
}

fn read_anchor(path: &Path, topic: &str) -> Result<Option<Anchor>, Failure> {
    let wrong = |why: String| {
        Failure::failed(format!("can't use the anchor {}: {why}", path.display()))
            .hint("give the file that an earlier `forebay audit verify --anchor` wrote, or a new name to begin with")
    };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
    };
    let anchor: Anchor = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    if anchor.topic != topic {
        return Err(wrong(format!("it is of topic `{}`, not of `{topic}`", anchor.topic)));
    }
    Ok(Some(anchor))
}

/// Puts it there as a whole, or not at all.
fn write_anchor(path: &Path, anchor: &Anchor) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = fs::File::create(&beside)?;
    serde_json::to_writer_pretty(&mut file, anchor)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use forebay_audit::{Action, Chain, Entry, Place, Verifier};
    use jiff::Timestamp;

    use super::*;

    /// Scenario: a writer without an answer wrote its record twice.
    /// Guarantees: that is told, and what an anchor is good for is said to who named none, and not to who did.
    #[test]
    fn the_last_line_says_what_was_looked_at() {
        let entry = Entry::new("os:ann@ops", Action::TokenRevoke, "web");
        let bytes = Chain::new("cli/1").record(&entry, Timestamp::UNIX_EPOCH, None);
        let mut verifier = Verifier::default();
        for offset in 0..2 {
            verifier.add(Place { partition: 0, offset }, &bytes);
        }
        let verdict = verifier.finish(&[(0, 2)]);
        let line = |anchored| lines("t", anchored, &verdict).join("|");
        assert_eq!(
            line(Some(true)),
            "t: 2 records of 1 writers, 1 repeated, all in order, none missing since the anchor"
        );
        assert!(line(None).contains("without --anchor") && !line(Some(false)).contains("without --anchor"));
    }
}
