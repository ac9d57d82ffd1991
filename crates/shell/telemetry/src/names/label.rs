//! The labels that metrics carry.
//!
//! A label's values must be few: tenants are capped (see [`crate::TenantCap`]), the others come from closed sets.

/// The name of a label.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Label {
    /// Whose events; at most `telemetry.max_tenants` of them, the rest share `_other`.
    Tenant,
    /// Whose events, by a group of tenants that `telemetry.tenant_groups` names; all others are `default`.
    Group,
    /// What sent events; at most a thousand pairs of tenant and source, the rest share `_other`.
    Source,
    /// The part of the pipeline: `ingest`, `parser`, `indexer`, `tail`, `replay`.
    Stage,
    /// Why, from a closed set in snake case.
    Reason,
    /// How something ended, from a closed set in snake case: `ok`, `failed`.
    Outcome,
    /// A Kafka topic.
    Topic,
    /// A Kafka partition's number.
    Partition,
    /// An HTTP status code.
    Status,
    /// A protocol that events come in by, from a closed set.
    Protocol,
    /// A listener of ingest, by its name in the settings.
    Listener,
    /// A quota of a tenant, by its key in the access file.
    Quota,
    /// The format that an event was parsed as.
    Format,
    /// A rule, by its name; at most two hundred pairs of rule and step, the rest share `_other`.
    Rule,
    /// A step of a rule, by its name.
    Step,
    /// A part of a process whose health is told, such as `kafka`.
    Component,
    /// An index that documents go to; at most a hundred of them, the rest share `_other`.
    Target,
    /// What is done about something, from a closed set in snake case.
    State,
    /// A file that the settings name.
    File,
    /// A folder that a process writes to: `data`.
    Folder,
    /// Forebay's version.
    Version,
}

impl Label {
    /// Every label, in the order of the reference manual.
    pub const ALL: &'static [Self] = &[
        Self::Tenant,
        Self::Group,
        Self::Source,
        Self::Stage,
        Self::Reason,
        Self::Outcome,
        Self::Topic,
        Self::Partition,
        Self::Status,
        Self::Protocol,
        Self::Listener,
        Self::Quota,
        Self::Format,
        Self::Rule,
        Self::Step,
        Self::Component,
        Self::Target,
        Self::State,
        Self::File,
        Self::Folder,
        Self::Version,
    ];

    /// The label's name as Prometheus sees it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Group => "group",
            Self::Source => "source",
            Self::Stage => "stage",
            Self::Reason => "reason",
            Self::Outcome => "outcome",
            Self::Topic => "topic",
            Self::Partition => "partition",
            Self::Status => "status",
            Self::Protocol => "protocol",
            Self::Listener => "listener",
            Self::Quota => "quota",
            Self::Format => "format",
            Self::Rule => "rule",
            Self::Step => "step",
            Self::Component => "component",
            Self::Target => "target",
            Self::State => "state",
            Self::File => "file",
            Self::Folder => "folder",
            Self::Version => "version",
        }
    }

    /// What its values are, for the reference manual.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Tenant => {
                "Whose events; at most `telemetry.max_tenants` tenants are told apart, the rest share `_other`."
            }
            Self::Group => {
                "A group of tenants, as `telemetry.tenant_groups` has them; the others are `default`."
            }
            Self::Source => {
                "What sent the events: the protocol, or what the sender says; at most 1,000 pairs of tenant and source are told apart by a process, the rest share `_other`."
            }
            Self::Stage => "The part of the pipeline: `ingest`, `parser`, `indexer`, `tail` or `replay`.",
            Self::Reason => "Why, from a closed set.",
            Self::Outcome => "How it ended: `ok`, `failed` or a word that says more.",
            Self::Topic => "A Kafka topic.",
            Self::Partition => "A Kafka partition's number.",
            Self::Status => {
                "Of `forebay_ingest_requests_total` the HTTP status code of the answer; of `forebay_bulk_requests_total` what came of the request: `ok`, `too_large`, `rejected`, `unreachable`, `unreadable_answer`, `unauthorized`, `forbidden`, `busy`, `server_error` or `blocked`."
            }
            Self::Protocol => "The protocol that events came in by.",
            Self::Listener => "The name of a listener of ingest.",
            Self::Quota => "A quota of a tenant, by its key in the access file.",
            Self::Format => "The format that the event was parsed as.",
            Self::Rule => {
                "A rule; at most 200 pairs of rule and step are told apart by a process, the rest share `_other`."
            }
            Self::Step => "A step of a rule.",
            Self::Component => "A part of the process whose health is told, such as `kafka`.",
            Self::Target => {
                "An index that documents go to; at most 100 that had trouble are told apart, the rest share `_other`."
            }
            Self::State => "What is done about it, from a closed set.",
            Self::File => "A file, as the settings name it.",
            Self::Folder => "A folder that the process writes to: `data`.",
            Self::Version => "Forebay's version.",
        }
    }
}
