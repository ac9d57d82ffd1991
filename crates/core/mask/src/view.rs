//! The text as a detector sees it: bytes, without a way to read outside.

/// The text, and where the last hit ended. There is no byte outside: reading one gives 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    bytes: &'a [u8],
    /// Where the last hit ended; what is before is replaced already.
    floor: usize,
    /// Whether the last hit was a number, which may turn out to be a part of something longer.
    number: bool,
}

impl<'a> View<'a> {
    pub(crate) fn new(bytes: &'a [u8], floor: usize, number: bool) -> Self {
        Self { bytes, floor, number }
    }

    /// The same text with nothing replaced.
    pub(crate) fn untouched(&self) -> Self {
        Self { bytes: self.bytes, floor: 0, number: false }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether `at` is where a hit ended that nothing longer may cover.
    pub(crate) fn is_fixed(&self, at: usize) -> bool {
        at == self.floor && !self.number
    }

    pub(crate) fn floor(&self) -> usize {
        self.floor
    }

    pub(crate) fn get(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    pub(crate) fn slice(&self, from: usize, to: usize) -> &'a [u8] {
        self.bytes.get(from..to.min(self.bytes.len())).unwrap_or(&[])
    }

    /// The byte before `at`: a closing bracket where a hit ended, since its marker does; 0 at the beginning.
    pub(crate) fn before(&self, at: usize) -> u8 {
        match at.checked_sub(1) {
            Some(_) if at == self.floor => b']',
            Some(before) => self.get(before),
            None => 0,
        }
    }

    pub(crate) fn starts_with(&self, at: usize, with: &[u8]) -> bool {
        self.slice(at, at + with.len()) == with
    }

    pub(crate) fn starts_with_any_case(&self, at: usize, with: &[u8]) -> bool {
        self.slice(at, at + with.len()).eq_ignore_ascii_case(with)
    }

    /// Where the bytes of this class that begin at `from` end; at most `limit` of them.
    pub(crate) fn run(&self, from: usize, limit: usize, class: fn(u8) -> bool) -> usize {
        let bytes = self.slice(from, from.saturating_add(limit));
        from + bytes.iter().position(|byte| !class(*byte)).unwrap_or(bytes.len())
    }

    /// Where the bytes of this class that end at `to` begin; at most `limit` of them, none before the last hit's end.
    pub(crate) fn run_back(&self, to: usize, limit: usize, class: fn(u8) -> bool) -> usize {
        let bytes = self.slice(to.saturating_sub(limit).max(self.floor), to);
        to - bytes.iter().rev().position(|byte| !class(*byte)).unwrap_or(bytes.len())
    }

    /// Whether a word may begin here: what stands before is no ASCII letter or digit, or belongs to an escape.
    pub(crate) fn opens(&self, at: usize) -> bool {
        !self.before(at).is_ascii_alphanumeric() || self.behind_escape(at)
    }

    /// Whether a word may end here.
    pub(crate) fn closes(&self, at: usize) -> bool {
        !self.get(at).is_ascii_alphanumeric()
    }

    /// Whether an escape ends here: `%3D` of a URL, `\n` or `\u003d` of a string.
    fn behind_escape(&self, at: usize) -> bool {
        let escape = self.slice(at.saturating_sub(6).max(self.floor), at);
        match escape {
            [.., b'\\', b'n' | b'r' | b't' | b'f' | b'b'] => true,
            [.., b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => true,
            [b'\\', b'u', code @ ..] => code.len() == 4 && code.iter().all(u8::is_ascii_hexdigit),
            _ => false,
        }
    }

    /// `at`, or the byte behind the escape that begins just before it: `n` of `\n` isn't text.
    pub(crate) fn skip_escape(&self, at: usize) -> usize {
        match (self.before(at), self.get(at), self.get(at + 1)) {
            (b'\\', b'u', _) => at + 5,
            (b'\\', b'n' | b'r' | b't' | b'f' | b'b', _) => at + 1,
            (b'%', high, low) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => at + 2,
            _ => at,
        }
    }
}

/// A digit.
pub(crate) fn digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

/// What Base64 for URLs consists of (RFC 4648, section 5).
pub(crate) fn base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Whether these bytes are no word of a language: digits, or letters of both cases in the middle, or very long.
pub(crate) fn looks_random(bytes: &[u8]) -> bool {
    let digits = bytes.iter().any(u8::is_ascii_digit);
    let inner = bytes.get(1..).unwrap_or(&[]);
    let mixed = inner.iter().any(u8::is_ascii_uppercase) && bytes.iter().any(u8::is_ascii_lowercase);
    digits || mixed || bytes.len() >= 40
}
