//! From what a file says of a step to the step.

use vrl::path::OwnedValuePath;

use super::Compiling;
use crate::files;
use crate::program::Script;
use crate::spec::StepSpec;
use crate::spec::step::{MaskSpec, ParseFields, ParseSpec};
use crate::step::mask::Mask;
use crate::step::sample::Sample;
use crate::step::split::Split;
use crate::step::timestamp::Timestamp;
use crate::step::{ParseStep, Step, Work};
use crate::target::{Route, path};

/// The kinds of steps, for people.
const KINDS: &str =
    "`parse`, `vrl`, `mask`, `enrich`, `timestamp`, `schema`, `split`, `sample`, `drop`, `route`";

impl Compiling<'_> {
    pub(super) fn step(&self, number: usize, line: u64, spec: &StepSpec) -> Result<Step, String> {
        let (kind, work) = self.work(spec)?;
        let when = match &spec.when {
            Some(source) => Some(
                Script::condition(source, self.options.limits.bytes)
                    .map_err(|message| format!("when: {message}"))?,
            ),
            None => None,
        };
        if let Work::Parse(parse) = &work
            && parse.is_of_body()
        {
            if when.is_some() {
                return Err("parse: the body is read before any condition can be worked out: use `match` for the rule, \
                            or `from` for a field"
                    .to_owned());
            }
            if !parse.into.is_root() {
                return Err("parse: `into` needs `from`: the body is the event itself".to_owned());
            }
        }
        let name = spec.name.clone().unwrap_or_else(|| format!("{number}-{kind}"));
        Ok(Step { name, when, on_error: spec.on_error, work, line })
    }

    fn work(&self, spec: &StepSpec) -> Result<(&'static str, Work), String> {
        let mut works = Vec::new();
        if let Some(parse) = &spec.parse {
            works.push(("parse", self.parse(parse).map(Work::Parse)));
        }
        if let Some(source) = &spec.vrl {
            works.push(("vrl", Script::compile(source, self.options.limits.bytes).map(Work::Vrl)));
        }
        if let Some(mask) = &spec.mask {
            works.push(("mask", self.mask(mask).map(|mask| Work::Mask(Box::new(mask)))));
        }
        if let Some(enrich) = &spec.enrich {
            works.push(("enrich", self.enrich(enrich).map(Work::Enrich)));
        }
        if let Some(timestamp) = &spec.timestamp {
            works.push(("timestamp", Timestamp::new(timestamp).map(Work::Timestamp)));
        }
        if let Some(schema) = spec.schema {
            works.push(("schema", Ok(Work::Schema(schema))));
        }
        if let Some(split) = &spec.split {
            works.push(("split", Split::new(split).map(Work::Split)));
        }
        if let Some(sample) = &spec.sample {
            let sampled = reason(&sample.reason).and_then(|_| Sample::new(sample));
            works.push(("sample", sampled.map(Work::Sample)));
        }
        if let Some(drop) = &spec.drop {
            works.push(("drop", reason(&drop.reason).map(Work::Drop)));
        }
        if let Some(route) = &spec.route {
            works.push(("route", Route::new(route).map(Work::Route)));
        }
        let mut works = works.into_iter();
        match (works.next(), works.next()) {
            (Some((kind, work)), None) => {
                work.map(|work| (kind, work)).map_err(|message| format!("{kind}: {message}"))
            }
            (None, _) => Err(format!("the step does nothing: give it one of {KINDS}")),
            (Some((first, _)), Some((second, _))) => {
                Err(format!("the step has both `{first}` and `{second}`: make two steps of it"))
            }
        }
    }

    fn parse(&self, spec: &ParseSpec) -> Result<ParseStep, String> {
        let fields = match spec {
            ParseSpec::Format(format) => ParseFields { format: format.clone(), from: None, into: None },
            ParseSpec::Fields(fields) => fields.clone(),
        };
        let ParseFields { format, from, into } = fields;
        if !self.options.formats.is_empty() && !self.options.formats.contains(&format) {
            return Err(format!("`{format}` is no format; there are {}", self.options.formats.join(", ")));
        }
        let from = from.as_deref().map(path).transpose()?;
        let into = into.as_deref().map(path).transpose()?.unwrap_or_else(OwnedValuePath::root);
        Ok(ParseStep { format, from, into })
    }

    fn mask(&self, spec: &MaskSpec) -> Result<Mask, String> {
        let key = match &spec.hash_key_file {
            Some(name) => Some(self.data(name)?.1),
            None => None,
        };
        Mask::new(spec, key)
    }

    /// A file that a rule names: its path and its content.
    pub(super) fn data(&self, name: &str) -> Result<(String, &[u8]), String> {
        let path = files::resolve(self.path, name)?;
        let Some(content) = self.files.get(&path) else {
            return Err(format!(
                "there is no file `{path}` in the folder of the rules: put it there, or mend the name"
            ));
        };
        Ok((path, content))
    }
}

/// Reasons are metric labels.
fn reason(text: &str) -> Result<String, String> {
    let fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if text.is_empty() || text.len() > 64 || !text.chars().all(fit) {
        return Err(format!("reason `{text}`: use 1 to 64 letters, digits, `_` and `-`"));
    }
    Ok(text.to_owned())
}
