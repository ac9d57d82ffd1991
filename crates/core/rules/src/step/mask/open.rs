//! `mask` on an open event.

use forebay_parse::{Look, NotOpen, OpenEvent};
use vrl::value::Value;

use super::names::is_odd;
use super::{Mask, SHORTEST_NAME, Scratch};

struct Looking<'m> {
    mask: &'m Mask,
    scratch: &'m mut Scratch,
    found: u64,
}

impl Mask {
    /// Masks an event; answers how many secrets there were.
    ///
    /// # Errors
    /// When only a value will do. Nothing was changed.
    pub(crate) fn apply_open(
        &self,
        event: &mut OpenEvent<'_, '_>,
        scratch: &mut Scratch,
    ) -> Result<u64, NotOpen> {
        if !self.fields.is_empty() || !self.except_fields.is_empty() {
            return Err(NotOpen);
        }
        let mut looking = Looking { mask: self, scratch, found: 0 };
        event.look_through(&mut looking)?;
        Ok(looking.found)
    }
}

impl Look for Looking<'_> {
    fn name(&mut self, name: &str, is_alone: bool) -> Result<bool, NotOpen> {
        if !is_alone && is_odd(name) {
            return Err(NotOpen);
        }
        if name.len() >= SHORTEST_NAME && self.mask.masker.finds(name, &mut self.scratch.cache) {
            return Err(NotOpen);
        }
        Ok(self.mask.is_secret(name))
    }

    fn text(&mut self, text: &str, secret: bool) -> Option<String> {
        let found = self.mask.text(text, secret, self.scratch);
        self.found += found;
        (found > 0).then(|| self.scratch.text.clone())
    }

    fn value(&mut self, value: &mut Value, secret: bool) -> bool {
        self.mask.all(value, secret, self.scratch) > 0
    }
}
