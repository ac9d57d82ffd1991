//! The verdict: is anything lost, where is it stuck, why. The worst of what was found is the first line.

use serde::Serialize;

use super::ledger::Balance;
use super::report::{Problem, Report, Tier};
use super::text::span;
use crate::output::table::count;

/// A backlog that is younger, in seconds, is no reason to say that a tier stands still: commits come every few seconds.
const STILL_AFTER: f64 = 30.0;

/// Where nobody knows how old it is, nothing must have moved for so many seconds.
const STILL_FOR: f64 = 10.0;

/// A backlog that is older is told of, in seconds.
const BEHIND_AFTER: f64 = 60.0;

/// A backlog that has used up this part of its topic's retention is at risk: as the alerts have it.
const RISK: f64 = 0.5;

/// How things are, the worst first.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Something that was taken in is gone.
    Lost,
    /// Something will be gone if nothing is done.
    AtRisk,
    /// What matters most can't be asked.
    #[default]
    NotKnown,
    /// Something waits, and nothing moves.
    Stuck,
    /// The documents of single indices wait.
    Held,
    /// All moves, and is late.
    Behind,
    /// Worth knowing.
    Notice,
    /// Nothing was found.
    Well,
}

/// Something that was found.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Finding {
    pub(crate) state: State,
    /// What happens, and where.
    pub(crate) text: String,
    /// Why, or what to look at next.
    pub(crate) next: Option<String>,
}

/// The verdict.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct Verdict {
    pub(crate) state: State,
    /// In words.
    pub(crate) line: String,
    /// All that was found, the worst first.
    pub(crate) findings: Vec<Finding>,
}

// === impl State ===

impl State {
    /// Its name for people.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Lost => "LOST",
            Self::AtRisk => "AT RISK",
            Self::NotKnown => "NOT KNOWN",
            Self::Stuck => "STUCK",
            Self::Held => "HELD",
            Self::Behind => "BEHIND",
            Self::Notice => "NOTE",
            Self::Well => "ALL WELL",
        }
    }
}

/// The verdict on a report.
pub(crate) fn of(report: &Report) -> Verdict {
    let mut found = Vec::new();
    let mut find = |state, text: String, next: Option<String>| found.push(Finding { state, text, next });
    servers(report, &mut find);
    losses(report, &mut find);
    for tier in &report.tiers {
        group(report, tier, &mut find);
    }
    indices(report, &mut find);
    door(report, &mut find);
    processes(report, &mut find);
    found.sort();
    let worst = found.first().filter(|worst| worst.state < State::Notice);
    let (state, text) = worst.map_or_else(|| (State::Well, well(report)), |w| (w.state, w.text.clone()));
    Verdict { state, line: format!("{}: {text}", state.word()), findings: found }
}

type Find<'a> = &'a mut dyn FnMut(State, String, Option<String>);

fn servers(report: &Report, find: Find<'_>) {
    for server in report.servers.iter().filter(|server| !server.reachable) {
        let why = if server.detail.is_empty() { "can't be reached from here" } else { &server.detail };
        let at = if server.address.is_empty() { String::new() } else { format!(" at {}", server.address) };
        let what = format!("{}{at}: {why}", server.name);
        if server.name == "kafka" {
            let next = "is that the address (kafka.bootstrap_servers), and does a broker run? Meanwhile ingest refuses what comes, and shippers hold it";
            find(State::NotKnown, what, Some(next.to_owned()));
        } else {
            let next = "is that the address (search.url), and does the cluster run? What can't be written waits in Kafka";
            find(State::Stuck, what, Some(next.to_owned()));
        }
    }
}

fn losses(report: &Report, find: Find<'_>) {
    if let Balance::Missing(tenants) = &report.ledger.balance {
        for (tenant, events) in tenants {
            let text = format!(
                "{} events of tenant `{tenant}` were accepted and have no outcome, though nothing is in flight",
                count(*events)
            );
            find(State::Lost, text, Some("forebay dlq list, and the logs of parser and indexer".to_owned()));
        }
    }
    let resets = report.counted.offset_resets;
    if resets.now > 0 {
        let text = format!("the place of a consumer was gone from its topic {} times just now", resets.now);
        let next = "Kafka deleted records before they were read, or a topic was made anew";
        find(State::Lost, text, Some(next.to_owned()));
    } else if resets.ever > 0 {
        let text = format!(
            "the place of a consumer was gone from its topic {} times since the processes started",
            count(resets.ever)
        );
        find(State::Notice, text, Some("then Kafka had deleted what was not read yet".to_owned()));
    }
    let door = report.counted.lost_at_the_door;
    let next =
        || Some("they came by protocols without an answer (UDP, lines): who sent them isn't told".to_owned());
    if door.now > 0 {
        let text = format!("{} events could not be kept at the door just now", count(door.now));
        find(State::Lost, text, next());
    } else if door.ever > 0 {
        let text = format!("{} events could not be kept at the door since ingest started", count(door.ever));
        find(State::Notice, text, next());
    }
}

fn group(report: &Report, tier: &Tier, find: Find<'_>) {
    let name = tier.name;
    let group = tier.group.as_deref().unwrap_or_default();
    if tier.deleted_unread > 0 {
        let text = format!(
            "{} records were deleted before group `{group}` had read them (retention?)",
            count(tier.deleted_unread)
        );
        find(State::Lost, text, None);
    }
    match &tier.problem {
        Some(Problem::NotKnown(why)) => {
            find(State::NotKnown, format!("how far the {name} is: {why}"), None);
        }
        Some(Problem::BeyondTheEnd) => {
            let text = format!("group `{group}` is beyond the end of its topic, which was made anew");
            find(State::AtRisk, text, Some("it may leave out what comes first".to_owned()));
        }
        Some(Problem::NeverCommitted) | None => {}
    }
    let Some(lag) = tier.lag.filter(|lag| *lag > 0) else { return };
    let waits = waits(lag, tier.oldest_seconds);
    if let (Some(age), Some(kept)) = (tier.oldest_seconds, tier.retention_seconds)
        && age > kept * RISK
    {
        let text =
            format!("Kafka deletes what waits for the {name} in {}: {waits}", span((kept - age).max(0.0)));
        let next = "lengthen the topic's retention.ms now, then see why it waits";
        find(State::AtRisk, text, Some(next.to_owned()));
    }
    let is_old = tier.oldest_seconds.map_or(report.seconds >= STILL_FOR, |age| age >= STILL_AFTER);
    let is_still = tier.per_second.is_some_and(|rate| rate < 0.001);
    if is_still && is_old {
        let text = format!("the {name} takes nothing: {waits}");
        find(State::Stuck, text, Some(why(report, tier)));
    } else if tier.oldest_seconds.is_some_and(|age| age >= BEHIND_AFTER) {
        let when = match tier.lag_per_second {
            Some(change) if change < -0.1 => format!("caught up in {}", span(lag as f64 / -change)),
            Some(change) if change > 0.1 => format!("{change:.0} more each second"),
            Some(_) => "it doesn't catch up".to_owned(),
            None => "it moves".to_owned(),
        };
        find(State::Behind, format!("the {name} is late: {waits}; {when}"), blocked(tier));
    }
}

/// Why a tier stands still, as far as anybody says.
fn why(report: &Report, tier: &Tier) -> String {
    let parts: Vec<String> = report
        .processes
        .iter()
        .flat_map(|process| process.not_ready.iter().map(move |part| (process, part)))
        .take(3)
        .map(|(process, part)| format!("{} says `{}`: {}", process.address, part.component, part.reason))
        .collect();
    if !parts.is_empty() {
        return parts.join("; ");
    }
    if let Some(blocked) = blocked(tier) {
        return blocked;
    }
    let group = tier.group.as_deref().unwrap_or_default();
    if tier.problem == Some(Problem::NeverCommitted) {
        format!(
            "group `{group}` has never committed anything: does a process of the tier `{}` run?",
            tier.name
        )
    } else if report.processes.iter().all(|process| process.problem.is_some()) {
        format!("no process answers: does one of the tier `{}` run? (--target says where)", tier.name)
    } else {
        format!(
            "no process that was asked says why: does one of the tier `{}` run? After a kill the group waits up to 45 s",
            tier.name
        )
    }
}

fn blocked(tier: &Tier) -> Option<String> {
    let share = tier.blocked.filter(|share| *share >= 0.5)?;
    Some(format!("blocked {:.0} % of the time: what follows it can't take more", share * 100.0))
}

fn waits(lag: u64, oldest: Option<f64>) -> String {
    let records = if lag == 1 { "record waits" } else { "records wait" };
    match oldest {
        Some(age) if lag == 1 => format!("1 {records}, for {}", span(age)),
        Some(age) => format!("{} {records}, the oldest for {}", count(lag), span(age)),
        None => format!("{} {records}", count(lag)),
    }
}

fn indices(report: &Report, find: Find<'_>) {
    let held: Vec<_> = report.shut.iter().filter(|target| target.state == "held").collect();
    let documents: u64 = held.iter().map(|target| target.documents).sum();
    if let Some(first) = held.first() {
        let text = match held.len() {
            1 => format!("index {} isn't written: {} documents wait", first.target, count(documents)),
            n => format!("{n} indices aren't written: {} documents wait", count(documents)),
        };
        find(State::Held, text, Some("it refuses them: see its mapping, and forebay dlq stats".to_owned()));
    }
    let others = report.shut.len() - held.len();
    if others > 0 {
        let text = format!("{others} indices refuse too much: what they refuse becomes dead letters");
        find(State::Notice, text, Some("forebay dlq stats".to_owned()));
    }
}

fn door(report: &Report, find: Find<'_>) {
    let put_off = report.counted.put_off.now;
    if put_off > 0 {
        let text = format!("ingest has put off {} requests just now (429, 503)", count(put_off));
        find(State::Behind, text, Some("shippers hold them, and come again".to_owned()));
    }
    let letters = report.counted.dead_lettered.now;
    if letters > 0 {
        let most = report.dead_letters.reasons.first().map(|most| format!("most: {}", most.reason));
        find(State::Notice, format!("{} events became dead letters just now", count(letters)), most);
    }
    if let Balance::NotTold(why) = &report.ledger.balance {
        let next = "so nobody can say whether the ledger adds up; --target names more processes";
        find(State::Notice, why.clone(), Some(next.to_owned()));
    }
}

fn processes(report: &Report, find: Find<'_>) {
    for process in &report.processes {
        if let Some(problem) = &process.problem {
            let next = "--target says where processes serve metrics";
            find(State::Notice, format!("{}: {problem}", process.address), Some(next.to_owned()));
        }
        for part in &process.not_ready {
            // Without this part nothing comes in; another one shows in what waits for it.
            let state = if part.component.starts_with("ingest") { State::Stuck } else { State::Notice };
            let text = format!("`{}` of {} isn't ready: {}", part.component, process.address, part.reason);
            find(state, text, None);
        }
    }
}

/// That nothing was found, and what moves.
fn well(report: &Report) -> String {
    let mut text = "nothing is lost, nothing is stuck".to_owned();
    let tier = |name| report.tiers.iter().find(|tier| tier.name == name);
    let rate = |name| tier(name).and_then(|tier| tier.per_second);
    if let (Some(came), Some(went)) = (rate("ingest"), rate("indexer")) {
        text.push_str(&format!("; {came:.0} events/s come in, {went:.0}/s leave"));
    }
    let lag: u64 = report.tiers.iter().filter_map(|tier| tier.lag).sum();
    if lag > 0 {
        text.push_str(&format!(", {} on their way", count(lag)));
    }
    if report.processes.iter().all(|process| process.problem.is_some()) {
        text.push_str(" (by Kafka alone: no process was heard)");
    }
    text
}

#[cfg(test)]
mod tests;
