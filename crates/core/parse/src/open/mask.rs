//! All names and scalars of an open event, for somebody who replaces what nobody may see.

use std::borrow::Cow;

use vrl::value::Value as Vrl;

use super::change::Change;
use super::path::Found;
use super::{FieldPath, Gift, NotOpen, OpenEvent};
use crate::json::unescape;
use crate::tree::{NodeId, Value};
use crate::value::order;

/// Somebody who looks at everything.
pub trait Look {
    /// A member's name: whether it says that all in it is secret. `is_alone` says that there is no name above it, nor below.
    ///
    /// # Errors
    /// When the name itself can't stay.
    fn name(&mut self, name: &str, is_alone: bool) -> Result<bool, NotOpen>;

    /// The text of a scalar: what is to stand in its place, if anything.
    fn text(&mut self, text: &str, secret: bool) -> Option<String>;

    /// Something with more in it: whether anything was replaced.
    fn value(&mut self, value: &mut Vrl, secret: bool) -> bool;
}

/// A scalar that is to be replaced.
struct Hit {
    /// The nodes from the event's own members on; it is the last.
    chain: Vec<NodeId>,
    by: String,
}

impl OpenEvent<'_, '_> {
    /// Shows everything, and replaces what is to be replaced.
    ///
    /// # Errors
    /// When something can't be replaced here. Nothing was, then.
    pub fn look_through(&mut self, look: &mut impl Look) -> Result<(), NotOpen> {
        self.look_at_pending(look)?;
        let (mut hits, mut chain) = (Vec::new(), Vec::new());
        let top = self.top();
        self.look_at_members(top, false, &mut chain, look, &mut hits)?;
        if hits.is_empty() {
            return Ok(());
        }
        if self.is_placed() {
            return self.replace_placed(hits);
        }
        for hit in hits {
            self.set_text(&hit.chain, hit.by);
        }
        Ok(())
    }

    /// Looks at what waits to be placed, which can't be replaced there.
    fn look_at_pending(&self, look: &mut impl Look) -> Result<(), NotOpen> {
        for (path, change) in &self.pending {
            let (Change::Set { value, .. } | Change::Add { value, .. }) = change else { return Err(NotOpen) };
            if matches!(change, Change::Set { .. }) && self.locate(path) != Found::Free {
                return Err(NotOpen);
            }
            let mut secret = false;
            for name in path.names.iter() {
                secret |= look.name(&name.text, false)?;
            }
            if look.value(&mut (*value).clone(), secret) {
                return Err(NotOpen);
            }
        }
        Ok(())
    }

    /// Recurses as deep as containers nest, which the reader limits.
    fn look_at_members(
        &mut self,
        object: NodeId,
        secret: bool,
        chain: &mut Vec<NodeId>,
        look: &mut impl Look,
        hits: &mut Vec<Hit>,
    ) -> Result<(), NotOpen> {
        let mut at = self.shape.tree.first(object);
        while let Some(id) = at {
            at = self.shape.tree.next(id);
            let is_alone = chain.is_empty() && !matches!(self.shape.tree.value(id), Value::Object(..));
            let secret = look.name(self.shape.tree.key(id).as_str(), is_alone)? || secret;
            chain.push(id);
            match self.shape.tree.value(id) {
                Value::Object(..) => self.look_at_members(id, secret, chain, look, hits)?,
                Value::Array(..) => {
                    let mut array = self.reap(id, order::TOP)?;
                    if look.value(&mut array, secret) {
                        return Err(NotOpen);
                    }
                }
                scalar => {
                    let texts = [plain_number(scalar).map(Cow::Owned), scalar_text(scalar, secret)];
                    if let Some(by) = texts.into_iter().flatten().find_map(|text| look.text(&text, secret)) {
                        hits.push(Hit { chain: chain.clone(), by });
                    }
                }
            }
            let _id = chain.pop();
        }
        Ok(())
    }

    /// Replaces in an event that a reader has placed: what no longer fits its field finds another place.
    fn replace_placed(&mut self, hits: Vec<Hit>) -> Result<(), NotOpen> {
        let mut changes = Vec::with_capacity(hits.len());
        for hit in hits {
            let names = hit.chain.iter().map(|id| self.shape.tree.key(*id).as_str());
            let path = FieldPath::of_names(names).ok_or(NotOpen)?;
            if !self.admits(&path) {
                return Err(NotOpen);
            }
            changes.push((path, hit.by));
        }
        for (path, text) in changes {
            self.set(&path, Gift::Own(Vrl::from(text)))?;
        }
        Ok(())
    }
}

/// What a number with a fraction or an exponent is, however it is spelled: as the event as a value has it.
fn plain_number(value: &Value<'_>) -> Option<String> {
    let Value::Json(json) = value else { return None };
    let is_number = matches!(json.as_bytes().first()?, b'-' | b'0'..=b'9');
    let number: f64 = json.parse().ok().filter(|_| is_number && json.contains(['.', 'e', 'E']))?;
    Some(number.to_string())
}

/// What a scalar says; nothing for what can't be a secret.
fn scalar_text<'v>(value: &'v Value<'_>, secret: bool) -> Option<Cow<'v, str>> {
    match value {
        Value::Text(text) | Value::Huge(text) => Some(Cow::Borrowed(text)),
        Value::Json(json) => match json.as_bytes().first()? {
            b'"' => {
                let inner = json.get(1..json.len().saturating_sub(1)).unwrap_or("");
                match memchr::memchr(b'\\', inner.as_bytes()) {
                    None => Some(Cow::Borrowed(inner)),
                    Some(_) => Some(Cow::Owned(unescape(inner))),
                }
            }
            b'n' => None,
            b't' | b'f' if !secret => None,
            _ => Some(Cow::Borrowed(json)),
        },
        Value::Integer(number) => Some(Cow::Owned(number.to_string())),
        Value::Time(_) | Value::Object(..) | Value::Array(..) => None,
    }
}
