//! Files of samples: `*.test.yaml`, beside the rules.
//!
//! ```yaml
//! samples:
//!   - name: an access line
//!     event:
//!       body: '203.0.113.9 - - [21/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 12'
//!       format: combined
//!     documents:
//!       - "@timestamp": "2026-11-21T10:00:00.000Z"
//! ```

use std::collections::BTreeMap;
use std::sync::LazyLock;

use forebay_record::{RawEvent, Tenant};
use forebay_rules::files::{Purpose, purpose};
use forebay_rules::problem::Severity;
use forebay_rules::{Problem, RuleFiles};
use forebay_yaml::shape::declared;
use forebay_yaml::{Fault, Node, Shape, check};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use crate::captured::Captured;

/// The largest file of samples, in bytes.
const MAX_BYTES: usize = 8 << 20;

/// A file of samples.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleFile {
    /// Its path below the folder of the rules.
    pub path: String,
    /// The samples, in their order.
    pub samples: Vec<Sample>,
}

/// A sample with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its line in the file, from 1 on.
    pub line: u64,
    /// What it says.
    pub spec: SampleSpec,
    /// The event, without a time of receipt where the file says none.
    pub event: Captured,
}

/// What a sample says.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct SampleSpec {
    /// What it shows, for people.
    pub name: String,
    /// The event.
    pub event: EventSpec,
    /// The documents that come of it, whole but for `labels.rules_revision`.
    #[serde(default)]
    pub documents: Option<Vec<Map<String, Value>>>,
    /// The routes of the documents, `""` for the tenant's default; not compared, if left out.
    #[serde(default)]
    pub routes: Option<Vec<String>>,
    /// The dead letter that comes of it.
    #[serde(default)]
    pub dead_letter: Option<LetterSpec>,
    /// The reason that it is dropped for.
    #[serde(default)]
    pub dropped: Option<String>,
}

/// An event. It has a body, or JSON in place of one.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct EventSpec {
    /// The bytes as they came. One line break at the end is left out, so that a block (`|`) may be used.
    pub body: Option<String>,
    /// JSON, in place of `body`.
    pub json: Option<Value>,
    /// Its id; `sample`, if left out.
    pub id: Option<String>,
    /// Whose it is; `default`, if left out.
    pub tenant: Option<String>,
    /// What sent it; `http`, if left out.
    pub source: Option<String>,
    /// The format that its sender declared; none, if left out.
    pub format: String,
    /// The stream that it belongs to.
    pub stream: String,
    /// What the shipper sent along.
    pub attributes: BTreeMap<String, String>,
    /// When ingest took it; the event's own time, if left out, so that none is absurd.
    pub received_at: Option<String>,
    /// When the shipper saw it.
    pub observed_at: Option<String>,
    /// W3C trace context.
    pub traceparent: String,
}

/// A dead letter; what is left out isn't compared.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct LetterSpec {
    /// The error's name.
    pub error_type: Option<String>,
    /// The rule and step.
    pub rule: Option<String>,
    /// A part of the reason.
    pub reason: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileSpec {
    #[schemars(with = "Vec<SampleSpec>")]
    samples: Vec<Spanned<SampleSpec>>,
}

/// What a file of samples takes.
static SHAPE: LazyLock<Shape> = LazyLock::new(|| {
    let mut shape = Shape::of::<FileSpec>();
    shape.sort(&[declared::<SampleSpec>(), declared::<EventSpec>(), declared::<LetterSpec>()]);
    shape
});

/// Reads all files of samples, with all that is wrong with them.
#[must_use]
pub fn read_all(files: &RuleFiles, tenant: &str) -> (Vec<SampleFile>, Vec<Problem>) {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for (path, content) in files.iter().filter(|(path, _)| purpose(path) == Purpose::Samples) {
        match SampleFile::read(path, content, tenant) {
            Ok(file) => found.push(file),
            Err(mut wrong) => problems.append(&mut wrong),
        }
    }
    (found, problems)
}

// === impl SampleFile ===

impl SampleFile {
    /// Reads a file. `tenant` is whose events are that don't say it.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(path: &str, content: &[u8], tenant: &str) -> Result<Self, Vec<Problem>> {
        let whole = |message: String| vec![error(path, (0, 0), message)];
        if content.len() > MAX_BYTES {
            return Err(whole(format!("the file has {} bytes; samples may have {MAX_BYTES}", content.len())));
        }
        let text = std::str::from_utf8(content).map_err(|error| whole(format!("it is no UTF-8: {error}")))?;
        let faults = match Node::read(text) {
            Ok(node) => check(&node, &SHAPE),
            Err(fault) => vec![fault],
        };
        if !faults.is_empty() {
            return Err(faults.into_iter().map(|fault| error(path, fault.place, fault.message)).collect());
        }
        let spec: FileSpec = serde_saphyr::from_str(text).map_err(|wrong| {
            let fault = Fault::from(&wrong);
            vec![error(path, fault.place, fault.message)]
        })?;
        let (mut samples, mut problems) = (Vec::new(), Vec::new());
        for sample in spec.samples {
            let (line, column) = (sample.referenced.line(), sample.referenced.column());
            match Sample::new(path, line, sample.value, tenant) {
                Ok(sample) => samples.push(sample),
                Err(message) => problems.push(error(path, (line, column), message)),
            }
        }
        if problems.is_empty() { Ok(Self { path: path.to_owned(), samples }) } else { Err(problems) }
    }
}

fn error(file: &str, (line, column): (u64, u64), message: String) -> Problem {
    Problem { file: file.to_owned(), line, column, severity: Severity::Error, message }
}

// === impl Sample ===

impl Sample {
    fn new(path: &str, line: u64, spec: SampleSpec, tenant: &str) -> Result<Self, String> {
        let said = [spec.documents.is_some(), spec.dead_letter.is_some(), spec.dropped.is_some()];
        if said.iter().filter(|said| **said).count() > 1 {
            return Err("give it one of `documents`, `dead_letter`, `dropped`".to_owned());
        }
        if spec.routes.is_some() && spec.documents.is_none() {
            return Err("`routes` needs `documents`".to_owned());
        }
        let event = spec.event.capture(path, line, tenant)?;
        Ok(Self { line, spec, event })
    }

    /// Whether it says what should come of the event.
    #[must_use]
    pub fn expects(&self) -> bool {
        let SampleSpec { documents, dead_letter, dropped, .. } = &self.spec;
        documents.is_some() || dead_letter.is_some() || dropped.is_some()
    }
}

// === impl EventSpec ===

impl EventSpec {
    fn capture(&self, path: &str, line: u64, tenant: &str) -> Result<Captured, String> {
        let body = match (&self.body, &self.json) {
            (Some(body), None) => body.strip_suffix('\n').unwrap_or(body).to_owned(),
            (None, Some(json)) => json.to_string(),
            (None, None) => return Err("event: give it a `body`, or `json`".to_owned()),
            (Some(_), Some(_)) => return Err("event: it has both `body` and `json`: give it one".to_owned()),
        };
        let tenant = self.tenant.as_deref().unwrap_or(tenant);
        let _valid = Tenant::new(tenant).map_err(|error| format!("event: tenant: {error}"))?;
        let id = self.id.as_deref().unwrap_or("sample");
        forebay_record::id::validate(id).map_err(|error| format!("event: id: {error}"))?;
        let received_at = match &self.received_at {
            Some(text) => moment("received_at", text)?,
            None => 0,
        };
        let observed_at = match &self.observed_at {
            Some(text) => moment("observed_at", text)?,
            None => 0,
        };
        let event = RawEvent {
            id,
            tenant,
            source: self.source.as_deref().unwrap_or("http"),
            format: &self.format,
            received_at,
            observed_at,
            stream: &self.stream,
            attributes: self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            traceparent: &self.traceparent,
            attempt: 0,
            trace: "",
            body: body.as_bytes(),
        };
        Ok(Captured::new(&event, format!("{path}:{line}")))
    }
}

fn moment(name: &str, text: &str) -> Result<u64, String> {
    let time: Timestamp = text
        .parse()
        .map_err(|_| format!("event: {name}: `{text}` is no time: write 2026-11-21T10:00:00Z"))?;
    u64::try_from(time.as_nanosecond()).map_err(|_| format!("event: {name}: `{text}` is before 1970"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let wrong = SampleFile::read("a.test.yaml", text.as_bytes(), "default").unwrap_err();
        wrong.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sample_is_an_event_with_all_that_it_says() {
        let text = "samples:\n  - name: x\n    event:\n      body: |\n        a\n        b\n      tenant: acme\n      \
                    attributes: {host.name: web-1}\n      received_at: 2026-11-21T10:00:00Z\n    dropped: noise\n  - \
                    name: y\n    event: {json: {n: 1.5}}\n";
        let file = SampleFile::read("a.test.yaml", text.as_bytes(), "other").unwrap();
        let event = file.samples[0].event.event();
        assert_eq!((event.body, event.tenant, event.source), (&b"a\nb"[..], "acme", "http"));
        assert_eq!(
            (event.attributes.as_slice(), event.received_at),
            (&[("host.name", "web-1")][..], 1_795_255_200_000_000_000)
        );
        assert!(file.samples[0].expects());
        let event = file.samples[1].event.event();
        assert_eq!((event.body, event.tenant, event.id), (&br#"{"n":1.5}"#[..], "other", "sample"));
        assert!(event.received_at == 0 && !file.samples[1].expects());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let two =
            problems("samples:\n  - {name: x, event: {}}\n  - name: y\n    event: {body: a, json: {}}\n");
        assert!(two[0].starts_with("a.test.yaml:2:5: error: event: give it a `body`"), "{two:?}");
        assert!(two[1].starts_with("a.test.yaml:3:5: error: event: it has both"), "{two:?}");
        for (text, words) in [
            (
                "samples:\n  - {name: x, evnt: {}}\n",
                "a.test.yaml:2:15: error: there is no key `evnt` here; did you mean `event`?",
            ),
            ("samples: [{name: x, event: {body: a, tenant: A B}}]", "tenant"),
            ("samples: [{name: x, event: {body: a, received_at: noon}}]", "`noon` is no time"),
            ("samples: [{name: x, event: {body: a}, dropped: a, documents: []}]", "give it one of"),
            ("samples: [{name: x, event: {body: a}, routes: []}]", "`routes` needs `documents`"),
        ] {
            let found = problems(text);
            assert!(found.len() == 1 && found[0].contains(words), "{text}: {found:?}");
        }
    }
}
