//! One event on its way through the rules, step by step.

use std::time::{Duration, Instant};

use forebay_convert::Documents;
use forebay_record::RawEvent;
use forebay_rules::observe::{Observer, StepOutcome};
use forebay_rules::rules::{self, Why};
use forebay_rules::{Lane, Rules};
use serde_json::Value;

use crate::captured::Captured;
use crate::outcome::{Actual, Refused};
use crate::text::{Line, Shown, Tone, diff, pretty};

/// The longest body that is shown, in characters.
const MAX_BODY: usize = 2_000;

/// What became of an event.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The event as it was read, before the first step; nothing where no step had to see it.
    pub read: Option<Value>,
    /// What each step did, in order. An event that was split passes some of them several times.
    pub steps: Vec<StepView>,
    /// The rules that it doesn't go through, each with why.
    pub passed_over: Vec<PassedOver>,
    /// What came of it.
    pub actual: Actual,
}

/// A rule that an event doesn't go through.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PassedOver {
    /// The rule.
    pub rule: String,
    /// Why, for people: everything in which the event differs from what the rule is for.
    pub why: String,
}

/// What a step did.
#[derive(Clone, Debug)]
pub struct StepView {
    /// Rule and step, as in dead letters.
    pub name: String,
    /// What it did.
    pub outcome: StepOutcome,
    /// How long it took; nothing where it didn't have to see the event.
    pub took: Option<Duration>,
    /// What it changed.
    pub changes: Vec<Line>,
}

/// Applies rules to an event and looks at every step.
pub fn preview(lane: &mut Lane, event: &RawEvent<'_>, buffer: &mut Documents) -> Preview {
    let rules = std::sync::Arc::clone(lane.rules());
    let mut watching = Watching { rules: &rules, read: None, steps: Vec::new(), open: None };
    let actual = Actual::of(lane, event, buffer, &mut watching);
    let Watching { read, steps, .. } = watching;
    let passed_over = rules.passed_over(event).into_iter().map(PassedOver::from).collect();
    Preview { read, steps, passed_over, actual }
}

/// Looks on.
struct Watching<'a> {
    rules: &'a Rules,
    read: Option<Value>,
    steps: Vec<StepView>,
    /// The step at work: since when, and the event before.
    open: Option<(Instant, Value)>,
}

impl Watching<'_> {
    fn push(
        &mut self,
        place: (usize, usize),
        outcome: StepOutcome,
        took: Option<Duration>,
        changes: Vec<Line>,
    ) {
        let name = self.rules.step(place).map(|step| format!("{}/{}", step.rule, step.step));
        self.steps.push(StepView { name: name.unwrap_or_default(), outcome, took, changes });
    }
}

impl Observer for Watching<'_> {
    fn begins(&mut self, _: (usize, usize), event: &forebay_rules::Value) {
        let before = json(event);
        if self.read.is_none() {
            self.read = Some(before.clone());
        }
        // Last, so that looking isn't timed.
        self.open = Some((Instant::now(), before));
    }

    fn ends(&mut self, place: (usize, usize), outcome: StepOutcome, event: &forebay_rules::Value) {
        let now = Instant::now();
        let Some((began, before)) = self.open.take() else { return };
        let changes = match outcome {
            // A split leaves a husk behind.
            StepOutcome::Split => Vec::new(),
            _ => diff(&before, &json(event), Shown::Changes),
        };
        self.push(place, outcome, Some(now.saturating_duration_since(began)), changes);
    }

    fn passed(&mut self, place: (usize, usize), outcome: StepOutcome) {
        self.push(place, outcome, None, Vec::new());
    }
}

fn json(value: &forebay_rules::Value) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

// === impl PassedOver ===

impl From<rules::PassedOver<'_>> for PassedOver {
    fn from(passed: rules::PassedOver<'_>) -> Self {
        let why = match passed.why {
            Why::Differs(mismatches) => {
                let all: Vec<String> = mismatches.iter().map(ToString::to_string).collect();
                format!("doesn't match: {}", all.join("; "))
            }
            Why::Ended(last) => format!("isn't reached: `{last}` matches and says `last`"),
        };
        Self { rule: passed.rule.to_owned(), why }
    }
}

// === impl Preview ===

impl Preview {
    /// All of it, for people: the event, its steps with what they changed, and what came of it beside what was read.
    #[must_use]
    pub fn lines(&self, event: &Captured) -> Vec<Line> {
        let mut lines = head(event);
        for PassedOver { rule, why } in &self.passed_over {
            lines.push(Line::new(Tone::Quiet, format!("  {rule} {why}")));
        }
        let width = self.steps.iter().map(|step| step.name.chars().count()).max().unwrap_or(0);
        for step in &self.steps {
            let took =
                step.took.map_or_else(String::new, |took| format!("{:>10.1} µs", took.as_secs_f64() * 1e6));
            let (word, tone) = word(step.outcome);
            let text = format!("  {:<width$}  {word:<7}{took}", step.name);
            lines.push(Line::new(tone, text.trim_end()));
            lines.extend(step.changes.iter().cloned().map(|line| line.indented(6)));
        }
        match &self.actual {
            Actual::Dropped(reason) => lines.push(Line::new(Tone::Warning, format!("  dropped: {reason}"))),
            Actual::DeadLetter(Refused { stage, rule, error_type, reason }) => {
                lines.push(Line::new(Tone::Bad, format!("  dead letter ({stage}): {error_type} at {rule}")));
                lines.extend(reason.lines().map(|line| Line::new(Tone::Bad, line).indented(6)));
            }
            Actual::Documents(made) => {
                for made in made {
                    let route = match made.route.as_str() {
                        "" => String::new(),
                        route => format!(", route {route}"),
                    };
                    lines.push(Line::new(Tone::Heading, format!("  document{route}")));
                    let shown = match &self.read {
                        Some(read) => diff(read, &made.document, Shown::All),
                        None => pretty(&made.document)
                            .lines()
                            .map(|line| Line::new(Tone::Plain, line).indented(2))
                            .collect(),
                    };
                    lines.extend(shown.into_iter().map(|line| line.indented(4)));
                }
            }
        }
        lines
    }
}

/// The event as it came.
fn head(captured: &Captured) -> Vec<Line> {
    let event = captured.event();
    let format = if event.format.is_empty() { "no format" } else { event.format };
    let text = format!("{}  {}, {}, {format}", captured.place, event.tenant, event.source);
    let mut lines = vec![Line::new(Tone::Heading, text)];
    let body = String::from_utf8_lossy(event.body);
    let cut: String = body.chars().take(MAX_BODY).collect();
    lines.extend(cut.lines().map(|line| Line::new(Tone::Quiet, line).indented(2)));
    if cut.len() < body.len() {
        lines.push(Line::new(Tone::Quiet, format!("  ... {} bytes in all", event.body.len())));
    }
    lines
}

/// What a step did, in a word.
const fn word(outcome: StepOutcome) -> (&'static str, Tone) {
    match outcome {
        StepOutcome::Done => ("done", Tone::Good),
        StepOutcome::Skipped => ("skipped", Tone::Quiet),
        StepOutcome::Dropped => ("dropped", Tone::Warning),
        StepOutcome::Split => ("split", Tone::Good),
        StepOutcome::Failed => ("failed", Tone::Bad),
    }
}

#[cfg(test)]
mod tests;
