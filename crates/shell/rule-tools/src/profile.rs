//! Where the CPU time goes: step by step, on a sample of events.
//!
//! Passes over the sample take turns: one as the parser works, whose CPU time is the whole, and one that is looked at, whose
//! steps share it out. What is left over is reading, writing, and finding out which rules match.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use forebay_convert::{Documents, Outcome};
use forebay_record::RawEvent;
use forebay_rules::observe::{Observer, StepOutcome};
use forebay_rules::{Lane, Rules, Value};
use rustix::time::{ClockId, clock_gettime};

use crate::captured::Captured;
use crate::engine::{Engine, EngineError};
use crate::receipt::{Receipts, milliseconds};
use crate::text::{Line, Tone};

/// How often the clock is read to learn what reading it costs.
const READINGS: u32 = 1_000;

/// Times of steps.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// How many events were worked on, those that were looked at left out.
    pub events: u64,
    /// The CPU time that these took.
    pub cpu: Duration,
    /// How many of them became documents, dead letters, or were dropped.
    pub outcomes: [u64; 3],
    /// The steps, slowest first.
    pub steps: Vec<StepCost>,
}

/// What a step costs.
#[derive(Clone, Debug)]
pub struct StepCost {
    /// Rule and step, as in dead letters.
    pub name: String,
    /// How often it was at work, for each event.
    pub share: f64,
    /// Microseconds for each event of the sample.
    pub micros: f64,
}

/// Applies rules to events, again and again, for about so long.
///
/// # Errors
/// When the parser's settings can't be used.
pub fn profile(engine: &Engine, events: &[Captured], lasts: Duration) -> Result<Profile, EngineError> {
    let mut profile = Profile::default();
    if events.is_empty() {
        return Ok(profile);
    }
    let mut lane = engine.lane()?;
    let mut receipts = Receipts::new(engine)?;
    let events: Vec<RawEvent<'_>> = events.iter().map(|captured| receipts.event(captured)).collect();
    let mut buffer = Documents::default();
    let mut timing = Timing { reading: cost_of_reading(), steps: BTreeMap::new(), began: Instant::now() };
    let mut watched = 0_u64;
    // Caches fill, automata are built: once, as in a parser.
    let _warm = pass(&mut lane, &events, &mut buffer);
    let begin = Instant::now();
    while profile.events == 0 || begin.elapsed() < lasts {
        let before = cpu_time();
        let outcomes = pass(&mut lane, &events, &mut buffer);
        profile.cpu += cpu_time().saturating_sub(before);
        profile.events += events.len() as u64;
        for (sum, count) in profile.outcomes.iter_mut().zip(outcomes) {
            *sum += count;
        }
        for event in &events {
            buffer.clear();
            let _seen = lane.apply_observed(event, milliseconds(event), &mut buffer, &mut timing);
        }
        watched += events.len() as u64;
    }
    profile.steps = timing.costs(&engine.rules, watched);
    Ok(profile)
}

/// All events once, as the parser does it.
fn pass(lane: &mut Lane, events: &[RawEvent<'_>], buffer: &mut Documents) -> [u64; 3] {
    let [mut documents, mut refused, mut dropped] = [0; 3];
    for event in events {
        buffer.clear();
        match lane.apply(event, milliseconds(event), buffer) {
            Outcome::Documents => documents += 1,
            Outcome::Refused(_) => refused += 1,
            Outcome::Dropped(_) => dropped += 1,
        }
    }
    [documents, refused, dropped]
}

/// The CPU time of this thread.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0));
    Duration::new(seconds, nanos)
}

/// What it costs to read the clock once.
fn cost_of_reading() -> Duration {
    let begin = Instant::now();
    for _ in 0..READINGS {
        let _read = std::hint::black_box(Instant::now());
    }
    begin.elapsed() / READINGS
}

/// Times steps.
struct Timing {
    reading: Duration,
    steps: BTreeMap<(usize, usize), (u64, Duration)>,
    began: Instant,
}

impl Timing {
    fn costs(&self, rules: &Rules, events: u64) -> Vec<StepCost> {
        #[expect(clippy::cast_precision_loss, reason = "an average")]
        let per_event = |count: u64| count as f64 / events.max(1) as f64;
        let cost = |(place, step): (_, forebay_rules::rules::StepName<'_>)| {
            let (count, took) = self.steps.get(&place).copied().unwrap_or_default();
            let name = format!("{}/{}", step.rule, step.step);
            let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            StepCost { name, share: per_event(count), micros: per_event(nanos) / 1_000.0 }
        };
        let mut costs: Vec<StepCost> = rules.steps().map(cost).collect();
        costs.sort_by(|one, other| other.micros.total_cmp(&one.micros));
        costs
    }
}

impl Observer for Timing {
    fn begins(&mut self, _: (usize, usize), _: &Value) {
        self.began = Instant::now();
    }

    fn ends(&mut self, place: (usize, usize), _: StepOutcome, _: &Value) {
        let took = self.began.elapsed().saturating_sub(self.reading);
        let (count, sum) = self.steps.entry(place).or_default();
        *count += 1;
        *sum += took;
    }

    fn passed(&mut self, place: (usize, usize), _: StepOutcome) {
        self.steps.entry(place).or_default().0 += 1;
    }
}

// === impl Profile ===

impl Profile {
    /// Microseconds of CPU for each event, in all.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an average")]
    pub fn micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.events.max(1) as f64
    }

    /// A table for people: steps, the rest, the whole.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        const REST: &str = "reading, writing, matching";
        let whole = self.micros();
        let of_steps: f64 = self.steps.iter().map(|step| step.micros).sum();
        let names = self.steps.iter().map(|step| step.name.chars().count());
        let width = names.chain([REST.chars().count()]).max().unwrap_or(0);
        let percent = |micros: f64| if whole > 0.0 { micros * 100.0 / whole } else { 0.0 };
        let row = |name: &str, micros: f64, share: Option<f64>| {
            let share = share.map_or_else(String::new, |share| format!("{share:>10.2}"));
            let text = format!("{name:<width$}  {micros:>9.3}  {:>5.1}{share}", percent(micros));
            text.trim_end().to_owned()
        };
        let mut lines =
            vec![Line::new(Tone::Heading, format!("{:<width$}   µs/event      %   at work", "step"))];
        for step in &self.steps {
            lines.push(Line::new(Tone::Plain, row(&step.name, step.micros, Some(step.share))));
        }
        lines.push(Line::new(Tone::Quiet, row(REST, (whole - of_steps).max(0.0), None)));
        lines.push(Line::new(Tone::Heading, row("all", whole, None)));
        let [documents, refused, dropped] = self.outcomes;
        let text =
            format!("{} events: {documents} passed, {refused} dead letters, {dropped} dropped", self.events);
        lines.push(Line::new(Tone::Quiet, text));
        lines
    }
}

#[cfg(test)]
mod tests;
