//! Writes what the rules give into a file of samples: only the lines that say what is expected change.
//!
//! The text is edited, not written anew, so that comments, order and style of everything else stay. The result is read again
//! and has to say the same but for the expectations; else nothing is written, and the message says what is in the way.

use std::ops::Range;

use serde_json::Value;
use thiserror::Error;

use crate::samples::{SampleFile, SampleSpec};
use crate::testing::{Case, Verdict};
use crate::text::sorted;
use crate::yaml::{self, Key};

/// What a sample may say of what it expects.
const EXPECTATIONS: [&str; 4] = ["documents", "routes", "dead_letter", "dropped"];

/// Why a file can't be updated.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum UpdateError {
    /// A sample isn't written line by line.
    #[error("line {line}: the sample is written in braces: write each of its keys on a line of its own")]
    Flow {
        /// The sample's line.
        line: u64,
    },
    /// The text after the change would say something else.
    #[error(
        "line {line}: what is expected can't be replaced without changing anything else: {reason}. Take it out by hand \
         and update again"
    )]
    Unsafe {
        /// The sample's line; 0 where it isn't known.
        line: u64,
        /// Why.
        reason: String,
    },
}

/// The text with the expectations of all samples that didn't pass, and how many these are; `None` where all did.
///
/// `text` is what `file` was read from, and `cases` are its samples' results.
///
/// # Errors
/// When the text can't be changed safely.
pub fn update(file: &SampleFile, text: &str, cases: &[Case]) -> Result<Option<(String, usize)>, UpdateError> {
    let keys = yaml::sample_keys(text)
        .map_err(|error| UpdateError::Unsafe { line: 0, reason: error.to_string() })?;
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let changed: Vec<usize> =
        (0..).zip(cases).filter(|(_, case)| case.verdict != Verdict::Passed).map(|(at, _)| at).collect();
    if changed.is_empty() {
        return Ok(None);
    }
    // From the end on, so that lines before keep their numbers.
    for at in changed.iter().rev() {
        let (Some(case), Some(keys)) = (cases.get(*at), keys.get(*at)) else {
            let reason = "its samples are not all written out in it".to_owned();
            return Err(UpdateError::Unsafe { line: 0, reason });
        };
        replace(&mut lines, keys, case, line_end)?;
    }
    let new = lines.concat();
    verify(file, &new, cases, &changed)?;
    Ok(Some((new, changed.len())))
}

/// Replaces the expectation of one sample.
fn replace(lines: &mut Vec<String>, keys: &[Key], case: &Case, line_end: &str) -> Result<(), UpdateError> {
    let flow = || UpdateError::Flow { line: case.line };
    let is_block = |key: &Key| {
        let before = lines.get(key.line).map(|line| line.chars().take(key.column));
        before.is_some_and(|mut before| before.all(|c| matches!(c, ' ' | '-')))
    };
    let column = keys.first().map(|key| key.column).ok_or_else(flow)?;
    if !keys.iter().all(|key| is_block(key) && key.column == column) {
        return Err(flow());
    }
    let expectation = sorted(&case.actual.expectation());
    let expectation =
        expectation.as_object().map(|members| yaml::members(members, column)).unwrap_or_default();
    let mut new: Vec<String> = expectation.into_iter().map(|line| line + line_end).collect();
    let old: Vec<Range<usize>> = keys
        .iter()
        .filter(|key| EXPECTATIONS.contains(&key.name.as_str()))
        .map(|key| extent(lines, key))
        .collect();
    let Some((first, others)) = old.split_first() else {
        // Behind the sample's last key.
        let end = keys.iter().map(|key| extent(lines, key).end).max().ok_or_else(flow)?;
        if let Some(last) = lines.get_mut(end.saturating_sub(1)).filter(|last| !last.ends_with('\n')) {
            last.push_str(line_end);
        }
        let _nothing = lines.splice(end..end, new);
        return Ok(());
    };
    for range in others.iter().rev() {
        let _old = lines.drain(range.clone());
    }
    // What stands before the key stays: it may be the dash of the list.
    let before: String =
        lines.get(first.start).map(|line| line.chars().take(column).collect()).unwrap_or_default();
    if let Some(line) = new.first_mut() {
        line.replace_range(..column, &before);
    }
    let _old = lines.splice(first.clone(), new);
    Ok(())
}

/// The lines of a key with its value. Blank lines and comments behind it belong to what follows.
fn extent(lines: &[String], key: &Key) -> Range<usize> {
    let mut end = key.line + 1;
    for (at, line) in lines.iter().enumerate().skip(key.line + 1) {
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let indent = line.len() - line.trim_start_matches(' ').len();
        // A list may stand as far to the left as its key.
        let is_item = text == "-" || text.starts_with("- ");
        if indent > key.column || (indent == key.column && is_item) {
            end = at + 1;
        } else {
            break;
        }
    }
    key.line..end
}

/// Makes sure that the new text says what it should, and nothing else has changed.
fn verify(file: &SampleFile, new: &str, cases: &[Case], changed: &[usize]) -> Result<(), UpdateError> {
    let line = changed.first().and_then(|at| cases.get(*at)).map_or(0, |case| case.line);
    let failed = |reason: String| UpdateError::Unsafe { line, reason };
    let tenant = file.samples.first().map_or("default", |sample| sample.event.event().tenant).to_owned();
    let read = SampleFile::read(&file.path, new.as_bytes(), &tenant).map_err(|problems| {
        failed(problems.first().map(|problem| problem.message.clone()).unwrap_or_default())
    })?;
    if read.samples.len() != file.samples.len() {
        return Err(failed("there would be another number of samples".to_owned()));
    }
    for (at, ((old, new), case)) in file.samples.iter().zip(&read.samples).zip(cases).enumerate() {
        let other = |reason: &str| UpdateError::Unsafe { line: case.line, reason: reason.to_owned() };
        if changed.contains(&at) {
            let bare = |spec: &SampleSpec| SampleSpec {
                documents: None,
                routes: None,
                dead_letter: None,
                dropped: None,
                ..spec.clone()
            };
            if bare(&old.spec) != bare(&new.spec) {
                return Err(other("something else of the sample would change"));
            }
            if said(&new.spec) != sorted(&case.actual.expectation()) {
                return Err(other("it would be read as something else"));
            }
        } else if old.spec != new.spec {
            return Err(other("another sample would change"));
        }
    }
    Ok(())
}

/// What a sample expects, in the form of [`Actual::expectation`](crate::Actual::expectation).
fn said(spec: &SampleSpec) -> Value {
    let mut said = serde_json::Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        value.into_iter().for_each(|value| {
            let _none = said.insert(name.to_owned(), value);
        });
    };
    let objects = |documents: &Vec<_>| documents.iter().cloned().map(Value::Object).collect();
    put("documents", spec.documents.as_ref().map(objects));
    put("routes", spec.routes.as_ref().map(|routes| Value::from(routes.clone())));
    put("dropped", spec.dropped.as_ref().map(|reason| Value::from(reason.as_str())));
    put(
        "dead_letter",
        spec.dead_letter.as_ref().map(|letter| {
            let parts =
                [("error_type", &letter.error_type), ("rule", &letter.rule), ("reason", &letter.reason)];
            let parts = parts
                .into_iter()
                .filter_map(|(name, part)| Some((name.to_owned(), Value::from(part.as_ref()?.as_str()))));
            Value::Object(parts.collect())
        }),
    );
    sorted(&Value::Object(said))
}

#[cfg(test)]
mod tests;
