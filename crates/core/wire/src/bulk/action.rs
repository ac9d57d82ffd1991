//! Action lines. Most requests repeat one line for every document, so a line that is the same as the last isn't read again.

use std::ops::Range;

use super::BulkError;
use crate::json::{self, JsonError, Validator, members, skip_space};

/// How deep an action line may be nested: the action, its parameters, and what `dynamic_templates` has.
const MAX_DEPTH: usize = 4;

/// What an item asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Add a document, or replace it.
    Index,
    /// Add a document.
    Create,
    /// Change a document.
    Update,
    /// Remove a document.
    Delete,
}

/// What an action line says. Ranges are places in the body.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) action: Action,
    /// A string in quotes.
    pub(super) index: Option<Range<usize>>,
    /// A string in quotes.
    pub(super) pipeline: Option<Range<usize>>,
    /// A string in quotes, or a number.
    pub(super) id: Option<Range<usize>>,
}

/// Reads action lines.
#[derive(Debug)]
pub(super) struct Reader {
    validator: Validator,
    is_utf8: bool,
    last: Option<(Range<usize>, Line)>,
}

/// Why a line is no action.
enum Fault {
    Json(JsonError),
    Other(&'static str),
}

impl From<JsonError> for Fault {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Index, Self::Create, Self::Update, Self::Delete];

    /// Its name in requests and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// Whether it adds an event.
    #[must_use]
    pub const fn adds(self) -> bool {
        matches!(self, Self::Index | Self::Create)
    }
}

impl Reader {
    pub(super) fn new(is_utf8: bool) -> Self {
        Self { validator: Validator::new(MAX_DEPTH), is_utf8, last: None }
    }

    /// Reads the line at `span` of `body`, which has this number.
    pub(super) fn read(&mut self, body: &[u8], span: Range<usize>, number: usize) -> Result<Line, BulkError> {
        let text = body.get(span.clone()).unwrap_or_default();
        if let Some((last, line)) = &self.last
            && body.get(last.clone()) == Some(text)
        {
            return Ok(line.clone());
        }
        let action = |reason| BulkError::Action { line: number, reason };
        if !self.is_utf8 && simdutf8::basic::from_utf8(text).is_err() {
            return Err(action("broken UTF-8".to_owned()));
        }
        let line = self.parse(text, span.start).map_err(|fault| {
            action(match fault {
                Fault::Json(error) => error.to_string(),
                Fault::Other(reason) => reason.to_owned(),
            })
        })?;
        self.last = Some((span, line.clone()));
        Ok(line)
    }

    /// Reads a line that begins at `start` of the body.
    fn parse(&mut self, text: &[u8], start: usize) -> Result<Line, Fault> {
        let mut found = None;
        let end = members(&mut self.validator, text, 0, |name, value| {
            let name = json::text(name);
            let action = Action::ALL.into_iter().find(|action| action.name() == name);
            let action =
                action.ok_or(Fault::Other("an action is `index`, `create`, `update` or `delete`"))?;
            match found.replace((action, value)) {
                None => Ok(()),
                Some(_) => Err(Fault::Other("there is more than one action in the line")),
            }
        })?;
        if skip_space(text, end) < text.len() {
            return Err(Fault::Other("there is something behind the action"));
        }
        let (action, parameters) = found.ok_or(Fault::Other("there is no action in the line"))?;
        let mut line = Line { action, index: None, pipeline: None, id: None };
        let mut validator = Validator::new(MAX_DEPTH);
        let _end = members(&mut validator, text, parameters.start, |name, value| {
            let slot = match &*json::text(name) {
                "_index" => &mut line.index,
                "pipeline" => &mut line.pipeline,
                "_id" => &mut line.id,
                _ => return Ok(()),
            };
            let is_id = name == b"\"_id\"";
            *slot = match text.get(value.start) {
                Some(b'"') => Some(value.start + start..value.end + start),
                Some(b'-' | b'0'..=b'9') if is_id => Some(value.start + start..value.end + start),
                Some(b'n') => None,
                _ => return Err(Fault::Other("`_index`, `pipeline` and `_id` are strings")),
            };
            Ok(())
        })?;
        Ok(line)
    }
}
