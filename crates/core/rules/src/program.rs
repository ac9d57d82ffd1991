//! VRL programs: compiled once, run within limits.

mod indices;
mod lines;
mod products;

use std::fmt;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use vrl::compiler::runtime::{Runtime, Terminate};
use vrl::compiler::{CompileConfig, Compiler, ExpressionError, Program, TargetValueRef, TimeZone, TypeState};
use vrl::diagnostic::{DiagnosticList, Formatter};
use vrl::parser;
use vrl::path::OwnedTargetPath;
use vrl::value::{Secrets, Value};

use crate::functions;

/// The highest index that a program may write to: an array is filled up to it.
pub(crate) const MAX_INDEX: u64 = 10_000;

/// How deep brackets, and signs before a value, may nest: the compiler goes as deep itself.
const MAX_NESTING: usize = 100;

/// What a program may use for one event.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many expressions it may work out, those in loops each time.
    pub steps: u32,
    /// How many bytes it may allocate without giving them back; how many a single call may make, and how large the event may
    /// become, written out.
    pub bytes: u64,
    /// How many bytes this thread has allocated and not given back; always the same where nobody counts them.
    pub allocated: fn() -> u64,
}

/// A compiled program.
pub(crate) struct Script {
    program: Program,
    /// What `%` has to hold for it.
    pub(crate) reads_metadata: bool,
    /// Whether it may change the event.
    writes: bool,
    /// The program as it was written, for the lines of errors.
    source: String,
}

/// Why a program did not do its work.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ScriptFailure {
    pub(crate) error_type: &'static str,
    pub(crate) reason: String,
}

/// What one lane runs programs in.
#[derive(Debug)]
pub(crate) struct Machine {
    runtime: Runtime,
    secrets: Secrets,
    /// Of times that name none. Never the machine's own.
    zone: TimeZone,
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 100_000, bytes: 64 << 20, allocated: || 0 }
    }
}

// === impl Script ===

impl Script {
    /// Compiles a program. A single call of a function makes no more than `most` bytes.
    ///
    /// # Errors
    /// VRL's own message, with the line of the program and a mark under the place.
    pub(crate) fn compile(source: &str, most: u64) -> Result<Self, String> {
        Self::compile_with(source, true, || config(most))
    }

    /// The same for a condition, which may look at the event and not change it.
    pub(crate) fn condition(source: &str, most: u64) -> Result<Self, String> {
        Self::compile_with(source, false, || {
            let mut config = config(most);
            config.set_read_only();
            config
        })
    }

    fn compile_with(source: &str, writes: bool, config: impl Fn() -> CompileConfig) -> Result<Self, String> {
        if indices::nests_deeper(source, MAX_NESTING) {
            return Err(format!("brackets nest deeper than {MAX_NESTING}: take it apart"));
        }
        // Before it is compiled: the compiler itself would describe every element up to there.
        if let Some(index) = indices::beyond(source, MAX_INDEX) {
            return Err(format!(
                "`[{index}]` would fill an array up to that index; the highest is {MAX_INDEX}"
            ));
        }
        let tree =
            parser::parse(source).map_err(|error| shown(source, vec![Box::new(error) as Box<_>].into()))?;
        let compile = |tree| {
            let compiled = Compiler::compile(functions::all(), tree, &TypeState::default(), config());
            compiled.map_err(|diagnostics| shown(source, diagnostics)).map(|result| result.program)
        };
        // As it was written first: what is wrong with it is said in its own terms.
        let written = compile(tree.clone())?;
        let (tree, multiplies) = products::of_numbers(tree)
            .map_err(|text| format!("line {}: {}", lines::of(source, text.at), products::REMARK))?;
        let program = match multiplies {
            true => compile(tree).map_err(|message| format!("{}\n{message}", products::REMARK))?,
            false => written,
        };
        let info = program.info();
        let of_metadata = |path: &OwnedTargetPath| path.prefix == vrl::path::PathPrefix::Metadata;
        let reads_metadata = info.target_queries.iter().chain(&info.target_assignments).any(of_metadata);
        Ok(Self { program, reads_metadata, writes, source: source.to_owned() })
    }
}

fn words(source: &str, error: &ExpressionError) -> String {
    match error {
        ExpressionError::Abort { message: Some(message), .. } => format!("the program aborted: {message}"),
        ExpressionError::Abort { message: None, .. } => "the program aborted".to_owned(),
        error => lines::instead_of_bytes(source, &error.to_string()),
    }
}

fn config(most: u64) -> CompileConfig {
    let mut config = CompileConfig::default();
    config.set_custom(functions::MostBytes(most));
    config
}

/// What VRL says is wrong, and ours about what it can't know.
fn shown(source: &str, diagnostics: DiagnosticList) -> String {
    let message = Formatter::new(source, diagnostics).to_string();
    let remark = functions::remark(source).map(|remark| format!("{remark}\n"));
    format!("{}{}", remark.unwrap_or_default(), message.trim())
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("reads_metadata", &self.reads_metadata).finish_non_exhaustive()
    }
}

// === impl Machine ===

impl Machine {
    /// `timezone` is that of times that name none, by its IANA name.
    pub(crate) fn new(timezone: &str) -> Self {
        let zone = TimeZone::parse(timezone).or_else(|| TimeZone::parse("UTC")).unwrap_or_default();
        Self { runtime: Runtime::default(), secrets: Secrets::default(), zone }
    }

    /// Runs a program on an event. What it did before it failed stays done.
    pub(crate) fn run(
        &mut self,
        script: &Script,
        value: &mut Value,
        metadata: &mut Value,
        limits: &Limits,
    ) -> Result<Value, ScriptFailure> {
        let mut left = limits.steps;
        let most = (limits.allocated)().saturating_add(limits.bytes);
        let mut stopped = None;
        let mut control = || {
            if left == 0 {
                stopped = Some("vrl_too_many_steps");
                return ControlFlow::Break(());
            }
            left -= 1;
            if (limits.allocated)() > most {
                stopped = Some("vrl_too_much_memory");
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        let mut target = TargetValueRef { value, metadata, secrets: &mut self.secrets };
        let Self { runtime, zone, .. } = self;
        // A function that panics on an odd value costs its event, and not the lane. What it left goes with the event.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            runtime.resolve_with_control(&mut target, &script.program, zone, &mut control)
        }));
        self.runtime.clear();
        let Ok(outcome) = outcome else {
            let reason = "a function of the program panicked on the event".to_owned();
            return Err(ScriptFailure { error_type: "vrl_panicked", reason });
        };
        // Texts are shared, so what took little may be much for whoever writes it out.
        if outcome.is_ok() && script.writes && functions::exceeds(target.value, limits.bytes) {
            let reason = format!("the program left more than {} bytes, written out", limits.bytes);
            return Err(ScriptFailure { error_type: "vrl_too_much_memory", reason });
        }
        outcome.map_err(|terminate| match (terminate, stopped) {
            (_, Some(error_type)) => {
                let reason = if error_type == "vrl_too_many_steps" {
                    format!("the program was stopped after {} steps", limits.steps)
                } else {
                    format!("the program was stopped when it held more than {} bytes", limits.bytes)
                };
                ScriptFailure { error_type, reason }
            }
            (Terminate::Abort(error @ ExpressionError::Abort { .. }), None) => {
                ScriptFailure { error_type: "vrl_abort", reason: words(&script.source, &error) }
            }
            (Terminate::Abort(error) | Terminate::Error(error), None) => {
                ScriptFailure { error_type: "vrl_error", reason: words(&script.source, &error) }
            }
            (Terminate::Interrupted, None) => {
                ScriptFailure { error_type: "vrl_error", reason: "interrupted".to_owned() }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    const MOST: u64 = 64 << 20;

    fn run(source: &str, event: &str, limits: &Limits) -> Result<String, ScriptFailure> {
        let script = Script::compile(source, MOST).unwrap();
        let mut value: Value = serde_json::from_str(event).unwrap();
        let mut metadata: Value = serde_json::from_str(r#"{"tenant":"acme"}"#).unwrap();
        let _last = Machine::new("Europe/Berlin").run(&script, &mut value, &mut metadata, limits)?;
        Ok(serde_json::to_string(&value).unwrap())
    }

    #[test]
    fn a_program_sees_the_event_and_what_is_known_of_it() {
        let limits = Limits::default();
        let source = ".n = to_int!(.n) + 1\n.t = %tenant\ndel(.gone)\n.at = to_string(parse_timestamp!(\"21.07.2026 10:00\", \"%d.%m.%Y %H:%M\"))";
        assert_eq!(
            run(source, r#"{"n":"41","gone":1}"#, &limits).unwrap(),
            r#"{"at":"2026-07-21T08:00:00Z","n":42,"t":"acme"}"#
        );
        assert!(Script::compile("%tenant == \"x\"", MOST).unwrap().reads_metadata);
        assert!(!Script::compile(".a = 1", MOST).unwrap().reads_metadata);
    }

    #[test]
    fn what_does_not_compile_is_shown_with_its_line() {
        for (source, words) in [
            (".a = to_int(.b)\n", ["unhandled fallible assignment", "1 │ .a = to_int(.b)"]),
            (".a = 1\n.b = nothing(.a)\n", ["call to undefined function", "2 │"]),
            (". = decode_zstd!(.a)", ["`decode_zstd` is not to be had", "inflate"]),
            (".a[1000000000] = 1", ["would fill an array", "highest"]),
        ] {
            let message = Script::compile(source, MOST).unwrap_err();
            assert!(words.iter().all(|word| message.contains(word)), "{message}");
        }
        for source in ["del(.a) == 1", ".b = 1\nfalse", "%tenant = \"x\"\ntrue"] {
            assert!(
                Script::compile(source, MOST).is_ok() && Script::condition(source, MOST).is_err(),
                "{source}"
            );
        }
    }

    #[test]
    fn a_failure_says_which_kind_it_is() {
        let limits = Limits::default();
        let failure = run(".a = to_int!(.a)", r#"{"a":"x"}"#, &limits).unwrap_err();
        assert_eq!(failure.error_type, "vrl_error");
        assert!(failure.reason.contains("\"to_int\" in line 1: "), "{}", failure.reason);
        let failure = run("abort \"no good\"", "{}", &limits).unwrap_err();
        assert_eq!(
            (failure.error_type, failure.reason.as_str()),
            ("vrl_abort", "the program aborted: no good")
        );
    }

    /// Guarantees: a program that loops is stopped by its count of steps, and one that grows by its memory; both soon.
    #[test]
    fn a_program_is_stopped_at_its_limits() {
        let loops = "n = 0\nfor_each(range!(0, 100000)) -> |_, i| { for_each(range!(0, 100000)) -> |_, j| { n = n + j } }";
        let failure = run(loops, "{}", &Limits::default()).unwrap_err();
        assert_eq!(failure.error_type, "vrl_too_many_steps");
        assert!(failure.reason.contains("100000 steps"), "{}", failure.reason);

        // Nobody counts allocations in this test: a clock that ticks at every look stands in.
        static ALLOCATED: AtomicU64 = AtomicU64::new(0);
        let limits = Limits {
            bytes: 1_000,
            allocated: || ALLOCATED.fetch_add(100, Ordering::Relaxed),
            ..Limits::default()
        };
        let grows = ".a = \"xxxxxxxx\"\n".to_owned() + &".a = .a + .a\n".repeat(60);
        let failure = run(&grows.replace(".a + .a", "string!(.a) + string!(.a)"), "{}", &limits).unwrap_err();
        assert_eq!(failure.error_type, "vrl_too_much_memory");
    }
}
