//! From files to rules, or to everything that is wrong with them.

mod enrich;
mod reuse;
mod step;

use forebay_record::tenant;

use crate::files::{RuleFiles, tenant_of};
use crate::matching::Condition;
use crate::problem::{Problem, Severity};
use crate::program::Limits;
use crate::revision;
use crate::rules::{Rule, Rules};
use crate::spec::{self, Placed, StepSpec};
use crate::step::{Step, Work};

pub use reuse::Reuse;
use reuse::Reusing;

/// The longest rule file, in bytes.
const MAX_RULE: usize = 1 << 20;

/// What rules are compiled with besides their files.
#[derive(Clone, Debug, Default)]
pub struct CompileOptions {
    /// Settings of the parser that outcomes depend on, as text: they are part of the revision.
    pub settings: String,
    /// The formats that a `parse` step may name, those of the settings included.
    pub formats: Vec<String>,
    /// What a program may use for one event.
    pub limits: Limits,
    /// Tables and databases that are at work already.
    pub reuse: Reuse,
}

/// Compiles all rules. Answers warnings beside them.
///
/// # Errors
/// All problems, if one of them is an error.
pub fn compile(files: &RuleFiles, options: &CompileOptions) -> Result<(Rules, Vec<Problem>), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut rules = Vec::new();
    let reusing = Reusing::new(&options.reuse);
    for (path, content) in files.rules() {
        let compiling = Compiling { path, files, options, reusing: &reusing };
        rules.extend(compiling.rule(content, &mut problems));
    }
    for (place, rule) in rules.iter().enumerate() {
        if rules.iter().take(place).any(|other| other.name == rule.name) {
            let file = format!("{}.yml", rule.name);
            problems.push(Problem::error(
                &file,
                (0, 0),
                "there is a `.yaml` of this name too: give one another name",
            ));
        }
    }
    unreachable_rules(&rules, files, &mut problems);
    problems.sort();
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(problems);
    }
    let revision = revision::of(files, &options.settings);
    Ok((Rules { revision, rules, limits: options.limits }, problems))
}

/// Where compiling a rule has got to.
pub(crate) struct Compiling<'a> {
    pub(crate) path: &'a str,
    pub(crate) files: &'a RuleFiles,
    pub(crate) options: &'a CompileOptions,
    reusing: &'a Reusing<'a>,
}

impl Compiling<'_> {
    /// A rule, unless it can't be said what it is for. What is wrong with it is among the problems then, and the rest of it was
    /// looked through all the same.
    fn rule(&self, content: &[u8], problems: &mut Vec<Problem>) -> Option<Rule> {
        let path = self.path;
        let text = match self.text(content) {
            Ok(text) => text,
            Err(message) => {
                problems.push(Problem::error(path, (0, 0), message));
                return None;
            }
        };
        let (written, faults) = spec::read(text);
        let is_whole = faults.is_empty();
        problems.extend(faults.into_iter().map(|fault| Problem::error(path, fault.place, fault.message)));
        let steps = self.steps(&written.steps, problems);
        let condition = match Condition::new(written.condition.spec.as_ref()?, tenant_of(path)) {
            Ok(condition) => condition,
            Err(message) => {
                let message = format!("match: {message}");
                problems.push(Problem::error(path, written.condition.place, message));
                return None;
            }
        };
        if is_whole && written.steps.is_empty() {
            problems.push(Problem::warning(path, (0, 0), "it has no steps, and does nothing"));
        }
        let needs_value = steps.iter().any(Step::needs_value);
        let name = path.rsplit_once('.').map_or(path, |(name, _)| name).to_owned();
        let masks = steps.iter().any(|step| matches!(step.work, Work::Mask(_)));
        let reads_metadata = steps.iter().any(Step::reads_metadata);
        Some(Rule { name, condition, last: written.last, steps, needs_value, masks, reads_metadata })
    }

    fn text<'a>(&self, content: &'a [u8]) -> Result<&'a str, String> {
        if content.len() > MAX_RULE {
            return Err(format!("the file has {} bytes; a rule may have {MAX_RULE}", content.len()));
        }
        if let Some(tenant) = tenant_of(self.path).filter(|tenant| !tenant::is_valid(tenant)) {
            return Err(format!("`{tenant}` can't be a tenant's name"));
        }
        std::str::from_utf8(content).map_err(|error| format!("it is no UTF-8: {error}"))
    }

    fn steps(&self, written: &[Placed<StepSpec>], problems: &mut Vec<Problem>) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::with_capacity(written.len());
        for (number, Placed { place, spec }) in (1..).zip(written) {
            let Some(spec) = spec else { continue };
            match self.step(number, place.0, spec) {
                Ok(step) => {
                    if steps.iter().any(|other| other.name == step.name) {
                        let message = format!("there are two steps `{}`: give one another name", step.name);
                        problems.push(Problem::error(self.path, *place, message));
                    }
                    steps.push(step);
                }
                Err(message) => problems.push(Problem::error(self.path, *place, message)),
            }
        }
        unreachable_steps(self.path, &steps, problems);
        steps
    }
}

/// Steps behind one that lets nothing through.
fn unreachable_steps(path: &str, steps: &[Step], problems: &mut Vec<Problem>) {
    let end = steps.iter().position(|step| {
        step.when.is_none()
            && match &step.work {
                Work::Drop(_) => true,
                Work::Sample(sample) => sample.keeps_none(),
                _ => false,
            }
    });
    let Some(end) = end else { return };
    if let (Some(end), Some(step)) = (steps.get(end), steps.get(end + 1)) {
        let message = format!("it is never reached: step `{}` drops every event", end.name);
        problems.push(Problem::warning(path, (step.line, 0), message));
    }
}

/// Rules behind one that is the last for everything.
fn unreachable_rules(rules: &[Rule], files: &RuleFiles, problems: &mut Vec<Problem>) {
    let Some(last) = rules.iter().position(|rule| rule.last && rule.condition.is_open()) else { return };
    let behind = files.rules().filter(|(path, _)| {
        rules
            .iter()
            .skip(last + 1)
            .any(|rule| path.rsplit_once('.').is_some_and(|(name, _)| name == rule.name))
    });
    let Some(last) = rules.get(last) else { return };
    for (path, _) in behind {
        let message = format!("it is never reached: `{}` matches everything and says `last`", last.name);
        problems.push(Problem::warning(path, (0, 0), message));
    }
}

#[cfg(test)]
mod tests;
