//! A failing schedule becomes a small one: whatever it fails without is taken away, piece by piece.

use crate::campaign::attempt;
use crate::oracle::Invariant;
use crate::plan::{Plan, Rates};
use crate::seam::Core;

/// The smallest plan found that breaks the same invariant. The same plan always gives the same one.
#[must_use]
pub fn shrink(plan: &Plan, core: &dyn Core, invariant: Invariant) -> Plan {
    let fails = |plan: &Plan| {
        attempt(plan, core, false).violation.is_some_and(|violation| violation.invariant == invariant)
    };
    let mut smallest = plan.clone();
    loop {
        let Some(smaller) = candidates(&smallest).into_iter().find(fails) else { return smallest };
        smallest = smaller;
    }
}

/// Plans with a little less in them, those with much less first.
fn candidates(plan: &Plan) -> Vec<Plan> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Plan)| {
        let mut less = plan.clone();
        change(&mut less);
        all.push(less);
    };
    for (from, to) in pieces(plan.events.len()) {
        with(&|less| drop(less.events.drain(from..to)));
    }
    for (from, to) in pieces(plan.events.len()) {
        if plan.events[from..to].iter().any(|event| event.documents != 1) {
            with(&|less| less.events[from..to].iter_mut().for_each(|event| event.documents = 1));
        }
    }
    for (from, to) in pieces(plan.faults.len()) {
        with(&|less| drop(less.faults.drain(from..to)));
    }
    for rates in plan.rates.each_without_one() {
        with(&|less| less.rates = rates);
    }
    for number in 0..3 {
        let counts = [plan.parsers, plan.indexers, usize::from(plan.static_members) + 1];
        if counts[number] > 1 {
            with(&|less| match number {
                0 => less.parsers -= 1,
                1 => less.indexers -= 1,
                _ => less.static_members = false,
            });
        }
    }
    if plan.raw_partitions > 1 {
        with(&|less| less.raw_partitions -= 1);
    }
    if plan.events_partitions > 1 {
        with(&|less| less.events_partitions -= 1);
    }
    all
}

/// Halves, quarters, and so on down to single ones.
fn pieces(len: usize) -> Vec<(usize, usize)> {
    let mut pieces = Vec::new();
    let mut size = len.div_ceil(2);
    while size > 0 {
        pieces.extend((0..len).step_by(size).map(|from| (from, len.min(from + size))));
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    pieces
}

// === impl Rates ===

impl Rates {
    /// For each kind of trouble that there is, the rates without it.
    fn each_without_one(&self) -> Vec<Self> {
        let takes: [fn(&mut Self) -> &mut u32; 13] = [
            |rates| &mut rates.produce_fails,
            |rates| &mut rates.produce_lost_ack,
            |rates| &mut rates.produce_slow,
            |rates| &mut rates.commit_lost,
            |rates| &mut rates.commit_lost_answer,
            |rates| &mut rates.transaction_retry,
            |rates| &mut rates.transaction_abort,
            |rates| &mut rates.client_fails,
            |rates| &mut rates.bulk_timeout,
            |rates| &mut rates.bulk_refused,
            |rates| &mut rates.bulk_cut,
            |rates| &mut rates.item_refused,
            |rates| &mut rates.bulk_slow,
        ];
        let without = |take: fn(&mut Self) -> &mut u32| {
            let mut rates = *self;
            (std::mem::take(take(&mut rates)) > 0).then_some(rates)
        };
        takes.into_iter().filter_map(without).collect()
    }
}
