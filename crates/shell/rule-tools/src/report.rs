//! Results of samples, for people.

use std::path::Path;

use crate::coverage::{Covered, Reached};
use crate::testing::{Case, FileRun, TestRun, Verdict};
use crate::text::{Line, Tone};

/// All files, then the steps that no sample reached, then the counts. `folder` stands before the files' names.
#[must_use]
pub fn lines(run: &TestRun, folder: &Path) -> Vec<Line> {
    let mut lines = Vec::new();
    for file in &run.files {
        file_lines(file, folder, &mut lines);
    }
    covered(&run.covered, folder, &mut lines);
    let (total, passed) = (run.total(), run.passed());
    let tone = if passed == total { Tone::Good } else { Tone::Bad };
    lines.push(Line::new(tone, format!("{total} samples: {passed} passed, {} failed", total - passed)));
    lines
}

fn file_lines(file: &FileRun, folder: &Path, lines: &mut Vec<Line>) {
    let path = folder.join(&file.path);
    lines.push(Line::new(Tone::Heading, path.display().to_string()));
    for Case { name, line, verdict, .. } in &file.cases {
        match verdict {
            Verdict::Passed => lines.push(Line::new(Tone::Good, format!("  ok    {name}"))),
            Verdict::Unsaid => {
                lines.push(Line::new(Tone::Bad, format!("  FAIL  {name} ({}:{line})", path.display())));
                let message = "it does not say what is expected: `--update` writes what the rules give";
                lines.push(Line::new(Tone::Plain, message).indented(8));
            }
            Verdict::Failed(diff) => {
                lines.push(Line::new(Tone::Bad, format!("  FAIL  {name} ({}:{line})", path.display())));
                lines.push(Line::new(Tone::Quiet, "- expected, + given").indented(8));
                lines.extend(diff.iter().cloned().map(|line| line.indented(8)));
            }
        }
    }
}

fn covered(covered: &Covered, folder: &Path, lines: &mut Vec<Line>) {
    let (reached, all, percent) = (covered.reached(), covered.steps.len(), covered.percent());
    let tone = if reached == all { Tone::Good } else { Tone::Warning };
    lines.push(Line::new(tone, format!("steps reached: {reached} of {all} ({percent} %)")));
    for step in covered.steps.iter().filter(|step| step.reached < Reached::Done) {
        let name = format!("{}/{}", step.rule, step.step);
        let rule = folder.join(&step.rule);
        let place = format!("{}.yaml:{}", rule.display(), step.line);
        lines.push(Line::new(Tone::Quiet, format!("  {:<8} {name} ({place})", step.reached.word())));
    }
}
