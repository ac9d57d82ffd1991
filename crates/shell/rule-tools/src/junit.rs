//! Results in JUnit's XML (<https://github.com/testmoapp/junitxml>), as CI systems read it.

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::testing::{TestRun, Verdict};
use crate::text::plain;

/// The report: a suite for each file, a case for each sample.
///
/// # Errors
/// When it can't be written.
pub fn report(run: &TestRun) -> Result<String, SerializeError> {
    let mut report = Report::new("forebay test");
    for file in &run.files {
        let mut suite = TestSuite::new(file.path.as_str());
        for case in &file.cases {
            let status = match &case.verdict {
                Verdict::Passed => TestCaseStatus::success(),
                Verdict::Failed(lines) => failure("not what is expected", &plain(lines)),
                Verdict::Unsaid => failure("the sample does not say what is expected", ""),
            };
            let mut test = TestCase::new(case.name.as_str(), status);
            let _same = test.set_classname(format!("{}:{}", file.path, case.line));
            let _same = suite.add_test_case(test);
        }
        let _same = report.add_test_suite(suite);
    }
    report.to_string()
}

fn failure(message: &str, description: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    let _same = status.set_message(message);
    if !description.is_empty() {
        let _same = status.set_description(description);
    }
    status
}
