//! A report in lines: sections that the plain output prints one after the other, and the view places on the screen.

use forebay_rule_tools::{Line, Tone};
use jiff::tz::TimeZone;

use super::ledger::Balance;
use super::report::{DeadLetters, Process, Report, RuleStep, Server, ShutTarget, Tier};
use super::verdict::{Finding, State};
use crate::output::table::{Table, count};
use crate::when::local;

/// Lines that belong together. The first is the heading, and is shown whatever the room.
pub(crate) type Section = Vec<Line>;

/// The longest text in a cell, in characters.
const MAX_CELL: usize = 100;

/// What nobody told.
const NOT_TOLD: &str = "not told";

/// A time for people, in its two largest units: `14 min`, `3 h 20 min`.
pub(crate) fn span(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "never negative, and saturates"
    )]
    let whole = seconds.max(0.0).round() as u64;
    let two = |large: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {unit}"),
        small => format!("{large} {unit} {small} {small_unit}"),
    };
    match whole {
        0 if seconds > 0.0 => format!("{:.0} ms", (seconds * 1_000.0).max(1.0)),
        0..60 => format!("{whole} s"),
        60..3_600 => format!("{} min", whole / 60),
        3_600..86_400 => two(whole / 3_600, "h", whole % 3_600 / 60, "min"),
        _ => two(whole / 86_400, "d", whole % 86_400 / 3_600, "h"),
    }
}

impl Report {
    /// The verdict, in the colour of its state.
    pub(crate) fn headline(&self) -> Line {
        Line::new(tone(self.verdict.state), self.verdict.line.clone())
    }

    /// Where events are on their way.
    pub(crate) fn flow(&self) -> Section {
        let headings = ["TIER", "EVENTS/S", "LAG", "OLDEST", "DELETED IN", "BLOCKED", "LATENCY", "TOTAL"];
        let mut table = Table::new(&headings);
        self.tiers.iter().for_each(|tier| table.row(tier_cells(tier)));
        section(table, |_| Tone::Plain)
    }

    /// Why it is as the verdict says, and what else was found, the worst first.
    pub(crate) fn findings(&self) -> Section {
        let mut lines = Vec::new();
        for (at, Finding { state, text, next }) in self.verdict.findings.iter().enumerate() {
            // The verdict has said it.
            if at > 0 || *state == State::Notice {
                lines.push(Line::new(tone(*state), format!("{}: {text}", state.word())));
            }
            lines.extend(next.iter().map(|next| Line::new(Tone::Plain, format!("  -> {next}"))));
        }
        if !lines.is_empty() {
            lines.insert(0, Line::new(Tone::Heading, "WHY, AND WHAT ELSE"));
        }
        lines
    }

    /// The indices that aren't written.
    pub(crate) fn indices(&self, zone: &TimeZone) -> Section {
        if self.shut.is_empty() {
            let heard = self.processes.iter().any(|process| process.problem.is_none());
            let store_is_away =
                self.servers.iter().any(|server| server.name == "search" && !server.reachable);
            let text = match heard {
                true if store_is_away => "none alone; the whole store doesn't answer",
                true => "none is refused",
                false => NOT_TOLD,
            };
            return vec![Line::new(Tone::Heading, format!("INDICES NOT WRITTEN: {text}"))];
        }
        let mut table =
            Table::new(&["INDEX NOT WRITTEN", "SINCE", "WHY", "ITS DOCUMENTS", "SET ASIDE", "BYTES"]);
        self.shut.iter().for_each(|target| table.row(shut_cells(target, zone)));
        section(table, |_| Tone::Warning)
    }

    /// Whether what came in came out.
    pub(crate) fn books(&self) -> Section {
        let (tone, balance) = match &self.ledger.balance {
            Balance::Open => {
                (Tone::Plain, "not compared yet: at two moments with nothing in flight (--watch)".to_owned())
            }
            Balance::NotTold(why) => (Tone::Quiet, format!("{NOT_TOLD}, {why}")),
            Balance::AddsUp => (Tone::Good, "adds up since this watch began".to_owned()),
            Balance::Missing(tenants) => {
                (Tone::Bad, format!("{} events are missing", count(tenants.values().sum())))
            }
        };
        let heading = match tone {
            Tone::Good | Tone::Bad => tone,
            _ => Tone::Heading,
        };
        let mut lines = vec![Line::new(heading, format!("LEDGER: {balance}"))];
        let rows = &self.ledger.tenants;
        if rows.is_empty() {
            return lines;
        }
        // Few rules split events, and few events are replayed.
        let splits = rows.iter().any(|row| row.split > 0);
        let replays = rows.iter().any(|row| row.replayed > 0);
        let mut headings = vec!["TENANT", "ACCEPTED", "INDEXED", "DUPLICATE", "DEAD", "DROPPED", "OPEN"];
        headings.extend(splits.then_some("SPLIT"));
        headings.extend(replays.then_some("REPLAYED"));
        let mut table = Table::new(&headings);
        for row in rows {
            let numbers = [row.accepted, row.indexed, row.duplicate, row.dead_lettered, row.dropped];
            let sign = if row.open < 0 { "-" } else { "" };
            let open = format!("{sign}{}", count(row.open.unsigned_abs()));
            let split = splits.then(|| count(row.split));
            let replayed = replays.then(|| count(row.replayed));
            let cells = [cut(&row.tenant)].into_iter().chain(numbers.map(count));
            table.row(cells.chain([open]).chain(split).chain(replayed));
        }
        lines.extend(table.lines().into_iter().map(|text| Line::new(Tone::Plain, text)));
        lines
    }

    /// The steps of rules that cost most.
    pub(crate) fn rules(&self) -> Section {
        let Some(steps) = &self.slowest_rules else {
            return vec![Line::new(Tone::Heading, format!("SLOWEST RULES: {NOT_TOLD}"))];
        };
        let mut table = Table::new(&["SLOWEST RULE", "STEP", "CPU/EVENT", "MEASURED"]);
        for RuleStep { rule, step, seconds, measured } in steps {
            table.row([cut(rule), cut(step), format!("{:.1} us", seconds * 1e6), count(*measured)]);
        }
        section(table, |_| Tone::Plain)
    }

    /// Who was asked.
    pub(crate) fn asked(&self) -> Section {
        let mut table = Table::new(&["ASKED", "STATE", "ADDRESS", ""]);
        let mut tones = Vec::new();
        for Server { name, address, reachable, detail } in &self.servers {
            let state = if *reachable { "reachable" } else { "NOT REACHABLE" };
            tones.push(if *reachable { Tone::Plain } else { Tone::Bad });
            table.row([(*name).to_owned(), state.to_owned(), address.clone(), cut(detail)]);
        }
        for Process { address, problem, not_ready } in &self.processes {
            let (state, detail, tone) = match (problem, not_ready.first()) {
                (Some(problem), _) => ("NOT TOLD", problem.clone(), Tone::Warning),
                (None, Some(part)) => {
                    ("NOT READY", format!("{}: {}", part.component, part.reason), Tone::Warning)
                }
                (None, None) => ("ready", String::new(), Tone::Plain),
            };
            tones.push(tone);
            table.row(["process".to_owned(), state.to_owned(), address.clone(), cut(&detail)]);
        }
        section(table, |row| tones.get(row).copied().unwrap_or(Tone::Plain))
    }

    /// The report for people: the verdict, what moves, what was found, and all the rest.
    pub(crate) fn lines(&self, zone: &TimeZone) -> Vec<Line> {
        let mut lines = vec![self.headline()];
        for section in [
            self.flow(),
            self.findings(),
            self.indices(zone),
            self.dead_letters.section(),
            self.books(),
            self.rules(),
            self.asked(),
        ] {
            if !section.is_empty() {
                lines.push(Line::new(Tone::Plain, ""));
                lines.extend(section);
            }
        }
        lines
    }
}

impl DeadLetters {
    /// How many there are, and of which kinds. Closed ones stay in the topic, and a look doesn't tell them from those that are open:
    /// that takes all marks of replays.
    pub(crate) fn section(&self) -> Section {
        let heading = |text: String| Line::new(Tone::Heading, format!("DEAD LETTERS: {text}"));
        if let Some(problem) = &self.problem {
            return vec![heading(cut(problem))];
        }
        let stages: Vec<String> =
            self.by_stage.iter().map(|(stage, number)| format!("{stage} {}", count(*number))).collect();
        let mut text = count(self.total);
        if self.total > 0 {
            text.push_str(" in the topic");
        }
        if self.looked_at < self.total {
            text.push_str(&format!("; of the newest {}", count(self.looked_at)));
        }
        if !stages.is_empty() {
            text.push_str(&format!(": {}", stages.join(", ")));
        }
        let mut lines = vec![heading(text)];
        let width = self.reasons.iter().map(|reason| count(reason.letters).len()).max().unwrap_or(0);
        lines.extend(self.reasons.iter().map(|reason| {
            Line::new(Tone::Plain, format!("{:>width$}  {}", count(reason.letters), reason.reason))
        }));
        if self.total > 0 {
            lines.push(Line::new(Tone::Plain, "  -> which of them are open: forebay dlq stats"));
        }
        lines
    }
}

const fn tone(state: State) -> Tone {
    match state {
        State::Lost | State::AtRisk | State::Stuck => Tone::Bad,
        State::NotKnown | State::Held | State::Behind => Tone::Warning,
        State::Notice => Tone::Plain,
        State::Well => Tone::Good,
    }
}

fn section(table: Table, tone: impl Fn(usize) -> Tone) -> Section {
    let mut lines = table.lines().into_iter();
    let heading = lines.next().map(|text| Line::new(Tone::Heading, text));
    heading.into_iter().chain(lines.enumerate().map(|(row, text)| Line::new(tone(row), text))).collect()
}

fn tier_cells(tier: &Tier) -> Vec<String> {
    let or_not_told = |text: Option<String>| text.unwrap_or_else(|| NOT_TOLD.to_owned());
    let none = || "-".to_owned();
    let reads = tier.group.is_some();
    let waits = tier.lag.is_none_or(|lag| lag > 0);
    let left = tier.retention_seconds.zip(tier.oldest_seconds).map(|(kept, age)| span((kept - age).max(0.0)));
    vec![
        tier.name.to_owned(),
        tier.per_second.map_or_else(none, |rate| format!("{rate:.1}")),
        if reads { or_not_told(tier.lag.map(count)) } else { none() },
        if reads && waits { or_not_told(tier.oldest_seconds.map(span)) } else { none() },
        if reads && waits { or_not_told(left) } else { none() },
        or_not_told(tier.blocked.map(|share| format!("{:.0} %", share * 100.0))),
        if reads { tier.latency_seconds.map_or_else(none, span) } else { none() },
        or_not_told(tier.total.map(count)),
    ]
}

fn shut_cells(target: &ShutTarget, zone: &TimeZone) -> [String; 6] {
    let since = i64::try_from(target.since).map_or_else(|_| String::new(), |s| local(s * 1_000, zone));
    let why = match target.reason.as_str() {
        "refused" => "it refuses all",
        "refused_share" => "it refuses too many for good",
        other => other,
    };
    let state = match target.state.as_str() {
        "held" => "wait",
        "diverted" => "become dead letters",
        "let_through" => "become dead letters if refused",
        other => other,
    };
    [cut(&target.target), since, cut(why), cut(state), count(target.documents), count(target.bytes)]
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_CELL {
        return text.to_owned();
    }
    text.chars().take(MAX_CELL - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
