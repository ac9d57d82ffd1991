//! Formats from the configuration: a regular expression whose named groups become members of the event, or a grok
//! pattern whose captures do.
//!
//! The engine takes time linear in the line, whatever the expression (<https://docs.rs/regex>), so that no line can stall
//! a lane. A group called `message` replaces the whole line as the message.

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex::{CaptureLocations, Regex};

use crate::config::{ConfigError, NamedGrok, NamedRegex};
use crate::grok::{self, Capture, Conversion};
use crate::tree::{Key, NodeId, Tree, Value};

/// A compiled expression and the memory for its matches.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) name: String,
    /// Whether empty groups are dropped, as Logstash does.
    drops_empty: bool,
    regex: Regex,
    /// The member that each group becomes, by the group's number.
    members: Vec<(usize, Capture)>,
    found: CaptureLocations,
}

// === impl Pattern ===

impl Pattern {
    /// A grok pattern; `own` are definitions besides the standard ones.
    pub(crate) fn grok(config: &NamedGrok, own: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let name = config.name.clone();
        let (regex, members) = grok::compile(&config.pattern, own)
            .map_err(|source| ConfigError::Grok { name: name.clone(), source: Box::new(source) })?;
        let found = regex.capture_locations();
        Ok(Self { name, drops_empty: true, regex, members, found })
    }

    pub(crate) fn new(config: &NamedRegex) -> Result<Self, ConfigError> {
        let name = config.name.clone();
        let regex = Regex::new(&config.pattern)
            .map_err(|source| ConfigError::Regex { name: name.clone(), source: Box::new(source) })?;
        let members: Vec<_> = regex
            .capture_names()
            .enumerate()
            .filter_map(|(number, group)| {
                let field = group?.replace("__", ".");
                Some((number, Capture { field, conversion: Conversion::None }))
            })
            .collect();
        if members.is_empty() {
            return Err(ConfigError::NoGroups(name));
        }
        let found = regex.capture_locations();
        Ok(Self { name, drops_empty: false, regex, members, found })
    }

    /// Hangs what the groups found on a new node. None where the line doesn't match.
    pub(crate) fn read<'a>(&mut self, line: &'a str, tree: &mut Tree<'a>) -> Option<NodeId> {
        let _match = self.regex.captures_read(&mut self.found, line)?;
        let event = tree.push(Key::Clean(""), Value::Object(Default::default(), Default::default()));
        let mut has_message = false;
        for (number, member) in &self.members {
            let Some((from, to)) = self.found.get(*number) else { continue };
            let text = line.get(from..to).unwrap_or("");
            if text.is_empty() && self.drops_empty {
                continue;
            }
            has_message |= member.field == "message";
            let value = grok::convert(text, member.conversion);
            let _id = tree.add(event, Key::Owned(member.field.clone()), value);
        }
        if !has_message {
            let _id = tree.add(event, Key::Clean("message"), Value::Text(Cow::Borrowed(line)));
        }
        Some(event)
    }
}
