//! Masks on JSON as it was sent: names, strings and scalars that a mask finds something in are replaced, token by token, and
//! everything else stays byte for byte: white space, numbers of any length, second members of the same name.
//!
//! The grammar: RFC 8259, <https://www.rfc-editor.org/rfc/rfc8259>. There is no limit on depth: what is open is kept on a stack of
//! our own, no larger than the text.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use crate::step::mask::{Mask, Scratch};

/// The text is no JSON.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct NoJson;

/// An object or array that isn't closed yet.
#[derive(Clone, Copy, Debug)]
struct Open {
    end: u8,
    /// Whether a name above tells that all of it is a secret.
    secret: bool,
}

struct Rewriter<'t, 'm> {
    text: &'t str,
    at: usize,
    mask: &'m Mask,
    scratch: &'m mut Scratch,
    open: Vec<Open>,
    out: String,
    /// Up to where the text is in `out`.
    copied: usize,
}

/// The text with everything masked; `None` where nothing was found.
///
/// # Errors
/// When it is no JSON. Nothing can be said about it then.
pub(super) fn masked(text: &str, mask: &Mask, scratch: &mut Scratch) -> Result<Option<String>, NoJson> {
    // A byte order mark.
    let at = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    let (open, out) = Default::default();
    let mut rewriter = Rewriter { text, at, mask, scratch, open, out, copied: 0 };
    rewriter.run()?;
    let Rewriter { mut out, copied, .. } = rewriter;
    if copied == 0 {
        return Ok(None);
    }
    out.push_str(text.get(copied..).unwrap_or(""));
    Ok(Some(out))
}

/// The character that a text begins with as `\uXXXX`, or a pair of these, and the length of that. Half a pair is no character: it is
/// replaced.
pub(super) fn unicode_escape(text: &str) -> Option<(char, usize)> {
    const LEN: usize = 6;
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)
    };
    let first = unit(text)?;
    let second = text.get(LEN..).and_then(unit);
    let mut pair = char::decode_utf16([first].into_iter().chain(second));
    Some(match pair.next() {
        Some(Ok(meant)) => (meant, LEN * meant.len_utf16()),
        _ => (char::REPLACEMENT_CHARACTER, LEN),
    })
}

// === impl Rewriter ===

impl<'t> Rewriter<'t, '_> {
    fn run(&mut self) -> Result<(), NoJson> {
        let mut secret = false;
        loop {
            self.skip_space();
            match self.peek() {
                Some(begin @ (b'{' | b'[')) => {
                    let end = if begin == b'{' { b'}' } else { b']' };
                    self.at += 1;
                    self.skip_space();
                    self.open.push(Open { end, secret });
                    if self.peek() != Some(end) {
                        secret = self.next_in(Open { end, secret })?;
                        continue;
                    }
                }
                Some(b'"') => self.string(secret)?,
                _ => self.scalar(secret)?,
            }
            // A value ends here, and perhaps all that is open.
            loop {
                self.skip_space();
                let Some(open) = self.open.last().copied() else {
                    return if self.at == self.text.len() { Ok(()) } else { Err(NoJson) };
                };
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        secret = self.next_in(open)?;
                        break;
                    }
                    Some(byte) if byte == open.end => {
                        self.at += 1;
                        let _closed = self.open.pop();
                    }
                    _ => return Err(NoJson),
                }
            }
        }
    }

    /// Whether what comes next in an object or array is a secret as a whole. Takes a member's name.
    fn next_in(&mut self, open: Open) -> Result<bool, NoJson> {
        if open.end == b']' {
            return Ok(open.secret);
        }
        self.skip_space();
        let from = self.at;
        let name = self.text_of_string()?;
        if self.mask.name(&name, self.scratch) > 0 {
            self.replace(from);
        }
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(NoJson);
        }
        self.at += 1;
        Ok(open.secret || self.mask.is_secret(&name))
    }

    fn string(&mut self, secret: bool) -> Result<(), NoJson> {
        let from = self.at;
        let text = self.text_of_string()?;
        if self.mask.text(&text, secret, self.scratch) > 0 {
            self.replace(from);
        }
        Ok(())
    }

    /// Takes a number, `true`, `false` or `null`.
    fn scalar(&mut self, secret: bool) -> Result<(), NoJson> {
        let from = self.at;
        let is_of_it = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        self.at += self.rest().bytes().take_while(is_of_it).count();
        let token = self.text.get(from..self.at).unwrap_or("");
        match token {
            "null" => return Ok(()),
            "true" | "false" if !secret => return Ok(()),
            _ if serde_json::from_str::<IgnoredAny>(token).is_err() => return Err(NoJson),
            _ => {}
        }
        let mut found = self.mask.text(token, secret, self.scratch);
        if found == 0 && token.contains(['.', 'e', 'E']) {
            // A card's number may be written as `4.111111111111111e15`.
            if let Ok(number) = token.parse::<f64>() {
                found = self.mask.text(&number.to_string(), secret, self.scratch);
            }
        }
        if found > 0 {
            self.replace(from);
        }
        Ok(())
    }

    /// Takes a string; answers what it means.
    fn text_of_string(&mut self) -> Result<Cow<'t, str>, NoJson> {
        if self.peek() != Some(b'"') {
            return Err(NoJson);
        }
        self.at += 1;
        let (mut from, mut meant) = (self.at, String::new());
        loop {
            let plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | 0..0x20);
            self.at += self.rest().bytes().take_while(plain).count();
            let run = self.text.get(from..self.at).unwrap_or("");
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    if meant.is_empty() {
                        return Ok(Cow::Borrowed(run));
                    }
                    meant.push_str(run);
                    return Ok(Cow::Owned(meant));
                }
                Some(b'\\') => {
                    let (escaped, len) = escape(self.rest()).ok_or(NoJson)?;
                    meant.push_str(run);
                    meant.push(escaped);
                    self.at += len;
                    from = self.at;
                }
                _ => return Err(NoJson),
            }
        }
    }

    /// Puts what the mask made of a token, which began at `from` and ends here, in its place: as a string, whatever it was.
    fn replace(&mut self, from: usize) {
        self.out.push_str(self.text.get(self.copied..from).unwrap_or(""));
        self.out.push_str(&serde_json::Value::from(self.scratch.text.as_str()).to_string());
        self.copied = self.at;
    }

    fn skip_space(&mut self) {
        let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += self.rest().bytes().take_while(space).count();
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }
}

/// The character that a text begins with as an escape, and the length of that.
fn escape(text: &str) -> Option<(char, usize)> {
    let meant = match text.as_bytes().get(1)? {
        b'u' => return unicode_escape(text),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        byte @ (b'"' | b'\\' | b'/') => char::from(*byte),
        _ => return None,
    };
    Some((meant, 2))
}

#[cfg(test)]
mod tests;
