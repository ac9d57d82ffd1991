//! The parts of an event, by where they stand in the XML.

use std::borrow::Cow;

/// The most members that an event may bring; Windows has no event with a tenth of it.
const MAX_MEMBERS: usize = 1024;

/// What the event says.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    pub(super) time: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) code: Option<Cow<'a, str>>,
    /// The name of the level, rendered or known by its number.
    pub(super) level: Option<Cow<'a, str>>,
    pub(super) outcome: Option<&'static str>,
    pub(super) message: Option<Cow<'a, str>>,
    /// Everything else, under paths of the document.
    pub(super) members: Vec<(String, Cow<'a, str>)>,
    /// The name of the `Data` that is open.
    data: Option<String>,
    /// How many `Data` without a name there were.
    unnamed: usize,
}

// === impl Parts ===

impl<'a> Parts<'a> {
    /// An attribute of the element at this path.
    pub(super) fn attribute(&mut self, path: &[String], name: &str, value: String) {
        let path: Vec<&str> = path.iter().skip(1).map(String::as_str).collect();
        let member = match (path.as_slice(), name) {
            (["System", "Provider"], "Name") => {
                self.provider = Some(value);
                return;
            }
            (["System", "TimeCreated"], "SystemTime") => {
                self.time = Some(value);
                return;
            }
            (["EventData", "Data"], "Name") => {
                self.data = Some(value);
                return;
            }
            (["System", "Provider"], "Guid") => "winlog.provider_guid",
            (["System", "Provider"], "EventSourceName") => "winlog.event_source_name",
            (["System", "EventID"], "Qualifiers") => "winlog.qualifiers",
            (["System", "Correlation"], "ActivityID") => "winlog.activity_id",
            (["System", "Correlation"], "RelatedActivityID") => "winlog.related_activity_id",
            (["System", "Execution"], "ProcessID") => "winlog.process.pid",
            (["System", "Execution"], "ThreadID") => "winlog.process.thread.id",
            (["System", "Security"], "UserID") => "winlog.user.identifier",
            // Namespaces and cultures say nothing about the event.
            _ => return,
        };
        self.add(member.to_owned(), Cow::Owned(value));
    }

    /// The element at this path is over; this was its text.
    pub(super) fn close(&mut self, path: &[String], text: Cow<'a, str>) {
        let path: Vec<&str> = path.iter().skip(1).map(String::as_str).collect();
        let text = trimmed(text);
        if let ["EventData", "Data"] = path.as_slice() {
            let name = self.data.take().unwrap_or_else(|| {
                self.unnamed += 1;
                format!("param{}", self.unnamed)
            });
            if !text.is_empty() {
                self.add(format!("winlog.event_data.{name}"), text);
            }
            return;
        }
        if text.is_empty() {
            return;
        }
        let member = match path.as_slice() {
            ["System", "EventID"] => {
                self.code = Some(text);
                return;
            }
            ["System", "Level"] => {
                let known = level_of(&text).map(Cow::Borrowed);
                self.level = self.level.take().or(known);
                "winlog.level".to_owned()
            }
            ["System", "Keywords"] => {
                self.outcome = outcome_of(&text);
                "winlog.keywords".to_owned()
            }
            ["System", "Computer"] => "host.name".to_owned(),
            ["System", "EventRecordID"] => "winlog.record_id".to_owned(),
            ["System", name] => format!("winlog.{}", name.to_ascii_lowercase()),
            ["RenderingInfo", "Message"] => {
                self.message = Some(text);
                return;
            }
            ["RenderingInfo", "Level"] => {
                self.level = Some(Cow::Owned(text.to_lowercase()));
                return;
            }
            ["RenderingInfo", "Task"] => "event.action".to_owned(),
            ["RenderingInfo", rest @ ..] => {
                format!("winlog.rendering.{}", rest.join("_").to_ascii_lowercase())
            }
            ["EventData", rest @ ..] => format!("winlog.event_data.{}", rest.join(".")),
            // The provider's own element comes between.
            ["UserData", _, rest @ ..] if !rest.is_empty() => format!("winlog.user_data.{}", rest.join(".")),
            [] => "winlog.text".to_owned(),
            rest => format!("winlog.{}", rest.join(".")),
        };
        self.add(member, text);
    }

    fn add(&mut self, name: String, value: Cow<'a, str>) {
        if self.members.len() < MAX_MEMBERS {
            self.members.push((name, value));
        }
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// Source: <https://learn.microsoft.com/en-us/windows/win32/wes/eventmanifestschema-leveltype-complextype>.
fn level_of(number: &str) -> Option<&'static str> {
    Some(match number {
        // Always logged, which Windows itself renders so.
        "0" | "4" => "information",
        "1" => "critical",
        "2" => "error",
        "3" => "warning",
        "5" => "verbose",
        _ => return None,
    })
}

/// Source: <https://learn.microsoft.com/en-us/dotnet/api/system.diagnostics.eventing.reader.standardeventkeywords>.
fn outcome_of(keywords: &str) -> Option<&'static str> {
    const AUDIT_FAILURE: u64 = 0x10_0000_0000_0000;
    const AUDIT_SUCCESS: u64 = 0x20_0000_0000_0000;
    let bits = u64::from_str_radix(keywords.strip_prefix("0x")?, 16).ok()?;
    if bits & AUDIT_FAILURE != 0 {
        Some("failure")
    } else if bits & AUDIT_SUCCESS != 0 {
        Some("success")
    } else {
        None
    }
}
