//! What `make sim` does: many schedules, or one with all that happens in it.

use std::io::{self, Write};
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::campaign::{Report, attempt, campaign};
use crate::plan::Plan;
use crate::seam::Production;
use crate::shrink::shrink;

/// How many schedules run between two lines about progress.
const TELL_EVERY: u64 = 500_000;

/// Runs many schedules, until one fails, which is shown then. Answers whether all is well.
///
/// # Errors
/// When nothing can be written.
pub fn many(seeds: Range<u64>, threads: usize, out: &mut impl Write) -> io::Result<bool> {
    writeln!(out, "seeds {} to {}, on {threads} threads", seeds.start, seeds.end.saturating_sub(1))?;
    let began = Instant::now();
    let mut total = Report::default();
    let mut from = seeds.start;
    while from < seeds.end {
        let to = seeds.end.min(from.saturating_add(TELL_EVERY));
        total.join(campaign(from..to, &Production, threads));
        from = to;
        writeln!(out, "{}", summary(&total, began.elapsed()))?;
        if let Some((seed, violation)) = &total.failed {
            writeln!(out, "seed {seed} fails: {violation}")?;
            return one(*seed, out);
        }
    }
    Ok(true)
}

/// Runs one schedule, and shows what happens in it; of a failing one, in the smallest that fails in the same way. Answers
/// whether all is well.
///
/// # Errors
/// When nothing can be written.
pub fn one(seed: u64, out: &mut impl Write) -> io::Result<bool> {
    let plan = Plan::of(seed);
    let outcome = attempt(&plan, &Production, true);
    let Some(violation) = outcome.violation else {
        let (trace, hash) = (&outcome.trace, outcome.trace.hash());
        writeln!(out, "{plan:#?}\n{trace}seed {seed}: all well, trace {hash:016x}")?;
        return Ok(true);
    };
    let small = shrink(&plan, &Production, violation.invariant);
    let outcome = attempt(&small, &Production, true);
    writeln!(out, "{small:#?}\n{}", outcome.trace)?;
    if let Some(violation) = outcome.violation {
        writeln!(out, "{violation}")?;
    }
    writeln!(out, "again: make sim SEED={seed}")?;
    Ok(false)
}

fn summary(report: &Report, took: Duration) -> String {
    format!(
        "{} schedules in {:.1} s: {} events acknowledged, {} faults, {} steps, {:.0} simulated hours, at rest {:.1} s \
         after the last fault at most (seed {})",
        report.schedules,
        took.as_secs_f64(),
        report.acknowledged,
        report.faults,
        report.steps,
        report.simulated.as_secs_f64() / 3600.0,
        report.longest_rest.0.as_secs_f64(),
        report.longest_rest.1,
    )
}
