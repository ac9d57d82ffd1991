//! VRL programs: compiled once, run within limits.

mod indices;
mod lines;
mod products;
pub(crate) mod slots;
mod watch;

use std::fmt;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use forebay_parse::{NotOpen, OpenEvent};
use vrl::compiler::runtime::{Runtime, Terminate};
use vrl::compiler::{
    CompileConfig, Compiler, ExpressionError, Program, Target, TargetValueRef, TimeZone, TypeState,
};
use vrl::diagnostic::{DiagnosticList, Formatter};
use vrl::parser;
use vrl::path::OwnedTargetPath;
use vrl::value::{Secrets, Value};

use crate::functions;
use slots::Slots;
pub use watch::Clock;
pub(crate) use watch::Spent;
use watch::Watch;

/// After how many steps the clock is looked at: it takes a few nanoseconds, and a step ten times as much.
const LOOK_EVERY: u32 = 16;

/// The highest index that a program may write to: an array is filled up to it.
pub(crate) const MAX_INDEX: u64 = 10_000;

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
    /// How much CPU time all programs together may take for the event.
    pub time: Duration,
    /// Which part of a lane's time, in percent, a tenant's slow programs may take from others; 100 is no limit.
    pub slow_percent: u32,
    /// What the time is told by; it stands still where nobody looks at it.
    pub clock: Clock,
}

/// A compiled program.
pub(crate) struct Script {
    program: Program,
    /// What `%` has to hold for it.
    pub(crate) reads_metadata: bool,
    /// The fields that it works on, if it can be run on an open event.
    slots: Option<Slots>,
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
    slots: slots::Bench,
    /// Of times that name none. Never the machine's own.
    zone: TimeZone,
    watch: Watch,
    /// What the last program took, if it is worth a word.
    spent: Option<Spent>,
    /// What the programs of the event took for sure.
    sure: Duration,
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 100_000,
            bytes: 64 << 20,
            allocated: || 0,
            time: Duration::from_millis(250),
            slow_percent: 10,
            clock: Clock::default(),
        }
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

    /// The first byte of the first thing that keeps a program from compiling, where that is known.
    pub(crate) fn mistake(source: &str, most: u64) -> Option<usize> {
        if indices::too_much(source).is_some() || indices::beyond(source, MAX_INDEX).is_some() {
            return None;
        }
        let diagnostics: DiagnosticList = match parser::parse(source) {
            Err(error) => vec![Box::new(error) as Box<_>].into(),
            Ok(tree) => {
                Compiler::compile(functions::all(), tree, &TypeState::default(), config(most)).err()?
            }
        };
        let problems = diagnostics.iter().filter(|diagnostic| diagnostic.is_problem());
        let labels = problems.flat_map(|problem| &problem.labels).filter(|label| label.primary);
        labels.map(|label| label.span.start()).min()
    }

    fn compile_with(source: &str, writes: bool, config: impl Fn() -> CompileConfig) -> Result<Self, String> {
        if let Some(reason) = indices::too_much(source) {
            return Err(reason);
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
        let slots = Slots::of(info, source);
        Ok(Self { program, reads_metadata, slots, writes, source: source.to_owned() })
    }
}

/// Texts are shared, so what took little may be much for whoever writes it out.
fn too_large(limits: &Limits) -> ScriptFailure {
    let reason = format!("the program left more than {} bytes, written out", limits.bytes);
    ScriptFailure { error_type: "vrl_too_much_memory", reason }
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
        let (runtime, secrets, slots, watch) = Default::default();
        Self { runtime, secrets, slots, zone, watch, spent: None, sure: Duration::ZERO }
    }

    /// Programs run on another event from now on.
    pub(crate) const fn begin_event(&mut self) {
        self.watch.begin_event();
        self.sure = Duration::ZERO;
    }

    /// What the last program took at most, and all programs of the event at least; `None` where the last took little.
    pub(crate) fn take_spent(&mut self) -> Option<Spent> {
        let Spent { least, most } = self.spent.take()?;
        self.sure = self.sure.saturating_add(least);
        Some(Spent { least: self.sure, most })
    }

    /// Runs a program on an event. What it did before it failed stays done.
    pub(crate) fn run(
        &mut self,
        script: &Script,
        value: &mut Value,
        metadata: &mut Value,
        limits: &Limits,
    ) -> Result<Value, ScriptFailure> {
        let mut secrets = std::mem::take(&mut self.secrets);
        let mut target = TargetValueRef { value, metadata, secrets: &mut secrets };
        let outcome = self.resolve(script, &mut target, limits);
        self.secrets = secrets;
        if outcome.is_ok() && script.writes && functions::exceeds([&*value], limits.bytes) {
            return Err(too_large(limits));
        }
        outcome
    }

    /// The same on an open event. What it did before it failed is undone.
    ///
    /// # Errors
    /// [`NotOpen`] when it has to run on a value. Nothing was changed then.
    pub(crate) fn run_open(
        &mut self,
        script: &Script,
        event: &mut OpenEvent<'_, '_>,
        metadata: &mut Value,
        limits: &Limits,
    ) -> Result<Result<Value, ScriptFailure>, NotOpen> {
        let slots = script.slots.as_ref().ok_or(NotOpen)?;
        let mut bench = std::mem::take(&mut self.slots);
        let done = slots.fill(event, &mut bench).and_then(|()| {
            let mut target = slots.target(&mut bench, metadata);
            let outcome = self.resolve(script, &mut target, limits);
            if target.has_escaped() {
                return Err(NotOpen);
            }
            if outcome.is_ok() && functions::exceeds(bench.changed(), limits.bytes) {
                return Ok(Err(too_large(limits)));
            }
            if outcome.is_ok() {
                slots.put_back(event, &mut bench)?;
            }
            Ok(outcome)
        });
        self.slots = bench;
        done
    }

    fn resolve(
        &mut self,
        script: &Script,
        target: &mut dyn Target,
        limits: &Limits,
    ) -> Result<Value, ScriptFailure> {
        let mut left = limits.steps;
        let most = (limits.allocated)().saturating_add(limits.bytes);
        let mut stopped = None;
        let Self { runtime, zone, watch, .. } = self;
        watch.begin(&limits.clock);
        let mut control = || {
            if left == 0 {
                stopped = Some("vrl_too_many_steps");
                return ControlFlow::Break(());
            }
            left -= 1;
            if left.is_multiple_of(LOOK_EVERY)
                && watch.look(limits.steps - left, &limits.clock).is_some_and(|so_far| so_far > limits.time)
            {
                stopped = Some("vrl_too_slow");
                return ControlFlow::Break(());
            }
            if (limits.allocated)() > most {
                stopped = Some("vrl_too_much_memory");
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        // A function that panics on an odd value costs its event, and not the lane. What it left goes with the event.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            runtime.resolve_with_control(target, &script.program, zone, &mut control)
        }));
        self.runtime.clear();
        self.spent = self.watch.end(&limits.clock);
        let Ok(outcome) = outcome else {
            let reason = "a function of the program panicked on the event".to_owned();
            return Err(ScriptFailure { error_type: "vrl_panicked", reason });
        };
        outcome.map_err(|terminate| match (terminate, stopped) {
            (_, Some(error_type)) => {
                let reason = match error_type {
                    "vrl_too_many_steps" => format!("the program was stopped after {} steps", limits.steps),
                    "vrl_too_slow" => format!(
                        "the program was stopped: those of the event had taken more than {:?} of CPU time",
                        limits.time
                    ),
                    _ => format!("the program was stopped when it held more than {} bytes", limits.bytes),
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
    use std::cell::Cell;
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

    /// Guarantees: what is just not too much for the compiler needs less than a quarter of the stack that compilers are given.
    #[test]
    fn the_most_that_is_compiled_leaves_stack_to_spare() {
        let sum = vec!["1"; 150].join(" + ");
        let deep = format!(".x = {}{sum}{}", "(".repeat(95), ")".repeat(95));
        let calls = format!(".x = {}{sum}{}", "abs(".repeat(9), ")".repeat(9));
        let lines: String = (0..150).map(|n| format!(".m{n} = string!(.x) + \"a\"\n")).collect();
        let compile = move || {
            for source in [deep, calls, lines] {
                assert!(Script::compile(&source, 1 << 20).is_ok());
            }
        };
        std::thread::Builder::new().stack_size(16 << 20).spawn(compile).unwrap().join().unwrap();
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

    /// Guarantees: a program of few steps that each take long is stopped by the time that it takes.
    #[test]
    fn a_program_is_stopped_when_its_time_is_up() {
        thread_local! {
            static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
        }
        let clock = Clock { tick: Duration::from_millis(4), coarse: || NOW.get(), cpu: || NOW.get() };
        // Somebody is asked about memory at each step: a good place to take a millisecond.
        let allocated = || {
            NOW.set(NOW.get() + Duration::from_millis(1));
            0
        };
        let limits = Limits { allocated, clock, ..Limits::default() };
        let source = ".n = 0\nfor_each(range!(0, to_int!(.to))) -> |_, i| { .n = i }";
        assert_eq!(run(source, r#"{"to":20}"#, &limits).unwrap(), r#"{"n":19,"to":20}"#);
        let began = NOW.get();
        let failure = run(source, r#"{"to":10000}"#, &limits).unwrap_err();
        assert_eq!(failure.error_type, "vrl_too_slow");
        assert!(failure.reason.contains("250ms"), "{}", failure.reason);
        let took = NOW.get() - began;
        assert!(took > limits.time && took < limits.time + Duration::from_millis(20), "{took:?}");
    }
}
