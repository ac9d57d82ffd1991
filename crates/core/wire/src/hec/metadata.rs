//! What is said of events beside themselves.

use crate::batch::Facts;

/// What a request's parameters say of its events.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Metadata {
    /// The host that they are from.
    pub host: Option<String>,
    /// The file, or other source on that host.
    pub source: Option<String>,
    /// What Splunk would parse them as.
    pub sourcetype: Option<String>,
    /// The index that the sender asks for.
    pub index: Option<String>,
}

impl Metadata {
    /// As the facts of events whose format has to be found out.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        let members = [
            ("host", &self.host),
            ("source", &self.source),
            ("sourcetype", &self.sourcetype),
            ("index", &self.index),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                facts.attributes.push((attribute(name, value).to_owned(), value.clone()));
            }
        }
        facts
    }
}

/// The attribute that a member becomes.
pub(super) fn attribute<'a>(name: &'a str, value: &str) -> &'a str {
    let is_path = || value.starts_with('/') || value.get(1..3) == Some(":\\");
    if name == "source" && is_path() { "file" } else { name }
}
