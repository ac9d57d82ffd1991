//! Programs on a lane that several tenants share: each runs within its limits, and its tenant's slow ones within their budget.

use std::time::Duration;

use vrl::value::Value;

use super::bench::Bench;
use super::breaker::{Breaker, Budget, Program, is_slow};
use super::run::{Job, Traveller};
use crate::outcome::Counts;
use crate::program::{Limits, Machine, Script, ScriptFailure};

/// What a tenant's slow programs may take at once: others hardly notice so long a wait.
const BURST: Duration = Duration::from_millis(250);

/// How long a tenant is there after its last event: seldom enough, and it doesn't mind the others.
const PRESENCE: Duration = Duration::from_secs(60);

/// The breaker of a lane.
pub(super) const fn breaker(limits: &Limits) -> Breaker {
    Breaker::new(Budget { burst: BURST, percent: limits.slow_percent, presence: PRESENCE })
}

/// What programs are run by, and held to.
pub(super) struct Pace<'b> {
    pub(super) machine: &'b mut Machine,
    pub(super) breaker: &'b mut Breaker,
    pub(super) counts: &'b mut Counts,
}

impl Job<'_> {
    /// Runs a program on the event, unless it is shut for the event's tenant.
    pub(super) fn run_program(
        &self,
        program: Program,
        script: &Script,
        traveller: &mut Traveller,
        bench: &mut Bench,
    ) -> Result<Value, ScriptFailure> {
        let Bench { machine, metadata, breaker, counts, .. } = bench;
        let limits = &self.rules.limits;
        let pace = Pace { machine, breaker, counts };
        self.paced(program, pace, |machine| machine.run(script, &mut traveller.value, metadata, limits))?
    }

    /// Has the machine run a program, unless it is shut for the event's tenant.
    pub(super) fn paced<T>(
        &self,
        program: Program,
        pace: Pace<'_>,
        run: impl FnOnce(&mut Machine) -> T,
    ) -> Result<T, ScriptFailure> {
        let Pace { machine, breaker, counts } = pace;
        let limits = &self.rules.limits;
        let tenant = self.event.tenant;
        if breaker.is_shut(tenant, program) && !breaker.admits(tenant, program, (limits.clock.coarse)()) {
            counts.over_budget += 1;
            return Err(over_budget(limits));
        }
        let outcome = run(machine);
        if let Some(spent) = machine.take_spent().filter(|spent| is_slow(*spent, self.event.body.len())) {
            counts.slow += 1;
            breaker.slow(tenant, program, spent.most, (limits.clock.coarse)());
        }
        Ok(outcome)
    }
}

fn over_budget(limits: &Limits) -> ScriptFailure {
    let reason = format!(
        "the program was not run: it took so long on this tenant's earlier events that it had used up its {} % of \
         the time that it shares with other tenants. Make it cheaper, then replay",
        limits.slow_percent
    );
    ScriptFailure { error_type: "rule_over_budget", reason }
}
