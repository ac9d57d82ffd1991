//! A name as words in lower case, without an allocation.

/// The longest name that is read; of a longer one, this much from the end.
const MAX_NAME: usize = 128;
/// The most words.
const MAX_WORDS: usize = 24;

/// The words of a name.
#[derive(Debug)]
pub(super) struct Words {
    /// All words in lower case, one after the other.
    letters: [u8; MAX_NAME],
    length: usize,
    /// Where each word ends.
    ends: [usize; MAX_WORDS],
    count: usize,
}

// === impl Words ===

impl Words {
    /// Divides at separators and where a capital letter follows a small one, or begins a word after capitals.
    pub(super) fn new(name: &[u8]) -> Self {
        let name = name.get(name.len().saturating_sub(MAX_NAME)..).unwrap_or(&[]);
        let mut words = Self { letters: [0; MAX_NAME], length: 0, ends: [0; MAX_WORDS], count: 0 };
        let mut before = b'_';
        for (at, byte) in name.iter().enumerate() {
            if !byte.is_ascii_alphanumeric() {
                words.end();
                before = b'_';
                continue;
            }
            let next_small = name.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            let hump = byte.is_ascii_uppercase()
                && (before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && next_small));
            if hump {
                words.end();
            }
            if let Some(letter) = words.letters.get_mut(words.length) {
                *letter = byte.to_ascii_lowercase();
                words.length += 1;
            }
            before = *byte;
        }
        words.end();
        words
    }

    fn end(&mut self) {
        let begun = self.count.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or(0);
        if begun == self.length {
            return;
        }
        if let Some(end) = self.ends.get_mut(self.count) {
            *end = self.length;
            self.count += 1;
        }
    }

    /// All of them without anything in between.
    pub(super) fn joined(&self) -> &str {
        self.text(0, self.length)
    }

    pub(super) fn last(&self) -> Option<&str> {
        self.iter().last()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let ends = self.ends.iter().take(self.count).copied();
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(ends).map(|(from, to)| self.text(from, to))
    }

    fn text(&self, from: usize, to: usize) -> &str {
        self.letters.get(from..to).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or("")
    }
}
