//! The steps of a rule.

use std::collections::BTreeMap;

use forebay_mask::{CustomDetector, Detector, Mode};
use forebay_parse::OutputSchema;
use schemars::JsonSchema;
use serde::Deserialize;

use super::enrich::EnrichSpec;

/// One step. It has exactly one of `parse`, `vrl`, `mask`, `enrich`, `timestamp`, `schema`, `split`, `sample`, `drop` and
/// `route`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StepSpec {
    /// What it is called in dead letters and by the tools; its number and kind, if left out: `2-vrl`.
    pub name: Option<String>,
    /// A condition in VRL; the step is passed over where it isn't `true`: `.log.level == "debug"`.
    pub when: Option<String>,
    /// What becomes of an event that the step fails on.
    pub on_error: OnError,
    /// Reads text in a format. Without `from`, it is the event's body, which is read before all steps.
    pub parse: Option<ParseSpec>,
    /// A program in VRL. The event is `.`, what is known about it `%`: `%tenant`, `%source`, `%format` (as it was declared),
    /// `%read_as` (the format that it was read in), `%id`, `%stream`, `%attributes`, `%received_at`, `%observed_at`.
    pub vrl: Option<String>,
    /// Masks secrets and personal data.
    pub mask: Option<MaskSpec>,
    /// Adds what is known elsewhere.
    pub enrich: Option<EnrichSpec>,
    /// Takes the event's time from a field.
    pub timestamp: Option<TimestampSpec>,
    /// How the document is laid out: `ecs`, `otel` or `raw`. The latter two have indices of their own.
    pub schema: Option<SchemaSpec>,
    /// Makes one event of each element of an array.
    pub split: Option<SplitSpec>,
    /// Keeps a part of the events.
    pub sample: Option<SampleSpec>,
    /// Leaves the event out, and counts it.
    pub drop: Option<DropSpec>,
    /// Says which index the document goes to.
    pub route: Option<RouteSpec>,
}

/// What becomes of an event that a step fails on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// It goes to the dead-letter topic, with rule, step, field and reason.
    #[default]
    DeadLetter,
    /// It goes on as it was before the step, with `labels.rule_error` saying which step failed.
    Continue,
}

/// `parse`: a format's name, or this.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParseFields {
    /// The format: `auto`, `json`, `logfmt`, `regex:<name>`, ...
    pub format: String,
    /// The field with the text; the event's body, if left out.
    #[serde(default)]
    pub from: Option<String>,
    /// The field that gets what was read; the event itself, if left out.
    #[serde(default)]
    pub into: Option<String>,
}

/// See [`ParseFields`].
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ParseSpec {
    /// A format for the body.
    Format(String),
    /// In full.
    Fields(ParseFields),
}

/// `mask`: what is looked for, where, and what becomes of it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MaskSpec {
    /// The fields that are looked through, with all that is in them; the whole event, if left out.
    pub fields: Vec<String>,
    /// Fields that are left alone.
    pub except_fields: Vec<String>,
    /// The detectors that are on; all of them, if left out.
    pub detectors: Option<Vec<Detector>>,
    /// Detectors that are off all the same.
    pub except: Vec<Detector>,
    /// What becomes of what is found: `mask`, if left out; `drop`, `{keep_last: 4}`, `hash`.
    pub mode: Mode,
    /// Detectors with a mode of their own.
    pub modes: BTreeMap<Detector, Mode>,
    /// Regular expressions of your own.
    pub custom: Vec<CustomDetector>,
    /// Further names whose value is a secret.
    pub secret_names: Vec<String>,
    /// The file with the key for the mode `hash`, beside the rule.
    pub hash_key_file: Option<String>,
}

/// `timestamp`: where the event's time is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimestampSpec {
    /// The field.
    pub from: String,
    /// Its form, as `strptime` has it (`%d/%b/%Y:%H:%M:%S %z`); a year that it leaves out is the one nearest to the time of
    /// receipt. If left out, RFC 3339, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970, by its size.
    #[serde(default)]
    pub format: Option<String>,
    /// The time zone of times that name none, by its IANA name.
    #[serde(default)]
    pub timezone: Option<String>,
    /// Whether the field stays.
    #[serde(default)]
    pub keep: bool,
}

/// How the document is laid out.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum SchemaSpec {
    /// Elastic Common Schema.
    #[default]
    Ecs,
    /// OpenTelemetry's log data model.
    Otel,
    /// As it is.
    Raw,
}

impl From<SchemaSpec> for OutputSchema {
    fn from(spec: SchemaSpec) -> Self {
        match spec {
            SchemaSpec::Ecs => Self::Ecs,
            SchemaSpec::Otel => Self::Otel,
            SchemaSpec::Raw => Self::Raw,
        }
    }
}

/// `split`: one event becomes several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitSpec {
    /// The array. Each of its elements becomes an event of its own, with the rest of the event beside it.
    pub field: String,
    /// The most elements: an event with more is refused.
    #[serde(default = "most_parts")]
    pub max: u32,
}

const fn most_parts() -> u32 {
    1_000
}

/// `sample`: which part of the events is kept; the others are dropped and counted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleSpec {
    /// The part that is kept, from 0 to 1.
    pub keep: f64,
    /// Events with the same value of this field are kept or dropped together; without it, the event's id decides.
    #[serde(default)]
    pub by: Option<String>,
    /// The reason under which the others are counted.
    #[serde(default = "sampled")]
    pub reason: String,
}

fn sampled() -> String {
    "sampled".to_owned()
}

/// `drop`: the event is left out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DropSpec {
    /// The reason under which it is counted.
    pub reason: String,
}

/// `route`: which index the document goes to. Its name is `<prefix>-<tenant>.<target>-<day>`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteSpec {
    /// The target: `audit`, or with fields in it, `app-{{ service.name }}`.
    pub target: String,
    /// Patterns, one of which the target has to match; obligatory where fields stand in it.
    #[serde(default)]
    pub allow: Vec<String>,
    /// What is taken where the target isn't allowed, or too many are new; the tenant's default target, if left out.
    #[serde(default)]
    pub fallback: Option<String>,
}
