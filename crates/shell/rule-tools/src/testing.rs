//! Runs samples, and says which of them give what they should.

use forebay_convert::Documents;
use forebay_rules::{Lane, RuleFiles};
use serde_json::{Map, Value, json};

use crate::coverage::{Coverage, Covered};
use crate::engine::{Engine, EngineError};
use crate::outcome::{Actual, Refused, without_revision};
use crate::receipt::Receipts;
use crate::samples::{LetterSpec, Sample, SampleFile, SampleSpec};
use crate::text::{Line, Shown, diff, sorted};

/// What came of all samples.
#[derive(Clone, Debug, Default)]
pub struct TestRun {
    /// File by file.
    pub files: Vec<FileRun>,
    /// Which steps they reach.
    pub covered: Covered,
}

/// What came of a file's samples.
#[derive(Clone, Debug)]
pub struct FileRun {
    /// The file's path below the folder of the rules.
    pub path: String,
    /// The samples, in their order.
    pub cases: Vec<Case>,
}

/// What came of a sample.
#[derive(Clone, Debug)]
pub struct Case {
    /// The sample's name.
    pub name: String,
    /// Its line in the file.
    pub line: u64,
    /// What the rules gave.
    pub actual: Actual,
    /// Whether that is what they should.
    pub verdict: Verdict,
}

/// Whether a sample gives what it should.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It does.
    Passed,
    /// It doesn't: the difference, what should be first.
    Failed(Vec<Line>),
    /// It says nothing of what should be.
    Unsaid,
}

/// Runs all samples of the files.
///
/// # Errors
/// When the parser's settings can't be used.
pub fn run(engine: &Engine, files: &[SampleFile]) -> Result<TestRun, EngineError> {
    let mut tester = Tester::new(engine)?;
    let files = files.iter().map(|file| FileRun {
        path: file.path.clone(),
        cases: file.samples.iter().map(|sample| tester.test(sample)).collect(),
    });
    let files = files.collect();
    Ok(TestRun { files, covered: tester.coverage.of(&engine.rules) })
}

/// The events of all samples. Files that can't be read are left out: `forebay test` says what is wrong with them.
#[must_use]
pub fn events(files: &RuleFiles, tenant: &str) -> Vec<crate::Captured> {
    let (files, _broken) = crate::samples::read_all(files, tenant);
    files.into_iter().flat_map(|file| file.samples).map(|sample| sample.event).collect()
}

// === impl TestRun ===

impl TestRun {
    /// How many samples there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.files.iter().map(|file| file.cases.len()).sum()
    }

    /// How many of them passed.
    #[must_use]
    pub fn passed(&self) -> usize {
        let cases = self.files.iter().flat_map(|file| &file.cases);
        cases.filter(|case| case.verdict == Verdict::Passed).count()
    }
}

/// Applies rules to samples.
struct Tester {
    lane: Lane,
    receipts: Receipts,
    buffer: Documents,
    coverage: Coverage,
}

// === impl Tester ===

impl Tester {
    fn new(engine: &Engine) -> Result<Self, EngineError> {
        let (buffer, coverage) = Default::default();
        Ok(Self { lane: engine.lane()?, receipts: Receipts::new(engine)?, buffer, coverage })
    }

    fn test(&mut self, sample: &Sample) -> Case {
        let event = self.receipts.event(&sample.event);
        let actual = Actual::of(&mut self.lane, &event, &mut self.buffer, &mut self.coverage);
        let verdict = verdict(sample, &actual);
        Case { name: sample.spec.name.clone(), line: sample.line, actual, verdict }
    }
}

fn verdict(sample: &Sample, actual: &Actual) -> Verdict {
    if !sample.expects() {
        return Verdict::Unsaid;
    }
    let (expected, given) = (expected(&sample.spec), given(&sample.spec, actual));
    if expected == given { Verdict::Passed } else { Verdict::Failed(diff(&expected, &given, Shown::Changes)) }
}

/// What a sample says should come, as one value.
fn expected(spec: &SampleSpec) -> Value {
    let mut view = Map::new();
    if let Some(documents) = &spec.documents {
        let documents = documents.iter().map(|document| without_revision(Value::Object(document.clone())));
        let _none = view.insert("documents".to_owned(), documents.collect());
    }
    if let Some(routes) = &spec.routes {
        let _none = view.insert("routes".to_owned(), json!(routes));
    }
    if let Some(LetterSpec { error_type, rule, reason }) = &spec.dead_letter {
        let parts = [("error_type", error_type), ("rule", rule), ("reason", reason)];
        let parts =
            parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), json!(part.as_ref()?))));
        let _none = view.insert("dead_letter".to_owned(), Value::Object(parts.collect()));
    }
    if let Some(reason) = &spec.dropped {
        let _none = view.insert("dropped".to_owned(), json!(reason));
    }
    sorted(&Value::Object(view))
}

/// What came, as one value, without what the sample leaves open.
fn given(spec: &SampleSpec, actual: &Actual) -> Value {
    let mut view = actual.expectation();
    if spec.documents.is_some() && matches!(actual, Actual::Documents(_)) && spec.routes.is_none() {
        let _open = view.as_object_mut().and_then(|view| view.remove("routes"));
    }
    if let (Some(_), Actual::Documents(made)) = (&spec.routes, actual) {
        let given: Vec<&str> = made.iter().map(|made| made.route.as_str()).collect();
        let _same = view.as_object_mut().and_then(|view| view.insert("routes".to_owned(), json!(given)));
    }
    if let (Some(letter), Actual::DeadLetter(refused)) = (&spec.dead_letter, actual) {
        view = json!({ "dead_letter": said(letter, refused) });
    }
    sorted(&view)
}

/// A dead letter, reduced to what a sample says of one. A reason that has the sample's in it counts as the same.
fn said(letter: &LetterSpec, refused: &Refused) -> Value {
    let reason = letter
        .reason
        .as_ref()
        .map(|part| if refused.reason.contains(part.as_str()) { part } else { &refused.reason });
    let parts = [
        ("error_type", letter.error_type.as_ref().map(|_| &refused.error_type)),
        ("rule", letter.rule.as_ref().map(|_| &refused.rule)),
        ("reason", reason),
    ];
    parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), json!(part?)))).collect()
}

#[cfg(test)]
mod tests;
