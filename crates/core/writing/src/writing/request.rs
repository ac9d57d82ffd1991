//! What is sent next.

use std::time::Duration;

use super::Writing;
use crate::batch::Batch;
use crate::load::Letters;
use crate::options::LETTERS;
use crate::part::{Part, Sending};

impl<B: Batch> Writing<B> {
    pub(super) fn next_letters(&mut self, now: Duration) -> Option<Letters<B>> {
        if self.letters_under_way >= LETTERS || self.letters_at > now {
            return None;
        }
        let letters = self.letters.pop_front()?;
        self.letters_under_way += 1;
        Some(letters)
    }

    /// The next request of documents that nothing stands against.
    pub(super) fn next_request(&mut self, now: Duration) -> Option<Sending> {
        let (most_bytes, most_documents) = (self.pace.bytes(), self.options.documents.max(1));
        let mut parts: Vec<Part> = Vec::new();
        let (mut bytes, mut documents) = (0, 0);
        while let Some(part) = self.next_part(now) {
            let fits = bytes + part.bytes() <= most_bytes && documents + part.request.len() <= most_documents;
            if !parts.is_empty() && (!fits || part.failures > 0) {
                self.ready.push_front(part);
                break;
            }
            let (part, rest) = part.cut(most_bytes, most_documents);
            if let Some(rest) = rest {
                self.ready.push_front(rest);
            }
            bytes += part.bytes();
            documents += part.request.len();
            // What failed before is sent alone, so that it can't make others fail.
            let is_alone = part.failures > 0;
            parts.push(part);
            // Copying what is large already to fill it up isn't worth it.
            if is_alone || bytes >= most_bytes / 2 {
                break;
            }
        }
        let full = self.under_way + 1 >= self.pace.requests();
        (!parts.is_empty()).then(|| Sending::new(parts, now, full, Vec::new()))
    }

    /// The next part whose time has come, without documents for shut targets.
    fn next_part(&mut self, now: Duration) -> Option<Part> {
        loop {
            let is_due = self.delayed.keys().next().is_some_and(|(at, _)| *at <= now);
            let part = if is_due { self.delayed.pop_first().map(|(_, part)| part) } else { None };
            let part = part.or_else(|| self.ready.pop_front())?;
            if let Some(part) = self.sift(part, now) {
                return Some(part);
            }
        }
    }

    /// When to ask again if nothing happens.
    pub(super) fn next_time(&self, now: Duration) -> Option<Duration> {
        let letters =
            (!self.letters.is_empty() && self.letters_under_way < LETTERS).then_some(self.letters_at);
        let documents = if self.under_way < self.pace.requests() {
            let delayed = self.delayed.keys().next().map(|(at, _)| *at);
            let ready = (!self.ready.is_empty()).then_some(now);
            let first = [delayed, ready, self.next_probe_at()].into_iter().flatten().min();
            first.map(|at| at.max(self.cluster.sends_at()))
        } else {
            None
        };
        [letters, documents, self.next_review(now)].into_iter().flatten().min()
    }

    /// Sends a part again after a while.
    pub(super) fn delay(&mut self, part: Part, until: Duration) {
        let number = self.number();
        let _none = self.delayed.insert((until, number), part);
    }
}
