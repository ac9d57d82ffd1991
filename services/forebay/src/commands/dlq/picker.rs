//! `forebay dlq` on a terminal: counts, a kind of failure, examples, and what to do about it.
//!
//! Every step shows the command that does the same, so that the next time it can be typed.

use forebay_access::{Operator, Role};
use forebay_deadletters::{By, Filter, Job, LetterTopic, LetterView, Letters, Like, State, Task};
use jiff::tz::TimeZone;
use tokio::task::spawn_blocking;

use super::show::Whole;
use super::{count, job, joined, stats};
use crate::exit::{Exit, Failure, Outcome};
use crate::operator::out_of_scope;
use crate::output::term::{safe, safe_json};
use crate::output::{Data, ask, note, table};
use crate::target::{Target, TargetArgs};

/// How many letters are shown as examples.
const EXAMPLES: usize = 3;

pub(super) async fn run(target: &Target, args: &TargetArgs, operator: &Operator, words: &str) -> Outcome {
    let tenant = operator.scope.narrow(None).map_err(|error| out_of_scope(&error))?;
    let own = Filter { tenant, ..Filter::default() };
    loop {
        let stats = count(&target.settings.kafka, LetterTopic::DeadLetters, own.clone()).await?;
        let topic = &target.settings.kafka.topics.dead_letters;
        print(&stats::lines(&stats, topic, None, &TimeZone::system()))?;
        let kinds = stats.groups(By::Reason);
        if kinds.is_empty() {
            note("nothing to do");
            return Ok(Exit::Done);
        }
        let mut answers: Vec<String> = kinds
            .iter()
            .map(|group| format!("{}  {}", table::count(group.letters), stats::cut(&safe(&group.name))))
            .collect();
        answers.push("nothing: leave".to_owned());
        let Some(group) = ask::choose("Which failures?", &answers)?.and_then(|at| kinds.get(at)) else {
            return Ok(Exit::Done);
        };
        let filter = Filter { like: Some(Like::Kind(group.name.clone())), ..own.clone() };
        let exit = deal_with(target, args, &filter, &group.example, words).await?;
        if exit != Exit::Done {
            return Ok(exit);
        }
    }
}

async fn deal_with(
    target: &Target,
    args: &TargetArgs,
    filter: &Filter,
    example: &str,
    words: &str,
) -> Outcome {
    let new_job = |task, role| -> Result<Job, Failure> {
        let operator = args.token.ask(target.settings.operators_file(), role)?;
        let delivery = job::delivery(target, false);
        Ok(Job { filter: filter.clone(), delivery, ..Job::new(task, operator.actor.name()) })
    };
    let like = format!("--like {example}");
    note(format!("{words} dlq list {like} --limit {EXAMPLES}"));
    examples(target, filter).await?;
    loop {
        let answers = ["look at one in full", "try a replay (--dry-run)", "replay", "park", "export", "back"];
        let answers = answers.map(str::to_owned);
        match ask::choose("What to do about them?", &answers)? {
            Some(0) => show_one(target, filter, words).await?,
            Some(1) => {
                note(format!("{words} dlq replay {like} --dry-run"));
                let store = job::store(target, true);
                let job = Job { dry_run: true, store, ..new_job(Task::REPLAY, Role::Read)? };
                let _complete = job::work_and_conclude(target, job, words).await?;
            }
            Some(2) => {
                note(format!("{words} dlq replay {like}"));
                if ask::confirm("Replay them?")? {
                    let job = new_job(Task::REPLAY, Role::Admin)?;
                    return job::work_and_conclude(target, job, words).await;
                }
            }
            Some(3) => {
                note(format!("{words} dlq park {like}"));
                if ask::confirm("Park them?")? {
                    let job = new_job(Task::Park, Role::Admin)?;
                    return job::work_and_conclude(target, job, words).await;
                }
            }
            Some(4) => note(format!("type: {words} dlq export {like} --output letters.ndjson")),
            _ => return Ok(Exit::Done),
        }
    }
}

async fn examples(target: &Target, filter: &Filter) -> Result<(), Failure> {
    let found = open(target, filter, EXAMPLES).await?;
    let lines: Vec<String> = found
        .iter()
        .map(|whole| {
            let LetterView { partition, offset, tenant, event_id, reason, .. } = whole.letter();
            format!("  {partition}:{offset}  {}  {}  {}", safe(tenant), safe(event_id), safe(reason))
        })
        .collect();
    print(&lines)
}

async fn show_one(target: &Target, filter: &Filter, words: &str) -> Result<(), Failure> {
    let found = open(target, filter, 1).await?;
    if let Some(LetterView { partition, offset, .. }) = found.first().map(Whole::letter) {
        note(format!("{words} dlq show {partition}:{offset}"));
    }
    let text = found.first().map(serde_json::to_string_pretty).transpose();
    let text = text.map_err(|error| Failure::failed(error.to_string()))?;
    print(&text.iter().map(|text| safe_json(text).into_owned()).collect::<Vec<_>>())
}

/// The first open letters that match.
async fn open(target: &Target, filter: &Filter, most: usize) -> Result<Vec<Whole>, Failure> {
    let (settings, filter) = (target.settings.kafka.clone(), filter.clone());
    let reading = move || {
        let state = State::read(&settings)?;
        let mut letters = Letters::open(&settings, LetterTopic::DeadLetters, filter)?;
        let mut found = Vec::new();
        while found.len() < most
            && let Some(entry) = letters.next_entry()?
        {
            let mark = entry.mark(&state.marks);
            if mark.is_none() {
                found.push(Whole::of(&entry, mark, &settings.topics));
            }
        }
        Ok(found)
    };
    joined(spawn_blocking(reading).await)
}

fn print(lines: &[String]) -> Result<(), Failure> {
    let mut data = Data::new();
    lines.iter().try_for_each(|line| data.line(line))?;
    data.flush()
}
