//! The scanner: text in, nodes out.
//!
//! Scalars, and arrays of plain scalars, stay slices of the text. Objects become nodes, each with the note whether a
//! search server would take it as it is (`clean`): no doubled or odd keys, no number out of range, no array of mixed
//! kinds. Most are clean and are copied as they came.

use std::borrow::Cow;

use super::JsonError;
use super::string::{plain_run, unescape};
use crate::tree::{Children, Key, Kind, NodeId, Source, Tree, Value};

/// How much JSON an event may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How deep objects and arrays may nest. The scanner recurses this deep.
    pub(crate) depth: usize,
    /// How many nodes an event may have: members of objects, and elements of arrays that don't hold scalars only.
    pub(crate) nodes: usize,
}

/// What the text is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Root {
    /// An object; its members hang on this node.
    Object(NodeId),
    /// Anything else, in this node.
    Other(NodeId),
}

/// A value, and what the container around it must know.
struct Found<'a> {
    value: Value<'a>,
    clean: bool,
    depth: u8,
}

struct Scanner<'a, 't> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// How many bytes of white space were passed.
    spaces: usize,
    limits: Limits,
    tree: &'t mut Tree<'a>,
}

/// Reads one JSON text, which must fill the input.
pub(crate) fn scan<'a>(text: &'a str, limits: Limits, tree: &mut Tree<'a>) -> Result<Root, JsonError> {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0, spaces: 0, limits, tree };
    scanner.skip_space();
    let holder = scanner.tree.push(Key::Clean(""), Value::Integer(0));
    let found = scanner.value(holder, 0)?;
    scanner.skip_space();
    if scanner.at != scanner.bytes.len() {
        return scanner.expected("the end");
    }
    let is_object = matches!(found.value, Value::Object(..));
    scanner.finish(holder, found.value);
    Ok(if is_object { Root::Object(holder) } else { Root::Other(holder) })
}

// === impl Scanner ===

impl<'a> Scanner<'a, '_> {
    fn value(&mut self, holder: NodeId, depth: usize) -> Result<Found<'a>, JsonError> {
        let plain = |value| Found { value, clean: true, depth: 0 };
        match self.peek() {
            Some(b'"') => {
                let (json, whole) = self.string()?;
                let value = match whole {
                    true => Value::Json(Cow::Borrowed(json)),
                    false => Value::Text(Cow::Owned(unescape(json.get(1..json.len() - 1).unwrap_or("")))),
                };
                Ok(Found { value, clean: whole, depth: 0 })
            }
            Some(b'-' | b'0'..=b'9') => {
                let (json, in_range) = self.number()?;
                let value = if in_range {
                    Value::Json(Cow::Borrowed(json))
                } else {
                    Value::Huge(Cow::Borrowed(json))
                };
                Ok(Found { value, clean: in_range, depth: 0 })
            }
            Some(b'{') => self.object(holder, self.deeper(depth)?),
            Some(b'[') => self.array(holder, self.deeper(depth)?),
            Some(b't') => self.literal("true").map(plain),
            Some(b'f') => self.literal("false").map(plain),
            Some(b'n') => self.literal("null").map(plain),
            _ => self.expected("a value"),
        }
    }

    fn object(&mut self, holder: NodeId, depth: usize) -> Result<Found<'a>, JsonError> {
        let (start, spaces) = (self.at, self.spaces);
        let mut source = Source { clean: true, elements: Kind::Object, ..Source::default() };
        // The root's members are placed one by one and checked then.
        let nested = depth > 1;
        self.tree.set_value(holder, Value::Object(Children::default(), source));
        self.at += 1;
        self.skip_space();
        if !self.take(b'}') {
            loop {
                let key = self.key()?;
                if nested {
                    source.clean &= is_clean(&key) && self.tree.find(holder, key.as_str()).is_none();
                }
                let member = self.node(key)?;
                let found = self.value(member, depth)?;
                source.clean &= found.clean;
                source.depth = source.depth.max(found.depth);
                self.finish(member, found.value);
                self.tree.append(holder, member);
                self.skip_space();
                if self.take(b'}') {
                    break;
                }
                self.expect(b',', "`,` or `}`")?;
                self.skip_space();
            }
        }
        source.depth = source.depth.saturating_add(1);
        (source.raw, source.loose) = (self.since(start), self.spaces != spaces);
        Ok(Found {
            clean: source.clean,
            depth: source.depth,
            value: Value::Object(self.children(holder), source),
        })
    }

    fn array(&mut self, holder: NodeId, depth: usize) -> Result<Found<'a>, JsonError> {
        let (start, spaces) = (self.at, self.spaces);
        let mut source = Source { clean: true, ..Source::default() };
        self.tree.set_value(holder, Value::Array(Children::default(), source));
        // Elements become nodes from the first one on that isn't a plain scalar; those before it are then read again.
        let mut as_nodes = false;
        self.at += 1;
        self.skip_space();
        if !self.take(b']') {
            loop {
                if !as_nodes && matches!(self.peek(), Some(b'{' | b'[')) {
                    (as_nodes, source.elements) = (true, Kind::Null);
                    (self.at, self.spaces) = (start + 1, spaces);
                    self.skip_space();
                }
                let found = if as_nodes {
                    let element = self.node(Key::Clean(""))?;
                    let found = self.value(element, depth)?;
                    let kind = found.value.kind();
                    self.finish(element, found.value);
                    self.tree.append(holder, element);
                    (kind, found.clean, found.depth)
                } else {
                    // A scalar never touches its holder.
                    let found = self.value(holder, depth)?;
                    if !found.clean {
                        // Read again, as nodes, so that it can be written otherwise than it came.
                        (as_nodes, source.elements) = (true, Kind::Null);
                        (self.at, self.spaces) = (start + 1, spaces);
                        self.skip_space();
                        continue;
                    }
                    (found.value.kind(), true, 0)
                };
                source.elements = common(source.elements, found.0);
                source.clean &= found.1 && source.elements != Kind::Mixed;
                source.depth = source.depth.max(found.2);
                self.skip_space();
                if self.take(b']') {
                    break;
                }
                self.expect(b',', "`,` or `]`")?;
                self.skip_space();
            }
        }
        source.depth = source.depth.saturating_add(1);
        (source.raw, source.loose) = (self.since(start), self.spaces != spaces);
        Ok(Found {
            clean: source.clean,
            depth: source.depth,
            value: Value::Array(self.children(holder), source),
        })
    }

    fn key(&mut self) -> Result<Key<'a>, JsonError> {
        if self.peek() != Some(b'"') {
            return self.expected("a key");
        }
        let (json, _) = self.string()?;
        self.skip_space();
        self.expect(b':', "`:`")?;
        self.skip_space();
        let inner = json.get(1..json.len() - 1).unwrap_or("");
        let has_escapes = memchr::memchr(b'\\', inner.as_bytes()).is_some();
        Ok(if has_escapes { Key::Owned(unescape(inner)) } else { Key::Clean(inner) })
    }

    /// Takes a string with its quotes. False when it has half a surrogate pair, which is no text.
    fn string(&mut self) -> Result<(&'a str, bool), JsonError> {
        let start = self.at;
        let mut whole = true;
        self.at += 1;
        loop {
            self.at += plain_run(self.rest());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok((self.since(start), whole));
                }
                Some(b'\\') => whole &= self.escape()?,
                Some(_) => return Err(JsonError::Control { at: self.at }),
                None => return Err(JsonError::Truncated),
            }
        }
    }

    /// Takes one escape, or two that make a pair. False for half a pair.
    fn escape(&mut self) -> Result<bool, JsonError> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let Some(first) = self.unit() else { return self.expected("four hexadecimal digits") };
                self.at += 6;
                match first {
                    0xD800..0xDC00 => {
                        if !matches!(self.unit(), Some(0xDC00..0xE000)) {
                            return Ok(false);
                        }
                        self.at += 6;
                    }
                    0xDC00..0xE000 => return Ok(false),
                    _ => {}
                }
            }
            Some(_) => return self.expected("an escape"),
            None => return Err(JsonError::Truncated),
        }
        Ok(true)
    }

    /// The code unit of the `\uXXXX` that comes next.
    fn unit(&self) -> Option<u16> {
        let (prefix, hex) = self.bytes.get(self.at..self.at + 6)?.split_at(2);
        let mut unit = 0;
        for byte in hex {
            unit = unit << 4 | char::from(*byte).to_digit(16)?;
        }
        (prefix == b"\\u").then(|| u16::try_from(unit).ok())?
    }

    /// Takes a number. False when neither a 64-bit integer nor a 32-bit float, which are what a search server makes of
    /// numbers it has no mapping for, can hold it.
    fn number(&mut self) -> Result<(&'a str, bool), JsonError> {
        let start = self.at;
        let _minus = self.take(b'-');
        let first = self.at;
        if self.take(b'0') {
        } else if !self.digits() {
            return self.expected("a digit");
        }
        let whole = self.at - first;
        let is_float = matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        if self.take(b'.') && !self.digits() {
            return self.expected("a digit");
        }
        let has_exponent = matches!(self.peek(), Some(b'e' | b'E'));
        if has_exponent {
            self.at += 1;
            let _sign = self.take(b'+') || self.take(b'-');
            if !self.digits() {
                return self.expected("a digit");
            }
        }
        let json = self.since(start);
        let in_range = match is_float {
            true if has_exponent || whole > 38 => json.parse().is_ok_and(|number: f32| number.is_finite()),
            true => true,
            false => whole < 19 || json.parse::<i64>().is_ok(),
        };
        Ok((json, in_range))
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at > start
    }

    fn literal(&mut self, literal: &'static str) -> Result<Value<'a>, JsonError> {
        if !self.rest().starts_with(literal.as_bytes()) {
            return self.expected("a value");
        }
        self.at += literal.len();
        Ok(Value::Json(Cow::Borrowed(literal)))
    }

    fn node(&mut self, key: Key<'a>) -> Result<NodeId, JsonError> {
        if self.tree.len() >= self.limits.nodes {
            return Err(JsonError::TooMany { max: self.limits.nodes, at: self.at });
        }
        Ok(self.tree.push(key, Value::Integer(0)))
    }

    fn deeper(&self, depth: usize) -> Result<usize, JsonError> {
        if depth >= self.limits.depth {
            return Err(JsonError::TooDeep { max: self.limits.depth, at: self.at });
        }
        Ok(depth + 1)
    }

    fn finish(&mut self, holder: NodeId, value: Value<'a>) {
        self.tree.set_value(holder, value);
    }

    fn children(&self, holder: NodeId) -> Children {
        match self.tree.value(holder) {
            Value::Object(children, _) | Value::Array(children, _) => *children,
            _ => Children::default(),
        }
    }

    fn skip_space(&mut self) {
        let start = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.spaces += self.at - start;
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or("")
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, wanted: &'static str) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { self.expected(wanted) }
    }

    fn expected<T>(&self, wanted: &'static str) -> Result<T, JsonError> {
        if self.at >= self.bytes.len() {
            return Err(JsonError::Truncated);
        }
        Err(JsonError::Expected { wanted, at: self.at })
    }
}

/// Whether a search server takes the key of a nested object as it is. Dots would be taken for nesting.
pub(crate) fn is_clean(key: &Key<'_>) -> bool {
    const MAX_KEY: usize = 255;
    matches!(key, Key::Clean(key)
        if key.len() <= MAX_KEY && memchr::memchr(b'.', key.as_bytes()).is_none() && !key.trim().is_empty())
}

/// The kind of an array that has elements of both kinds.
pub(crate) fn common(before: Kind, element: Kind) -> Kind {
    match (before, element) {
        (Kind::Null, kind) | (kind, Kind::Null) => kind,
        (before, element) if before == element => before,
        _ => Kind::Mixed,
    }
}
